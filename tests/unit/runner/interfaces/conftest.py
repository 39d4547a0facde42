"""The runner's server, and the command as somebody uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli.main import main

from tests.fixtures.runner import _as_user, _running_runner  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Done:
    """How a command has ended, and what it has printed."""

    code: int
    out: str
    err: str


@pytest.fixture(name="twin")
def _twin(
    as_user: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Return a function that runs ``twin`` in somebody's workspace, without a name alice's."""

    def twin(*arguments: str, user: str = "alice") -> Done:
        as_user(user)
        code = main(list(arguments))
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return twin
