"""The audit trail of a running installation."""

from __future__ import annotations

import json
import stat
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

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


@pytest.mark.d4(10)
def test_the_trail_says_who_did_it(installation: TestInstallation) -> None:
    with HubClient(installation, "admin") as admin:
        admin.api("POST", "/users/newcomer", {"admin": True})
        admin.api("PATCH", "/users/newcomer", {"admin": False})
        admin.api("POST", "/groups/guests")
        admin.api("POST", "/groups/guests/users", {"users": ["newcomer"]})
        admin.api("POST", "/users/newcomer/tokens", {"note": "for her"})
        renew_password(admin, USER)
        admin.api("DELETE", "/groups/guests")
        admin.api("DELETE", "/users/newcomer")
    assert installation.run("users", "delete", "newcomer", "--yes").returncode == 0
    done = [event for event in trail(installation, "--user", "newcomer") if "by" in event]
    in_services = {event["by"] for event in done if "in" in event}
    assert in_services <= {"service users"}  # which has whom the hub has deleted forgotten
    assert {event["by"] for event in done if "in" not in event} == {"admin"}
    assert {event["event"] for event in done} >= {
        "user added", "admin given", "admin taken", "group joined", "token made", "user removed",
    }  # fmt: skip
    renewed = trail(installation, "--user", USER, "--by", "admin")
    assert "password renewed" in [event["event"] for event in renewed]
    assert " by=admin" in installation.run("audit", "--by", "admin").stdout


def test_what_a_user_does_is_by_the_user_and_what_a_sign_in_gives_by_nobody(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, USER) as session:
        session.stop()
        session.start()
        session.stop()
    events = trail(installation, "--user", USER)
    last = {(event["event"], event.get("note")): event.get("by") for event in events}
    assert last["workspace started", None] == USER
    assert last["workspace stopped", None] == USER
    assert last["sign-in", None] is None


def renew_password(admin: HubClient, user: str) -> None:
    """Press the button of the admin panel."""
    form = {"username": user, "_xsrf": admin.xsrf["X-XSRFToken"]}
    answer = admin.post(
        "/hub/new-password",
        content=urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == HTTPStatus.OK, answer.text


def test_a_time_that_is_none_is_refused(installation: TestInstallation) -> None:
    done = installation.run("audit", "--since", "yesterday")
    assert done.returncode == 2
    assert "write it as 2026-11-24" in done.stderr
