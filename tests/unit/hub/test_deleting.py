"""What a deletion in the hub leaves in place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from twinhub_hub.auth.trial import TrialAuthenticator
from twinhub_hub.deletions import find_deletion

if TYPE_CHECKING:
    from pathlib import Path


def test_whose_account_is_still_there_may_sign_in_after_a_deletion(tmp_path: Path) -> None:
    trial: Any = TrialAuthenticator(allowed_users={"ada", "bob"}, deletions=str(tmp_path / "d"))
    trial.delete_user(SimpleNamespace(name="ada", spawners={}))
    trial.delete_user(SimpleNamespace(name="eve", spawners={}))
    assert find_deletion(tmp_path / "d", "ada")
    assert trial.check_allowed("ada")
    assert not trial.check_allowed("eve")
