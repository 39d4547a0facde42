"""The audit trail of a running installation."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

USER = "bob"


def trail(installation: TestInstallation, *options: str) -> list[Mapping[str, Any]]:
    """The events that `twinhub audit` shows."""
    done = installation.run("audit", "--json", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_sign_ins_starts_and_tokens_are_in_the_trail(installation: TestInstallation) -> None:
    with HubClient(installation, USER) as session:
        session.stop()  # what an earlier test left running
        session.start()
        session.stop()
        made = session.api(
            "POST", f"/users/{USER}/tokens", {"note": "for my script", "expires_in": 60}
        ).json()
        session.api("DELETE", f"/users/{USER}/tokens/{made['id']}")
    found = [event["event"] for event in trail(installation, "--user", USER)]
    wanted = ["sign-in", "workspace started", "workspace stopped", "token made", "token removed"]
    places = [len(found) - 1 - found[::-1].index(name) for name in wanted]
    assert places == sorted(places), found
    text = (installation.home / "logs" / "audit.jsonl").read_text()
    assert made["token"] not in text
    mode = (installation.home / "logs" / "audit.jsonl").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.d4(10)
def test_a_refused_sign_in_is_one_short_line_whatever_was_sent(
    installation: TestInstallation,
) -> None:
    name = "x\n\x1b[31m\u202e" + "y" * 5000
    with HubClient(installation, USER) as session:
        session.user = name
        session.sign_in(password="wrong")
    trail = installation.home / "logs" / "audit-refused.jsonl"
    last = trail.read_bytes().splitlines()[-1]
    assert json.loads(last)["event"] == "sign-in refused"
    assert len(last) <= 1024
    assert last.decode("ascii").isprintable()


def test_a_change_of_rights_is_in_the_trail(installation: TestInstallation) -> None:
    with HubClient(installation, "admin") as admin:
        admin.api("POST", "/users/visitor")
        admin.api("PATCH", "/users/visitor", {"admin": True})
        admin.api("DELETE", "/users/visitor")
    found = [event["event"] for event in trail(installation, "--user", "visitor")]
    assert [name for name in found if name in {"user added", "admin given", "user removed"}] == [
        "user added", "admin given", "user removed",
    ]  # fmt: skip
    assert installation.run("users", "delete", "visitor", "--yes").returncode == 0


def test_a_time_that_is_none_is_refused(installation: TestInstallation) -> None:
    done = installation.run("audit", "--since", "yesterday")
    assert done.returncode == 2
    assert "write it as 2026-11-24" in done.stderr
