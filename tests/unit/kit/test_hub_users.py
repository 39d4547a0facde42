"""In which groups somebody is, and who has left, by what a hub answers."""

from __future__ import annotations

import httpx
import pytest
from twinhub_kit.errors import UnavailableError
from twinhub_kit.hub_users import HubUsers


def users(answer: httpx.Response, asked: list[httpx.Request]) -> HubUsers:
    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    client = httpx.Client(transport=httpx.MockTransport(respond))
    return HubUsers("http://hub/hub/api", "t", client=client)


def test_a_user_is_asked_for_by_the_whole_name() -> None:
    asked: list[httpx.Request] = []
    answer = httpx.Response(200, json={"name": "a/b", "groups": ["pumps", "TU/Plant"]})
    with users(answer, asked) as hub:
        assert hub.groups_of("a/b") == {"pumps", "TU/Plant"}
    assert asked[0].url.raw_path == b"/hub/api/users/a%2Fb"
    assert asked[0].headers["authorization"] == "token t"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"status": 404, "message": "Not Found"}),
        httpx.Response(200, json={"name": "other", "groups": []}),
        httpx.Response(200, json={"name": "a/b"}), httpx.Response(200, json=[]),
        httpx.Response(503),
    ],
)  # fmt: skip
def test_any_other_answer_says_nothing_of_a_user(answer: httpx.Response) -> None:
    with users(answer, []) as hub, pytest.raises(UnavailableError):
        hub.groups_of("a/b")


@pytest.mark.parametrize(
    ("answer", "has_left"),
    [
        (httpx.Response(200, json={"name": "a/b", "has_left": True}), True),
        (httpx.Response(200, json={"name": "a/b", "has_left": False}), False),
        (httpx.Response(404, json={"status": 404, "message": "No such user here."}), True),
    ],
)
def test_whom_the_hub_has_not_has_left(answer: httpx.Response, *, has_left: bool) -> None:
    asked: list[httpx.Request] = []
    with users(answer, asked) as hub:
        assert hub.has_left("a/b") is has_left
    assert asked[0].url.raw_path == b"/hub/api/users/a%2Fb/access"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"status": 404, "message": "Not Found"}),
        httpx.Response(404, text="no hub"),
        httpx.Response(200, json={"name": "other", "has_left": True}),
        httpx.Response(200, json={"name": "a/b"}),
        httpx.Response(503),
    ],
)
def test_any_other_answer_ends_nobodys_runs(answer: httpx.Response) -> None:
    with users(answer, []) as hub, pytest.raises(UnavailableError):
        hub.has_left("a/b")
