"""Paths that are no plain files: none is waited for, none is read without end."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.documents import DocumentError, load_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.d4(27)


_NOBODY = 65534


def absent(folder: Path) -> Path:
    return folder / "absent"


def loop(folder: Path) -> Path:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    return folder / "a"


def loop_of_itself(folder: Path) -> Path:
    (folder / "a").symlink_to("a")
    return folder / "a"


def loop_of_folders(folder: Path) -> Path:
    (folder / "a").symlink_to(".")
    return folder.joinpath(*["a"] * 100, "twin.yaml")


def dangling(folder: Path) -> Path:
    (folder / "a").symlink_to("nothing")
    return folder / "a"


def link_to(target: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "a").symlink_to(target)
        return folder / "a"

    return make


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a")
    return folder / "a"


def local_socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(folder, os.O_RDONLY)
        try:
            made.bind(f"/proc/self/fd/{here}/a")  # the path itself may be too long for a socket
        finally:
            os.close(here)
    return folder / "a"


def folder_itself(folder: Path) -> Path:
    return folder


def below_a_file(folder: Path) -> Path:
    (folder / "a").write_text("a: 1\n")
    return folder / "a" / "b"


def nul_in_the_name(folder: Path) -> Path:
    return folder / "a\0b"


def surrogate_in_the_name(folder: Path) -> Path:
    return folder / "a\ud800b"


def name_too_long(folder: Path) -> Path:
    return folder / ("a" * 300)


def path_too_long(folder: Path) -> Path:
    return folder.joinpath(*["a" * 200] * 30)


def large_and_sparse(folder: Path) -> Path:
    with (folder / "a").open("wb") as stream:
        stream.truncate(2**40)
    return folder / "a"


def unreadable(folder: Path) -> Path:
    (folder / "a").write_text("a: 1\n")
    (folder / "a").chmod(0)
    return folder / "a"


def line_break_in_the_name(folder: Path) -> Path:
    (folder / "a\nb").write_text("[")
    return folder / "a\nb"


NOT_REGULAR = "1:1: the file is a pipe, a socket or a device, not a regular file; "
ABSENT = "1:1: the file does not exist; "


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (absent, ABSENT),
        (dangling, ABSENT),
        (below_a_file, ABSENT),
        (loop, "1:1: the file cannot be read: too many levels of symbolic links; "),
        (loop_of_itself, "1:1: the file cannot be read: too many levels of symbolic links; "),
        (loop_of_folders, "1:1: the file cannot be read: too many levels of symbolic links; "),
        (link_to("/dev/zero"), NOT_REGULAR),
        (link_to("/dev/urandom"), NOT_REGULAR),
        (link_to("/dev/full"), NOT_REGULAR),
        (link_to("/dev/null"), NOT_REGULAR),
        (link_to("/dev/tty"), "1:1: the file "),
        (link_to("/proc/self/fd"), "1:1: the file is a folder, not a regular file; "),
        (link_to("/proc/self/mem"), "1:1: the file cannot be read: input/output error; "),
        (pipe, NOT_REGULAR),
        (local_socket, "1:1: the file cannot be read: no such device or address; "),
        (folder_itself, "1:1: the file is a folder, not a regular file; "),
        (nul_in_the_name, "1:1: the file cannot exist: its name holds a NUL character; "),
        (surrogate_in_the_name, "1:1: the file cannot exist: its name holds half a character; "),
        (name_too_long, "1:1: the file cannot be read: file name too long; "),
        (path_too_long, "1:1: the file cannot be read: file name too long; "),
        (large_and_sparse, "1:1: the file has 1,099,511,627,776 bytes; 1,048,576 are allowed; "),
        (line_break_in_the_name, "1:2: the file ends within a list or mapping; "),
    ],
)
def test_a_path_that_is_no_configuration_is_refused_at_once(
    make: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    started = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        load_document(path)
    assert time.monotonic() - started < 1
    (fault,) = caught.value.faults
    assert str(caught.value).isprintable()
    assert f":{message}" in str(fault)
    assert fault.remedy


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = unreadable(tmp_path)
    own = os.geteuid()
    if own == 0:  # root reads every file
        os.seteuid(_NOBODY)
    try:
        with pytest.raises(DocumentError) as caught:
            load_document(path)
    finally:
        os.seteuid(own)
    (fault,) = caught.value.faults
    assert ":1:1: the file cannot be read: permission denied; " in str(fault)
    assert fault.remedy
