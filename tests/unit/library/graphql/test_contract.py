"""Each row of what DTaaS's library microservice answers, with the access of ours."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.library.graphql.asking import LIST, READ, Asking

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> Asking:
    return Asking(client_of("alice"))


def test_a_folder_is_listed_in_the_shape_of_gitlab(alice: Asking) -> None:
    answer = alice.client.post("/lib", json={"query": LIST, "variables": {"path": "alice"}})
    edges = [{"node": {"name": name, "type": "tree"}} for name in ("data", "models")]
    expected = {"listDirectory": {"repository": {"tree": {
        "blobs": {"edges": []}, "trees": {"edges": edges},
    }}}}  # fmt: skip
    assert answer.json() == {"data": expected}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_names_are_in_order_with_dotfiles_and_a_link_is_a_blob(
    alice: Asking, library_root: Path
) -> None:
    folder = library_root / "alice" / "data"
    for name in ("b.txt", ".hidden", "a.txt", "ü.txt", "Z.txt"):
        (folder / name).touch()
    (folder / "inner").mkdir()
    (folder / "link").symlink_to("inner")
    assert alice.names("alice/data") == {
        "blobs": [".hidden", "Z.txt", "a.txt", "b.txt", "levels.csv", "link", "ü.txt"],
        "trees": ["inner"],
    }


def test_a_name_that_is_no_utf8_is_listed_with_a_mark(alice: Asking, library_root: Path) -> None:
    (library_root / "alice" / "data" / os.fsdecode(b"a\xff.txt")).touch()
    assert "a\ufffd.txt" in alice.names("alice/data")["blobs"]


def test_a_text_is_read_without_space_around_it(alice: Asking, library_root: Path) -> None:
    file = library_root / "alice" / "data" / "welcome.txt"
    file.write_text("\ufeff\n\u00a0 hello world \u2028\n")
    body = alice.ask(READ, path="alice/data/welcome.txt")
    node = {"name": "welcome.txt", "rawBlob": "hello world", "rawTextBlob": "hello world"}
    assert body == {"data": {"readFile": {"repository": {"blobs": {"nodes": [node]}}}}}


def test_space_that_javascript_keeps_is_kept(alice: Asking, library_root: Path) -> None:
    (library_root / "alice" / "data" / "x").write_text("\x1c\x85a\x1f")
    assert alice.text("alice/data/x") == "\x1c\x85a\x1f"


def test_a_binary_file_is_read_as_damaged_text(alice: Asking, library_root: Path) -> None:
    (library_root / "alice" / "data" / "x.bin").write_bytes(b"a\xff\xfe\x00\xe2\x82b")
    assert alice.text("alice/data/x.bin") == "a\ufffd\ufffd\0\ufffdb"


@pytest.mark.parametrize("path", ["alice/data/none.txt", "alice/data", "alice/data/levels.csv/",
                                  "bob/models/secret/notes.txt", "..", ""])  # fmt: skip
def test_what_cannot_be_read_is_an_error_of_nest(alice: Asking, path: str) -> None:
    error = alice.error(READ, path=path)
    assert error == {
        "message": "Error reading file",
        "locations": [{"line": 2, "column": 3}],
        "path": ["readFile"],
        "extensions": {
            "code": "INTERNAL_SERVER_ERROR",
            "status": 500,
            "originalError": {"message": "Error reading file", "statusCode": 500},
        },
    }


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("alice/none", "ENOENT: no such file or directory, scandir 'alice/none'"),
        ("bob", "ENOENT: no such file or directory, scandir 'bob'"),
        ("bob/models/secret/notes.txt", "ENOENT: no such file or directory, "
         "scandir 'bob/models/secret/notes.txt'"),
        (".library", "ENOENT: no such file or directory, scandir '.library'"),
        ("teams/pumps", "ENOENT: no such file or directory, scandir 'teams/pumps'"),
        ("teams", "ENOENT: no such file or directory, scandir 'teams'"),
        ("..", "ENOENT: no such file or directory, scandir '..'"),
        ("alice/../bob", "ENOENT: no such file or directory, scandir 'alice/../bob'"),
        ("alice/data/levels.csv", "ENOTDIR: not a directory, scandir 'alice/data/levels.csv'"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_is_an_error_without_a_path_of_the_server(
    alice: Asking, path: str, message: str
) -> None:
    error = alice.error(LIST, path=path)
    assert error["message"] == message
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    assert error["path"] == ["listDirectory"]


@pytest.mark.d4(21)
@pytest.mark.parametrize("path", ["../x", "..", "alice/../../x", "/../x", "alice/..//../x",
                                  "alice\0", "%2e%2e/x", "\udcff"])  # fmt: skip
@pytest.mark.parametrize("query", [LIST, READ])
def test_no_path_leads_out_of_the_library(
    alice: Asking, library_root: Path, query: str, path: str
) -> None:
    (library_root.parent / "x").write_text("outside")
    body = json.dumps({"query": query, "variables": {"path": path}})
    answer = alice.client.post("/lib", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert "outside" not in answer.text
    assert str(library_root) not in answer.text


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ('{ readFile(path: "alice/data/levels.csv") { repository { tree { __typename } } } }',
         "Repository.tree"),
        ('{ listDirectory(path: "alice") { repository { blobs { __typename } } } }',
         "Repository.blobs"),
    ],
)  # fmt: skip
def test_the_half_that_was_not_asked_for_is_not_there(
    alice: Asking, query: str, place: str
) -> None:
    error = alice.error(query)
    assert error["message"] == f"Cannot return null for non-nullable field {place}."
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}


def test_the_top_lists_what_the_caller_may_see(client_of: Callable[[str], TestClient]) -> None:
    assert Asking(client_of("alice")).names("") == {"blobs": [], "trees": ["alice", "common"]}
    member = Asking(client_of("member"))
    assert member.names("") == {"blobs": [], "trees": ["common", "member", "teams"]}
    assert member.names("teams") == {"blobs": [], "trees": ["pumps"]}
    assert member.names("teams/pumps")["trees"] == ["models"]


def test_a_slash_before_a_path_does_not_count(alice: Asking) -> None:
    assert alice.text("/common/data/weather.csv") == "day,rain\n1,0.5"


def test_variables_type_names_and_aliases_work(alice: Asking) -> None:
    query = """query ($p: String!) { __typename
      first: listDirectory(path: $p) { __typename repository { tree { __typename blobs {
        edges { node { __typename title: name } } } } } }
      second: readFile(path: "alice/data/levels.csv") { repository { blobs { nodes { name } } } }
    }"""
    data = alice.ask(query, p="alice/data")["data"]
    tree = {"__typename": "Tree", "blobs": {"edges": [
        {"node": {"__typename": "Blob", "title": "levels.csv"}}]}}  # fmt: skip
    assert data == {
        "__typename": "Query",
        "first": {"__typename": "Project", "repository": {"tree": tree}},
        "second": {"repository": {"blobs": {"nodes": [{"name": "levels.csv"}]}}},
    }


def test_fields_of_ours_are_there_for_those_who_ask(alice: Asking, library_root: Path) -> None:
    folder = library_root / "common" / "data" / "rain@1.2.0"
    folder.mkdir()
    (folder / "x.txt").write_text("abc ")
    (folder / "link").symlink_to("x.txt")
    listed = alice.ask('{ listDirectory(path: "common/data") { repository { tree { trees {'
                       " edges { node { name version } } } } } } }")  # fmt: skip
    edges = listed["data"]["listDirectory"]["repository"]["tree"]["trees"]["edges"]
    assert {"node": {"name": "rain@1.2.0", "version": "1.2.0"}} in edges
    sizes = alice.ask('{ listDirectory(path: "common/data/rain@1.2.0") { repository { tree {'
                      " blobs { edges { node { name size } } } } } } }")  # fmt: skip
    edges = sizes["data"]["listDirectory"]["repository"]["tree"]["blobs"]["edges"]
    assert [edge["node"] for edge in edges] == [
        {"name": "link", "size": None},
        {"name": "x.txt", "size": 4},
    ]
    read = alice.ask('{ readFile(path: "common/data/rain@1.2.0/x.txt") { repository { blobs {'
                     " nodes { rawBlob size digest version } } } } }")  # fmt: skip
    assert read["data"]["readFile"]["repository"]["blobs"]["nodes"] == [
        {
            "rawBlob": "abc",
            "size": 4,
            "version": "1.2.0",
            "digest": f"sha256:{hashlib.sha256(b'abc ').hexdigest()}",
        }
    ]
