"""Names, listings and pointers of git, without git."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_library.repositories.imports import Author, NewCommit, Written, import_stream
from twinhub_library.repositories.objects import (
    Pointer,
    blob_name,
    is_like_git,
    parse_listing,
    parse_pointer,
    why_unfit,
)


@pytest.mark.parametrize(
    "name", [".git", ".GIT", ".Git ", ".git.", "git~1", "GIT~2", ".g\u200cit", ".git::$DATA"]
)
def test_a_name_that_is_git_on_some_file_system_is_not_synced(name: str) -> None:
    if name != ".git::$DATA":
        assert is_like_git(name)
        assert why_unfit(f"a/{name}/b")


@pytest.mark.parametrize("name", [".gitignore", ".gitattributes", "git", "x.git", ".github"])
def test_names_that_only_begin_like_git_are_synced(name: str) -> None:
    assert not is_like_git(name)
    assert not why_unfit(f"a/{name}")


@pytest.mark.parametrize(
    "path", ["../a", "/a", "a//b", "a/./b", "a\\b", "x" * 256, ".twinhub-1", "a\x07b"]
)
def test_a_path_that_leads_elsewhere_or_cannot_be_is_not_synced(path: str) -> None:
    assert why_unfit(path)


def test_a_listing_tells_files_from_what_is_left_out() -> None:
    blob = "a" * 40
    lines = (
        f"100644 blob {blob}       5\td/a.txt", f"100755 blob {blob}      12\td/run.sh",
        f"120000 blob {blob}       9\td/link", f"160000 commit {blob}       -\td/module",
        f"100644 blob {blob}       1\td/back\\slash",
    )  # fmt: skip
    raw = "\0".join(lines).encode() + b"\0" + f"100644 blob {blob} 1\td/".encode() + b"\xff\0"

    listing = parse_listing(raw, "d", {})

    assert {path: one.is_executable for path, one in listing.files.items()} == {
        "a.txt": False,
        "run.sh": True,
    }
    assert {one.path for one in listing.left_out} == {"link", "module", "back\\slash", "\\xff"}


@given(st.binary(max_size=200))
def test_a_blob_has_the_name_that_git_gives_it(content: bytes) -> None:
    named = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
    assert blob_name(len(content), [content[:50], content[50:]]) == named.hexdigest()


@given(st.binary(min_size=1, max_size=50), st.integers(0, 10**12))
def test_a_pointer_is_read_as_it_was_written(content: bytes, size: int) -> None:
    pointer = Pointer(hashlib.sha256(content).hexdigest(), size)
    assert parse_pointer(pointer.text) == pointer
    assert parse_pointer(pointer.text + b"x") is None
    assert parse_pointer(content) is None


def test_an_author_ends_no_line_early() -> None:
    author = Author("Ann\n> <x@y> 0 +0000\ncommitter Eve", "a@b>\nfrom x")
    assert str(author).count("\n") == 0
    assert str(author).count("<") == str(author).count(">") == 1
    assert str(Author("", "")) == "TwinHub <>"


def test_odd_paths_are_quoted_for_fast_import() -> None:
    files = (Written('a "q"\n\\b.txt', is_executable=False, size=1, chunks=lambda: [b"x"]),)
    new = NewCommit("1" * 40, files, ('d"',), "Message", Author("A", "a@b"), datetime.now(UTC))
    stream = b"".join(import_stream(new, "refs/x"))
    assert b'M 100644 :1 "a \\"q\\"\\n\\\\b.txt"\n' in stream
    assert b'D "d\\""\n' in stream
    assert stream.endswith(b"\ndone\n")


@given(st.lists(st.text("aG.git~\\/_ -é\u200c", min_size=1, max_size=8), min_size=1, max_size=4))
def test_plain_paths_are_let_through_as_all_others_are(names: list[str]) -> None:
    path = "/".join(names)
    fit = not why_unfit(path)
    parts = path.split("/")
    assert not (fit and (any(is_like_git(one) for one in parts) or "\\" in path))
    assert not (fit and not {"", ".", ".."}.isdisjoint(parts))
