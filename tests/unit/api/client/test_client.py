"""The client's side of every conversation: retries, refusals, long work, whole files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_api.client.errors import (
    ClientError,
    NotSetUpError,
    OperationError,
    ProblemError,
    UnreachableError,
)
from twinhub_api.client.library import LibraryClient
from twinhub_api.client.places import Places
from twinhub_api.names import label_for
from twinhub_api.operations import Operation

from tests.unit.api.client.answering import Answering, operation, problem

if TYPE_CHECKING:
    from pathlib import Path

_USAGE = {"items": [], "free": 1, "kept_free": 0}
_GONE = httpx.ConnectError("refused")


@pytest.fixture(name="library")
def _library() -> Answering:
    return Answering()


def test_what_may_be_asked_twice_is_tried_again(library: Answering) -> None:
    library.on("GET /api/usage", _GONE, problem(503, "unavailable", "Later."), (200, _USAGE))
    assert library.client().get_usage().free == 1
    assert len(library.asked) == 3
    assert library.slept == sorted(library.slept)


def test_a_newer_service_may_tell_more_than_this_client_knows(library: Answering) -> None:
    library.on("GET /api/usage", (200, {**_USAGE, "news": {"of": "later"}}))
    assert library.client().get_usage().free == 1


def test_it_gives_up_with_the_servers_text(library: Answering) -> None:
    library.on("GET /api/usage", problem(503, "unavailable", "The hub does not answer."))
    with pytest.raises(ProblemError, match="The hub does not answer") as refused:
        library.client().get_usage()
    assert (refused.value.status, refused.value.code) == (503, "unavailable")


def test_what_changes_something_is_asked_once(library: Answering) -> None:
    library.on("POST /api/imports", _GONE)
    with pytest.raises(UnreachableError, match="http://library"):
        library.client().start_import("common/models/tank")
    assert len(library.asked) == 1


@pytest.mark.parametrize("body", [b"<html>502</html>", b"", b'{"detail": "x"}', b"[]"])
def test_a_stranger_in_between_is_told_as_such(library: Answering, body: bytes) -> None:
    library.on("GET /api/usage", (404, body))
    with pytest.raises(UnreachableError, match="Something before the library answers 404"):
        library.client().get_usage()


@pytest.mark.parametrize("body", [{}, {"items": 1}, b"no JSON"])
def test_an_answer_of_another_version_is_told_as_such(library: Answering, body: object) -> None:
    library.on("GET /api/usage", (200, body))
    with pytest.raises(UnreachableError, match="is it of the same version"):
        library.client().get_usage()


def test_pages_are_asked_for_until_the_last(library: Answering) -> None:
    first = {"repositories": [], "next": "x y"}
    library.on("GET /api/repositories", (200, first), (200, {"repositories": []}))
    assert list(library.client().list_repositories()) == []
    assert library.asked[1].endswith("after=x+y")


def test_a_path_is_one_path_whatever_is_in_it(library: Answering) -> None:
    with pytest.raises(ProblemError):
        library.client().get_asset("common/models/a b?c#d%2f")
    assert library.asked == ["GET /api/assets/common/models/a%20b%3Fc%23d%252f"]


def _running() -> Operation:
    answer = operation("running")
    assert isinstance(answer, tuple)
    return Operation.model_validate(answer[1])


def test_long_work_is_waited_for_and_told(library: Answering) -> None:
    library.on(
        "GET /api/operations/op1", operation("running", text="Copying"),
        operation("done", result={"x": 1}),
    )  # fmt: skip
    told: list[str] = []
    done = library.client().wait(_running(), lambda one: told.append(one.text))
    assert done.result == {"x": 1}
    assert told == ["", "Copying"]


@pytest.mark.parametrize(
    ("status", "text"),
    [("cancelled", "was cancelled"), ("interrupted", "ask for it again"), ("failed", "has failed")],
)
def test_work_that_does_not_end_well_is_an_error(
    library: Answering, status: str, text: str
) -> None:
    library.on("GET /api/operations/op1", operation(status))
    with pytest.raises(OperationError, match=text):
        library.client().wait(_running())


def test_work_that_fails_says_why(library: Answering) -> None:
    body = problem(409, "secret", "a.txt:3: this looks like a token: remove it")
    assert isinstance(body, tuple)
    library.on("GET /api/operations/op1", operation("failed", problem=body[1]))
    with pytest.raises(OperationError, match=r"a\.txt:3") as failed:
        library.client().wait(_running())
    assert failed.value.code == "secret"


def test_an_interruption_of_the_wait_cancels_the_work(library: Answering) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    library.on_sleep = interrupt
    library.on("DELETE /api/operations/op1", operation("cancelled"))
    with pytest.raises(KeyboardInterrupt):
        library.client().wait(_running())
    assert library.asked == ["DELETE /api/operations/op1"]


def test_an_unfinished_download_leaves_what_was_there(library: Answering, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("old")
    library.on("GET /api/files/alice/data/x.csv", (200, b"new content"))
    told: list[tuple[int, int | None]] = []
    client = library.client()
    assert client.download("alice/data/x.csv", target, lambda *how: told.append(how)) == 11
    assert target.read_text() == "new content"
    assert told == [(11, 11)]
    with pytest.raises(ProblemError):
        client.download("alice/data/none.csv", target)
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]


def test_without_an_address_it_says_what_to_set() -> None:
    with pytest.raises(NotSetUpError, match="TWINHUB_LIBRARY_URL"):
        LibraryClient.here({})


def test_the_token_goes_into_a_header_and_nowhere_else() -> None:
    environment = {"TWINHUB_LIBRARY_URL": "http://127.0.0.1:9/", "JUPYTERHUB_API_TOKEN": "secret"}
    with LibraryClient.here(environment) as client:
        assert client._http.headers["authorization"] == "token secret"
        assert str(client._http.base_url) == "http://127.0.0.1:9"
        with pytest.raises(ClientError) as error:
            client.start_import("common/models/tank")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("models/tank", "alice/models/tank"),
        ("/workspace/models/tank/", "alice/models/tank"),
        ("/workspace/common/models/tank", "common/models/tank"),
        ("common/models/tank@1.2", "common/models/tank@1.2"),
        ("teams/pumps/data/x", "teams/pumps/data/x"),
        ("alice/models/tank", "alice/models/tank"),
    ],
)
def test_what_people_write_becomes_a_path_of_the_library(written: str, path: str) -> None:
    places = Places("alice")
    assert places.path_of(written) == path
    assert places.path_of(places.shown(path)) == path


def test_a_user_is_known_by_the_label() -> None:
    places = Places.from_environment({"JUPYTERHUB_USER": "Ana Ruiz"})
    assert places.path_of("data/x") == f"{label_for('Ana Ruiz')}/data/x"
    with pytest.raises(NotSetUpError, match="JUPYTERHUB_USER"):
        Places.from_environment({}).path_of("data/x")
