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


_OTHERS = {"Sec-Fetch-Site": "same-site"}
_OPENS = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
_UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}


def _passes(installation: TestInstallation, method: str, path: str, headers: object) -> bool:
    """Whether a request gets further than the edge."""
    address = f"{installation.address_of('alice')}{path}"
    with httpx.Client(transport=to_loopback(installation), timeout=30) as client:
        answer = client.request(method, address, headers=headers)  # type: ignore[arg-type]
    return not answer.text.startswith("Refused: a page of another address")


@pytest.mark.d4(2)
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}),
        ("GET", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
        ("GET", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
        ("GET", {"Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "websocket", **_UPGRADE}),
        ("GET", {}),
        ("POST", _OPENS),
        ("POST", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"}),
        ("PUT", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
        ("DELETE", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
    ],
)
@pytest.mark.parametrize("site", ["same-site", "cross-site"])
@pytest.mark.parametrize(
    "path",
    ["/user/alice/lab", "/user/alice/second/proxy/8000/", "//user/alice/x", "/%75ser/alice/x"],
)
def test_a_page_of_another_origin_does_nothing_in_a_workspace(
    installation: TestInstallation, method: str, headers: dict[str, str], site: str, path: str
) -> None:
    sent = {**headers, "Sec-Fetch-Site": site}
    assert not _passes(installation, method, path, sent)


@pytest.mark.d4(4)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "{bob}", "{hub}", "{alice}.evil.example", "{alice}0"]
)
def test_an_origin_is_the_address_that_is_asked_or_refused(
    installation: TestInstallation, method: str, origin: str
) -> None:
    named = origin.format(
        alice=installation.address_of("alice"),
        bob=installation.address_of("bob"),
        hub=installation.address,
    )
    for more in ({}, _UPGRADE):
        headers = {"Origin": named, **more}
        assert not _passes(installation, method, "/user/alice/api/kernels/x/channels", headers)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {**_OTHERS, **_OPENS}),
        ("GET", {"Sec-Fetch-Site": "cross-site", **_OPENS}),
        ("GET", {"Sec-Fetch-Site": "none", **_OPENS}),
        ("POST", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": "{alice}"}),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Origin": "{alice}", **_UPGRADE}),
        ("GET", {"Origin": "{alice}", **_UPGRADE}),
        ("POST", {"Authorization": "token none"}),
        ("GET", {"Authorization": "token none", **_UPGRADE}),
    ],
)
def test_links_own_pages_and_programs_pass(
    installation: TestInstallation, method: str, headers: dict[str, str]
) -> None:
    own = installation.address_of("alice")
    sent = {name: value.replace("{alice}", own) for name, value in headers.items()}
    assert _passes(installation, method, "/user/alice/lab", sent)
