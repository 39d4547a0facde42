"""A user has a folder, and so an area of the library, before the first start of a workspace."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from twinhub_hub.auth.trial import TrialAuthenticator

if TYPE_CHECKING:
    import pytest


async def test_whoever_is_added_has_a_folder(caplog: pytest.LogCaptureFixture) -> None:
    made: list[str] = []
    trial: Any = TrialAuthenticator(allowed_users={"bob"}, make_folder=made.append)
    await trial.add_user(SimpleNamespace(name="ada"))
    assert made == ["ada"]
    assert not caplog.records


async def test_a_folder_that_cannot_be_made_keeps_nobody_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: str) -> None:
        raise OSError("the disk is full")

    trial: Any = TrialAuthenticator(allowed_users={"bob"}, make_folder=refuse)
    trial.log.propagate = True
    await trial.add_user(SimpleNamespace(name="ada"))
    assert "folder cannot be made yet user=ada" in caplog.text
