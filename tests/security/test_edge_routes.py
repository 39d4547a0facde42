"""What a stranger gets from the edge, by the host and the path that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fixtures.hub_client import HubClient, to_loopback

if TYPE_CHECKING:
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_PATHS = (
    "/", "/hub/home", "/hub/api/", "/hub/api/users", "/hub/login", "/user/alice/lab",
    "/user/alice/api/contents", "/api/routes", "/config/", "/metrics", "/services/culler/",
)  # fmt: skip
_HUB, _ALICE = "twinhub.localhost", "alice.twinhub.localhost"
_AGREED = {
    _HUB: "302 302 200 403 200 302 302 302 302 302 302",
    _ALICE: "302 302 302 302 302 302 403 302 302 302 302",
    "nobody.twinhub.localhost": "302 302 302 302 302 302 302 302 302 302 302",
    "evil.example": "307 307 307 307 307 307 307 307 307 307 307",
    "127.0.0.1": "307 307 307 307 307 307 307 307 307 307 307",
}
"""Statuses in the order of the paths; a redirection leads to the same host or to the hub's."""


@pytest.mark.d4(13)
def test_a_stranger_is_led_to_the_hub_or_refused(installation: TestInstallation) -> None:
    with HubClient(installation, "alice") as alice:
        alice.start()
    found = {}
    with httpx.Client(transport=to_loopback(installation), timeout=30) as client:
        for host in _AGREED:
            answers = [client.get(f"http://{host}:{installation.port}{path}") for path in _PATHS]
            found[host] = " ".join(str(answer.status_code) for answer in answers)
            for answer in answers:
                leads_to = answer.url.join(answer.headers.get("location", "")).host
                ours = {host, _HUB} if host.endswith(_HUB) else {_HUB}
                assert leads_to in ours, (answer.url, answer.headers)
    assert found == _AGREED
