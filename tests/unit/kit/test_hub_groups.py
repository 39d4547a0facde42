"""Whether a hub has a group, by what it answers."""

from __future__ import annotations

import httpx
import pytest
from twinhub_kit.errors import UnavailableError
from twinhub_kit.hub_groups import HubGroups

_GONE = {"status": 404, "message": "No such group: TU/Plant 1"}
_THERE = {"kind": "group", "name": "TU/Plant 1"}


def groups(answer: httpx.Response | httpx.HTTPError, asked: list[httpx.Request]) -> HubGroups:
    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    client = httpx.Client(transport=httpx.MockTransport(respond))
    return HubGroups("http://hub/hub/api", "t", client=client)


@pytest.mark.parametrize(
    ("answer", "has"),
    [(httpx.Response(200, json=_THERE), True), (httpx.Response(404, json=_GONE), False)],
)
def test_a_group_is_asked_for_by_its_whole_name(answer: httpx.Response, has: bool) -> None:  # noqa: FBT001
    asked: list[httpx.Request] = []
    with groups(answer, asked) as hub:
        assert hub.has("TU/Plant 1") is has
    assert asked[0].url.raw_path == b"/hub/api/groups/TU%2FPlant%201"
    assert asked[0].headers["authorization"] == "token t"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<html>Not here</html>"),
        httpx.Response(404, json={"status": 404, "message": "Not Found"}),
        httpx.Response(200, json={"name": "another"}), httpx.Response(200, json=[]),
        httpx.Response(403, json={"message": "No"}), httpx.Response(503),
        httpx.ConnectError("refused"),
    ],
)  # fmt: skip
def test_any_other_answer_says_nothing_of_a_group(answer: httpx.Response | httpx.HTTPError) -> None:
    with groups(answer, []) as hub, pytest.raises(UnavailableError):
        hub.has("TU/Plant 1")
