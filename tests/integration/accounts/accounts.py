"""Signing in with an account of an installation's own."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation


def add(lab: TestInstallation, name: str, role: str = "user") -> str:
    """Add an account and return its password."""
    done = lab.run("users", "add", name, "--role", role)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def read_accounts(lab: TestInstallation) -> dict[str, dict[str, str]]:
    """What is kept of each account."""
    text = (lab.home / "secrets" / "native-accounts.json").read_text("utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def generated(said: str) -> dict[str, str]:
    """The passwords in the file that an import names."""
    (line,) = (line for line in said.splitlines() if "passwords are in" in line)
    path = Path(line.split(" are in ")[1])
    assert path.stat().st_mode & 0o777 == 0o600
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


@contextmanager
def signed_in(lab: TestInstallation, name: str, password: str) -> Iterator[HubClient]:
    """A session of an account."""
    client = HubClient(lab, name)
    try:
        answer = client.sign_in(password)
        assert answer.url.path == "/hub/home", answer.text
        yield client
    finally:
        client.close()
