"""The archive of a backup: what is written is read back, and nothing else is accepted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import tarfile
import threading
from dataclasses import replace
from typing import IO, TYPE_CHECKING

import pytest
from twinhub_hub.installation import Installation
from twinhub_hub.operate import archive
from twinhub_hub.operate.archive import ArchiveReader, ArchiveWriter, Header, verify
from twinhub_hub.operate.errors import ArchiveError
from twinhub_hub.operate.folder_reader import MOST_HOLES, FolderReader
from twinhub_hub.operate.folder_writer import FolderWriter
from twinhub_hub.operate.restore import restore
from twinhub_hub.operate.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.d4(64)

HEADER = Header(
    format=archive.FORMAT, twinhub="0.1.0", created="2026-11-23T00:00:00+00:00",
    engine="docker", uid=1000, prefix="twinhub", network="twinhub",
)  # fmt: skip


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mode = kind, 0o755
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def write_archive(path: Path, *members: tarfile.TarInfo, header: Header = HEADER) -> Path:
    """Write an archive with a fitting manifest, whatever the members are."""
    with path.open("wb") as file, ArchiveWriter(file, header) as writer:
        for one in members:
            writer.add(one, io.BytesIO(b"x" * one.size))
    return path


def back_up(folder: Path, path: Path) -> list[tuple[str, str, str]]:
    notes: list[tuple[str, str, str]] = []
    with path.open("wb") as file, ArchiveWriter(file, HEADER) as writer:

        def note(kind: str, name: str, why: str) -> None:
            notes.append((kind, name, why))
            writer.note(kind, name, why)

        FolderReader(add=writer.add, note=note).read(str(folder), "assets")
    return notes


def unpack(path: Path, place: Path) -> None:
    with path.open("rb") as file:
        verify(file, path.name)
        with FolderWriter(place, keeps_owners=True) as writer:
            for one, content in ArchiveReader(file, path.name).members():
                writer.write(one, content)


def check(path: Path) -> None:
    with path.open("rb") as file:
        verify(file, path.name)


def tree(folder: Path) -> dict[str, object]:
    """What is in a folder: mode, time, owner, and content or target of each path."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        if path.is_symlink():
            what: object = str(path.readlink())
        else:
            what = path.read_bytes() if path.is_file() else "folder"
        facts = (oct(state.st_mode), state.st_uid, state.st_gid)
        times = () if path.is_symlink() else (int(state.st_mtime),)
        found[os.fsdecode(os.fsencode(path.relative_to(folder)))] = (what, facts, times)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "a" / "closed").mkdir(parents=True)
    (made / "a-b").mkdir()
    (made / "a" / "program").write_text("#!/bin/sh\n")
    (made / "a" / "program").chmod(0o750)
    (made / "a" / "closed" / "file").write_bytes(os.urandom(70_000))
    (made / "a" / "closed").chmod(0o500)
    (made / "empty").touch()
    (made / "link").symlink_to("/nowhere/at all")
    (made / "up").symlink_to("../../..")
    (made / ("long " * 50)).write_text("a name of 250 characters")
    (made / os.fsdecode(b"latin-\xe9\n")).write_text("a name that is no UTF-8")
    (made / "zwölf-\u202e").write_text("a name that is")
    (made / "shared").mkdir()
    (made / "shared").chmod(0o2775)
    os.utime(made / "empty", (1_000_000_000, 1_000_000_000))
    return made


def test_what_is_backed_up_is_restored_as_it_was(folder: Path, tmp_path: Path) -> None:
    notes = back_up(folder, tmp_path / "b.tar")
    unpack(tmp_path / "b.tar", tmp_path / "new")
    assert notes == []
    assert tree(tmp_path / "new") == tree(folder)


def test_the_manifest_has_the_checksum_of_every_file(folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        last = tar.getmembers()[-1]
        assert last.name == "manifest.jsonl"
        text = tar.extractfile(last)
        assert text is not None
        lines = [json.loads(line) for line in text]
    sums = {line["path"]: line["sha256"] for line in lines if "sha256" in line}
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sums == {
        f"assets/{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_pipes_and_sockets_are_left_out_and_noted(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket"))
        notes = back_up(folder, tmp_path / "b.tar")
    assert [(kind, name) for kind, name, _ in notes] == [
        ("skipped", "assets/pipe"), ("skipped", "assets/socket"),
    ]  # fmt: skip
    check(tmp_path / "b.tar")


def test_a_folder_too_deep_to_read_is_noted_and_does_not_stop_the_rest(
    folder: Path, tmp_path: Path
) -> None:
    deep = folder.joinpath(*["d"] * 230)
    deep.mkdir(parents=True)
    notes = back_up(folder, tmp_path / "b.tar")
    assert [kind for kind, _, _ in notes] == ["lost"]
    unpack(tmp_path / "b.tar", tmp_path / "new")
    assert (tmp_path / "new" / "zwölf-\u202e").exists()


@pytest.mark.parametrize("size", [50_000, 40 * 2**20])
def test_a_file_that_grows_while_it_is_read_is_a_beginning_of_itself(
    tmp_path: Path, size: int
) -> None:
    (tmp_path / "made").mkdir()
    path = tmp_path / "made" / "log"
    path.write_bytes(b"line\n" * (size // 5))
    is_over = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not is_over.is_set():
                file.write(b"line\n")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        back_up(path.parent, tmp_path / "b.tar")
    finally:
        is_over.set()
        writer.join()
    unpack(tmp_path / "b.tar", tmp_path / "new")
    content = (tmp_path / "new" / "log").read_bytes()
    assert len(content) >= size // 5 * 5
    assert path.read_bytes().startswith(content)


def test_a_folder_that_is_swapped_for_a_link_is_never_left(tmp_path: Path) -> None:
    outside, made = tmp_path / "outside", tmp_path / "made"
    for one in (outside, made / "x"):
        one.mkdir(parents=True)
    (outside / "secret").write_text("secret")
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            (made / "x").rename(made / "kept")
            (made / "x").symlink_to(outside)
            (made / "x").unlink()
            (made / "kept").rename(made / "x")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(200):
            back_up(made, tmp_path / "b.tar")
            with tarfile.open(tmp_path / "b.tar") as tar:
                assert not [name for name in tar.getnames() if "secret" in name]
    finally:
        is_over.set()
        thread.join()


TOP = member("assets", tarfile.DIRTYPE)
INSTALLATION = member("installation", tarfile.DIRTYPE)
VOLUMES = member("volumes", tarfile.DIRTYPE)


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ([member("/etc/passwd")], "is no path within"),
        ([TOP, member("assets/../x")], "is no path within"),
        ([TOP, member("assets/./x")], "is no path within"),
        ([TOP, member("assets//x")], "is no path within"),
        ([member("elsewhere", tarfile.DIRTYPE)], "is in none of its parts"),
        ([TOP, member("assets/d", tarfile.CHRTYPE)], "is neither file"),
        ([TOP, member("assets/d", tarfile.BLKTYPE)], "is neither file"),
        ([TOP, member("assets/d", tarfile.FIFOTYPE)], "is neither file"),
        ([TOP, member("assets/h", tarfile.LNKTYPE, linkname="/etc/passwd")], "is neither file"),
        ([TOP, member("assets/s", mode=0o4755)], "has mode 4755"),
        ([TOP, member("assets/x/y")], "has no folder"),
        ([member("assets/x")], "has no folder"),
        ([TOP, member("assets/x", tarfile.SYMTYPE, linkname="/"), member("assets/x/y")],
         "has no folder"),
        ([TOP, member("assets/x"), member("assets/x")], "is there twice"),
        ([TOP, member("assets/y"), member("assets/x")], "out of order"),
        ([member("homes", tarfile.DIRTYPE), TOP], "out of order"),
        ([member("assets", tarfile.SYMTYPE, linkname="/")], "is no folder"),
        ([INSTALLATION, member("installation/x")], "is in none of its parts"),
        ([INSTALLATION, member("installation/.lock")], "is in none of its parts"),
        ([INSTALLATION, member("installation/twinhub.yaml", tarfile.SYMTYPE, linkname="x")],
         "is a symbolic link"),
        ([VOLUMES, member("volumes/alice")], "is no folder"),
        ([VOLUMES, member("volumes/-a", tarfile.DIRTYPE)], "is in none of its parts"),
    ],
)  # fmt: skip
def test_a_member_that_no_backup_has_is_refused_before_anything_is_made(
    tmp_path: Path, members: list[tarfile.TarInfo], what: str
) -> None:
    path = write_archive(tmp_path / "b.tar", *members)
    with pytest.raises(ArchiveError, match=what) as raised:
        restore(Installation(tmp_path / "new"), path, Steps(quiet=True), prefix="")
    assert str(raised.value).startswith(f"{path}: {members[-1].name!r}: ")
    assert not (tmp_path / "new").exists()


def test_another_format_is_refused_with_the_version_that_made_it(tmp_path: Path) -> None:
    header = replace(HEADER, format=7, twinhub="3.0")
    path = write_archive(tmp_path / "b.tar", header=header)
    with pytest.raises(ArchiveError, match=r"format 7, made by TwinHub 3\.0"):
        check(path)


def test_any_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    for content in (b"", b"x", os.urandom(20_000), bytes(20_000)):
        path.write_bytes(content)
        with pytest.raises(ArchiveError, match=r"b\.tar: "):
            check(path)
    with tarfile.open(path, "w") as tar:
        tar.addfile(member("assets", tarfile.DIRTYPE))
    with pytest.raises(ArchiveError, match="is no archive of `twinhub backup`"):
        check(path)


def test_an_archive_that_ends_early_is_refused_wherever_it_ends(
    folder: Path, tmp_path: Path
) -> None:
    back_up(folder, tmp_path / "b.tar")
    content = (tmp_path / "b.tar").read_bytes()
    manifest = content.rindex(b"manifest.jsonl")
    for length in range(0, manifest + 600, 257):
        (tmp_path / "cut.tar").write_bytes(content[:length])
        with pytest.raises(ArchiveError, match=r"cut\.tar: "):
            check(tmp_path / "cut.tar")


def test_an_archive_without_its_manifest_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "b.tar", TOP)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"manifest.jsonl")] + bytes(10240))
    with pytest.raises(ArchiveError, match="damaged or ends too early"):
        check(path)


def _flip(content: bytearray) -> None:
    content[content.index(b"\n", content.index(b"#!/bin/sh")) - 1] ^= 1


def _rename(content: bytearray) -> None:
    """Rename a member, its header's checksum included."""
    at = content.index(b"assets/empty\0")
    header = tarfile.TarInfo.frombuf(bytes(content[at : at + 512]), "utf-8", "strict")
    header.name = "assets/emptz"
    content[at : at + 512] = header.tobuf(tarfile.PAX_FORMAT)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_flip, r"'assets/a/program': damaged: sha256"),
        (_rename, r"'assets/empty': is in the manifest, where the archive has 'assets/emptz'"),
    ],
)
def test_a_changed_byte_is_found_and_located(
    folder: Path, tmp_path: Path, change: Callable[[bytearray], None], what: str
) -> None:
    back_up(folder, tmp_path / "b.tar")
    content = bytearray((tmp_path / "b.tar").read_bytes())
    change(content)
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(ArchiveError, match=what):
        check(tmp_path / "b.tar")


class _Changing(ArchiveWriter):
    """Writes a manifest that lacks a member, or has one more."""

    def __init__(self, file: IO[bytes], *, lacks: str, more: str) -> None:
        super().__init__(file, HEADER)
        self._lacks, self._more = lacks, more

    def add(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        at = self._manifest.tell()
        super().add(member, content)
        if member.name == self._lacks:
            self._manifest.seek(at)
            self._manifest.truncate()
        if self._more:
            line = json.dumps({"path": self._more, "kind": "folder", "mode": "0755"})
            self._manifest.write(line.encode() + b"\n")


@pytest.mark.parametrize(("lacks", "more"), [("assets/x", ""), ("assets/y", ""), ("", "assets/z")])
def test_a_member_too_many_or_too_few_is_found(tmp_path: Path, lacks: str, more: str) -> None:
    with (
        (tmp_path / "b.tar").open("wb") as file,
        _Changing(file, lacks=lacks, more=more) as writer,
    ):
        for one in (TOP, member("assets/x"), member("assets/y")):
            writer.add(one, io.BytesIO())
    with pytest.raises(ArchiveError, match="manifest"):
        check(tmp_path / "b.tar")


def test_a_folder_in_use_is_not_restored_into(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "b.tar", TOP)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").write_text("mine")
    with pytest.raises(Exception, match="is not empty"):
        restore(Installation(tmp_path / "new"), path, Steps(quiet=True), prefix="")
    assert os.listdir(tmp_path / "new") == ["mine"]  # noqa: PTH208


def hollow(path: Path, size: int, *, data: bytes = b"") -> None:
    """Make a file of a size that has only some data at its end on the disk."""
    with path.open("wb") as file:
        file.truncate(size)
        if data:
            file.seek(size - len(data))
            file.write(data)


def test_a_file_of_holes_is_lost_and_does_not_fill_the_disk(folder: Path, tmp_path: Path) -> None:
    hollow(folder / "huge", 7 * 2**40)
    notes = back_up(folder, tmp_path / "b.tar")
    assert [(kind, name) for kind, name, _ in notes] == [("lost", "assets/huge")]
    assert "7168.0 GiB of it are holes" in notes[0][2]
    assert "remove or shorten it" in notes[0][2]
    unpack(tmp_path / "b.tar", tmp_path / "new")
    (folder / "huge").unlink()
    assert tree(tmp_path / "new") == tree(folder)


@pytest.mark.heavy
def test_many_files_of_holes_are_no_way_around_it(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    for number in range(200):
        hollow(made / f"{number:03}", 16 * 2**20)
    notes = back_up(made, tmp_path / "b.tar")
    assert [kind for kind, _, _ in notes] == ["lost"] * (200 - MOST_HOLES // (16 * 2**20))
    assert (tmp_path / "b.tar").stat().st_blocks * 512 < 2**20


def test_a_few_holes_are_kept_as_zeros_and_take_no_place(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    hollow(made / "small", 2**20, data=b"end")
    hollow(made / "large", 40 * 2**20, data=b"end")
    assert back_up(made, tmp_path / "b.tar") == []
    unpack(tmp_path / "b.tar", tmp_path / "new")
    assert tree(tmp_path / "new") == tree(made)
    for path in (tmp_path / "b.tar", tmp_path / "new" / "large"):
        assert path.stat().st_blocks * 512 < 2**20


def test_the_holes_of_one_user_are_not_counted_for_another(tmp_path: Path) -> None:
    for user in ("alice", "bob"):
        (tmp_path / "assets" / user).mkdir(parents=True)
    hollow(tmp_path / "assets" / "alice" / "huge", 2 * MOST_HOLES)
    hollow(tmp_path / "assets" / "alice" / "some", MOST_HOLES // 64)
    hollow(tmp_path / "assets" / "bob" / "some", MOST_HOLES // 64)
    read, lost = [], []
    reader = FolderReader(
        add=lambda one, _: read.append(one.name), note=lambda _, name, __: lost.append(name)
    )
    reader.read(str(tmp_path / "assets"), "assets", users_at=1)
    assert lost == ["assets/alice/huge"]
    assert {"assets/alice/some", "assets/bob/some"} <= set(read)


def test_a_file_that_grows_while_it_is_read_is_not_taken_into_memory(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    path = tmp_path / "made" / "z"
    path.write_bytes(b"x")
    taken: list[int] = []

    is_over = threading.Event()

    def grow() -> None:
        while not is_over.is_set():
            os.truncate(path, 7 * 2**40)
            os.truncate(path, 1)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(300):
            FolderReader(add=lambda one, _: taken.append(one.size), note=lambda *_: None).read(
                str(path.parent), "assets"
            )
    finally:
        is_over.set()
        thread.join()
    assert max(taken) <= 16 * 2**20
