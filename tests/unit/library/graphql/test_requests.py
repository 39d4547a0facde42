"""What a request must be like, as Apollo Server has it, and what it may cost."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from graphql import get_introspection_query
from twinhub_library.graphql import reading
from twinhub_library.nearness import is_near

from tests.unit.library.graphql.asking import LIST, READ, Asking

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

_FORGED = "potential Cross-Site Request Forgery"
_PREFLIGHT = {"apollo-require-preflight": "1"}
_TYPENAME = "{ __typename }"


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> Asking:
    return Asking(client_of("alice"))


def _first(answer: Any) -> tuple[str, str]:  # noqa: ANN401  # of the test's client
    error = answer.json()["errors"][0]
    return error["message"], error["extensions"]["code"]


def test_nobody_unknown_is_answered(client_of: Callable[[str], TestClient]) -> None:
    answer = client_of("").post("/lib", json={"query": _TYPENAME})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not-signed-in"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x", ""])  # fmt: skip
def test_what_a_strangers_page_can_send_is_blocked(alice: Asking, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = alice.client.post("/lib", content=b'{"query":"{__typename}"}', headers=headers)
    assert answer.status_code == 400
    message, code = _first(answer)
    assert _FORGED in message
    assert code == "BAD_REQUEST"


def test_a_get_needs_a_header_of_programs(alice: Asking) -> None:
    assert alice.client.get("/lib", params={"query": _TYPENAME}).status_code == 400
    for headers in (_PREFLIGHT, {"x-apollo-operation-name": "a"}):
        answer = alice.client.get("/lib", params={"query": _TYPENAME}, headers=headers)
        assert answer.json() == {"data": {"__typename": "Query"}}


def test_a_get_may_bring_variables(alice: Asking) -> None:
    params = {"query": READ, "variables": '{"path": "alice/data/levels.csv"}'}
    answer = alice.client.get("/lib", params=params, headers=_PREFLIGHT)
    assert "level" in answer.text
    answer = alice.client.get("/lib", params=params | {"variables": "{"}, headers=_PREFLIGHT)
    assert answer.status_code == 400
    assert _first(answer)[0] == "The variables search parameter contains invalid JSON."


@pytest.mark.parametrize("body", [b"{}", b""])
def test_a_body_that_asks_nothing_is_refused(alice: Asking, body: bytes) -> None:
    answer = alice.client.post("/lib", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert _first(answer) == (
        "POST body missing, invalid Content-Type, or JSON object has no keys.", "BAD_REQUEST",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{bad", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        (b'{"a": ', "Unexpected end of JSON input"),
        (b"hello", "Unexpected token 'h', \"hello\" is not valid JSON"),
        (b'{"a": x}', "Unexpected token 'x' in JSON at position 6 (line 1 column 7)"),
        (b"[" * 90_000, "The JSON is nested too deep, or a number in it is too long"),
        (b'{"a": ' + b"1" * 5000 + b"}",
         "The JSON is nested too deep, or a number in it is too long"),
    ],
)  # fmt: skip
def test_bad_json_is_refused_as_by_nest(alice: Asking, body: bytes, message: str) -> None:
    answer = alice.client.post("/lib", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {"message": message, "error": "Bad Request", "statusCode": 400}


@pytest.mark.parametrize(
    "body",
    [
        {"x": 1}, {"query": ""}, {"query": 1}, {"query": _TYPENAME, "variables": []},
        {"query": _TYPENAME, "variables": "{}"}, {"query": _TYPENAME, "operationName": 1},
        [{"query": _TYPENAME}], {"query": _TYPENAME, "extensions": 1},
    ],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(alice: Asking, body: object) -> None:
    answer = alice.post(body)
    assert answer.status_code == 400
    assert _first(answer)[1] == "BAD_REQUEST"


def test_a_query_by_its_digest_alone_is_asked_for_in_full(alice: Asking) -> None:
    answer = alice.post({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}})
    assert answer.status_code == 200
    assert _first(answer) == ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ readFile { __typename } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ readFile(path: 1) { __typename } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query a { __typename } query b { __typename }", "OPERATION_RESOLUTION_FAILURE"),
    ],
)
def test_a_query_that_is_none_has_the_code_of_apollo(alice: Asking, query: str, code: str) -> None:
    answer = alice.post({"query": query})
    assert answer.status_code == 400
    assert _first(answer)[1] == code
    assert "data" not in answer.json()


def test_an_unknown_operation_is_refused(alice: Asking) -> None:
    answer = alice.post({"query": "query a { __typename }", "operationName": "b"})
    assert answer.status_code == 400
    assert _first(answer) == ('Unknown operation named "b".', "OPERATION_RESOLUTION_FAILURE")


def test_a_variable_of_another_type_is_an_error_of_the_user(alice: Asking) -> None:
    error = alice.error(LIST, path=1)
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "$path" in error["message"]


def test_there_are_no_mutations(alice: Asking) -> None:
    error = alice.error("mutation { remove }")
    assert error["message"] == "Schema is not configured to execute mutation operation."
    params = {"query": "mutation { remove }"}
    answer = alice.client.get("/lib", params=params, headers=_PREFLIGHT)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(alice: Asking, method: str) -> None:
    answer = alice.client.request(method, "/lib", json={"query": _TYPENAME})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def test_a_large_body_is_refused(alice: Asking) -> None:
    answer = alice.post({"query": "#" * 200_000})
    assert answer.status_code == 413
    assert answer.json()["statusCode"] == 413


_DEEP = '{ listDirectory(path: "a") ' + "{ repository " * 12 + "{ x }" + " }" * 12 + " }"
_WIDE = "{ " + " ".join(f'a{n}: readFile(path: "x") {{ __typename }}' for n in range(21)) + " }"
_MANY = "{ " + " ".join(f"a{n}: __typename" for n in range(501)) + " }"
_TOKENS = "{ " + "__typename " * 1100 + "}"
_BOMB = "{ ...f0 } " + " ".join(
    f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60)
)
_CIRCLE = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"
_NESTED = "{ " + "... { " * 300 + "__typename" + " }" * 300 + " }"


@pytest.mark.parametrize("query", [_DEEP, _WIDE, _MANY, _TOKENS, _BOMB, _CIRCLE, _NESTED])
def test_a_query_that_costs_too_much_is_refused_soon(alice: Asking, query: str) -> None:
    answer = alice.post({"query": query})
    assert answer.status_code == 400
    assert _first(answer)[1] in {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}


def test_editors_can_ask_for_the_schema(alice: Asking) -> None:
    data = alice.ask(get_introspection_query())["data"]
    assert {"Project", "RepositoryBlob"} <= {one["name"] for one in data["__schema"]["types"]}


def test_a_file_too_large_for_text_is_refused(
    alice: Asking, library_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 2**20)
    file = library_root / "alice" / "data" / "large.txt"
    file.touch()
    os.truncate(file, 2**20 + 1)
    error = alice.error(READ, path="alice/data/large.txt")
    assert error["message"] == "Error reading file: it has more than 1 MiB; download it."


@pytest.mark.d4(23)
def test_a_pipe_is_not_waited_for(alice: Asking, library_root: Path) -> None:
    os.mkfifo(library_root / "alice" / "data" / "pipe")
    assert alice.error(READ, path="alice/data/pipe")["message"] == "Error reading file"


@pytest.mark.d4(22)
def test_a_link_into_another_area_opens_nothing(alice: Asking, library_root: Path) -> None:
    (library_root / "alice" / "out").symlink_to("../bob/models")
    assert "out" in alice.names("alice")["blobs"]
    message = alice.error(LIST, path="alice/out/secret")["message"]
    assert message == "EACCES: permission denied, scandir 'alice/out/secret'"
    error = alice.error(READ, path="alice/out/secret/notes.txt")
    assert error["message"] == "Error reading file"


@pytest.mark.d4(13)
@pytest.mark.parametrize(
    ("who", "path", "reads"),
    [
        ("bob", "alice/data/levels.csv", False),
        ("admin", "alice/data/levels.csv", False),
        ("instructor", "alice/data/levels.csv", False),
        ("bob", "common/data/weather.csv", True),
        ("bob", "teams/pumps/models/pump/model.txt", False),
        ("admin", "teams/pumps/models/pump/model.txt", False),
        ("member", "teams/pumps/models/pump/model.txt", True),
    ],
)
def test_everybody_reads_what_is_theirs(
    client_of: Callable[[str], TestClient], who: str, path: str, *, reads: bool
) -> None:
    body = Asking(client_of(who)).ask(READ, path=path)
    assert (body["data"] is not None) is reads
    again = Asking(client_of(who)).ask(READ, path=path)  # by the plan, if there is one
    assert body == again


def test_an_error_holds_nothing_of_what_is_inside(
    alice: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise KeyError("/srv/secret")

    monkeypatch.setattr(reading.Reader, "read_file", fail)
    error = alice.error('query x { readFile(path: "alice/x") { __typename } }')
    assert error["message"] == "A fault in TwinHub: its log says more."
    assert "secret" not in json.dumps(error)


@pytest.mark.parametrize(
    ("kind", "near"), [("ext4", True), ("nfs4", False), ("fuse.sshfs", False), ("tmpfs", True)]
)
def test_a_disk_of_the_network_is_not_near(tmp_path: Path, kind: str, *, near: bool) -> None:
    mounts = tmp_path / "mountinfo"
    inner = str(tmp_path / "a b").replace(" ", "\\040")
    mounts.write_text(
        f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / {inner} rw shared:1 - {kind} x rw\n"
    )
    assert is_near(tmp_path / "a b" / "c", mounts) is near
    assert is_near(tmp_path, mounts)
    assert not is_near(tmp_path, tmp_path / "none")
