from __future__ import annotations

import io
import os
import resource
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from twinhub_library.archives.packing import pack_tar, pack_zip
from twinhub_library.room import Limits
from twinhub_library.settings import LibrarySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.testclient import TestClient

LIMITS = Limits(most_unpacked=20 << 20, most_entries=50, most_ratio=20, deepest=5)


@pytest.fixture(name="library_settings")
def _library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    return LibrarySettings(library_root, tmp_path / "state", limits=LIMITS)


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient]) -> TestClient:
    return client_of("alice")


def _zip(entries: Mapping[str, bytes] | Mapping[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def _tar(*members: tarfile.TarInfo, mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return file.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, **facts: int | str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    for fact, value in facts.items():
        setattr(member, fact, value)
    return member


def _tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None
        for one in sorted(folder.rglob("*"))
    }


def _post(client: TestClient, content: bytes, path: str = "alice/models/new") -> tuple[int, str]:
    answer = client.post(f"/api/archives/{path}", content=content)
    return answer.status_code, str(answer.json().get("detail", ""))


def _fill(root: Path) -> dict[str, bytes | None]:
    folder = root / "alice" / "models" / "tank"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "sub" / "naïve 中.txt").write_text("names")
    (folder / "sub" / "run").write_bytes(os.urandom(3 << 20))
    (folder / "sub" / "run").chmod(0o755)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("not taken")
    expected = {name: content for name, content in _tree(folder).items() if ".git" not in name}
    (folder / "link").symlink_to("README.md")
    (folder / "out").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    return expected


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_folder_goes_out_and_comes_back_the_same_without_its_links(
    alice: TestClient, library_root: Path, kind: str
) -> None:
    expected = _fill(library_root)
    answer = alice.get("/api/archives/alice/models/tank", params={"format": kind})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="tank.{kind}"'
    assert _post(alice, answer.content, "alice/models/back") == (201, "")
    assert _tree(library_root / "alice" / "models" / "back") == {
        "tank": None, **{f"tank/{name}": content for name, content in expected.items()},
    }  # fmt: skip
    assert (library_root / "alice/models/back/tank/sub/run").stat().st_mode & 0o777 == 0o755


def test_zip_is_one_for_any_program(alice: TestClient, library_root: Path) -> None:
    _fill(library_root)
    answer = alice.get("/api/archives/alice/models/tank")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert "tank/sub/naïve 中.txt" in archive.namelist()
        assert archive.getinfo("tank/sub/naïve 中.txt").flag_bits & 0x800
    answer = alice.get("/api/archives/alice/models/tank", params={"format": "tar"})
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        assert "tank/sub/naïve 中.txt" in tar.getnames()


def test_ignored_files_come_along_where_they_are_asked_for(
    alice: TestClient, library_root: Path
) -> None:
    folder = library_root / "alice" / "models" / "tank"
    (folder / ".twinignore").write_text("*.txt\n")
    for everything, expected in ((False, 2), (True, 3)):
        answer = alice.get("/api/archives/alice/models/tank", params={"everything": everything})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert len(archive.namelist()) == expected


def test_name_that_is_no_text_is_packed_with_a_replacement(
    alice: TestClient, library_root: Path
) -> None:
    folder = os.fsencode(library_root / "alice" / "models" / "tank")
    with open(folder + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123 - a name of bytes
        file.write(b"x")
    for kind in ("zip", "tar"):
        answer = alice.get("/api/archives/alice/models/tank", params={"format": kind})
        assert "caf\ufffd.txt".encode() in answer.content


@pytest.mark.heavy
def test_memory_stays_flat_while_a_large_folder_is_packed(library_root: Path) -> None:
    folder = library_root / "alice" / "data"
    with (folder / "large.bin").open("wb") as file:
        file.truncate(100 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for packer in (pack_tar, pack_zip):
        size = sum(map(len, packer(lambda: os.open(folder, os.O_RDONLY), "data")))
        assert size > 90 << 10
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20 << 10  # KiB


@pytest.mark.d4(26)
@pytest.mark.parametrize(
    "name",
    ["../out.txt", "/etc/passwd", "a/../../out", "n" * 256, "..\\..\\out", "..", "x\ny"],
)
def test_archive_with_a_name_that_leads_elsewhere_is_refused_whole(
    alice: TestClient, library_root: Path, name: str
) -> None:
    before = _tree(library_root)
    for content in (_zip({"fine.txt": b"x", name: b"x"}), _tar(_member("fine"), _member(name))):
        assert _post(alice, content)[0] == 422
    after = _tree(library_root)
    assert {path for path in after if not path.startswith(".library")} == {
        path for path in before if not path.startswith(".library")
    }


@pytest.mark.d4(26)
@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)  # fmt: skip
def test_archive_with_links_or_devices_is_refused_whole(
    alice: TestClient, library_root: Path, kind: bytes
) -> None:
    bad = _member("bad", kind, linkname="/etc/passwd")
    status, detail = _post(alice, _tar(_member("fine", size=3), bad))
    assert status == 422
    assert "bad" in detail or "broken" in detail
    assert not (library_root / "alice" / "models" / "new").exists()


@pytest.mark.d4(26)
@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_zip_with_links_or_devices_is_refused_whole(alice: TestClient, kind: int) -> None:
    bad = zipfile.ZipInfo("bad")
    bad.external_attr = (kind | 0o777) << 16
    entries: dict[str | zipfile.ZipInfo, bytes] = {"fine": b"x", bad: b"/etc/passwd"}
    status, detail = _post(alice, _zip(entries))
    assert status == 422
    assert "bad is no file or folder" in detail


@pytest.mark.heavy
@pytest.mark.d4(26)
def test_archive_over_a_limit_is_refused_before_anything_is_in_place(
    alice: TestClient, library_root: Path
) -> None:
    bomb = bytes(12 << 20)
    many = {f"f{number}": b"" for number in range(51)}
    for content in (
        _zip({"bomb": bomb}),
        _tar(_member("bomb", size=12 << 20), mode="w:gz"),
        _tar(_member("bomb", size=12 << 20), mode="w:bz2"),
        _tar(_member("large", size=21 << 20)),
        _zip({"/".join("a" * 6): b""}),
        _tar(_member("/".join("a" * 6))),
        _zip(many),
        _tar(*map(_member, many)),
    ):
        status, detail = _post(alice, content)
        assert status == 413, detail
        assert not (library_root / "alice" / "models" / "new").exists()
    assert list((library_root / "alice" / "models").iterdir()) == [
        library_root / "alice" / "models" / "tank"
    ]


@pytest.mark.d4(26)
def test_archive_that_lies_about_its_size_is_stopped(alice: TestClient) -> None:
    content = bytearray(_zip({"liar": bytes(12 << 20)}))
    for at in (content.find(b"PK\x03\x04") + 22, content.find(b"PK\x01\x02") + 24):
        content[at : at + 4] = (1000).to_bytes(4, "little")
    status, detail = _post(alice, bytes(content))
    assert status == 422
    assert "broken" in detail


@pytest.mark.d4(26)
def test_tar_that_describes_an_entry_at_length_is_stopped(alice: TestClient) -> None:
    long = _member("x", tarfile.XHDTYPE, size=17 << 20)
    status, detail = _post(alice, _tar(long, mode="w:gz"))
    assert status == 413, detail


def test_what_is_no_archive_or_cut_off_is_refused(alice: TestClient, library_root: Path) -> None:
    whole = _tar(_member("a", size=600), _member("b", size=600))
    packed = _tar(_member("a", size=600), _member("b", size=600), mode="w:gz")
    zipped = _zip({"a": os.urandom(600), "b": os.urandom(600)})
    broken = bytearray(zipped)
    broken[60] ^= 0xFF
    for content in (
        b"", b"no archive", whole[:1024], whole[:1600], whole[:2000], packed[:-20], zipped[:-30],
        bytes(broken), b"PK\x03\x04" + bytes(100), b"\x1f\x8b" + bytes(100), b"BZh" + bytes(9),
    ):  # fmt: skip
        status, detail = _post(alice, content)
        assert status == 422, detail
    assert not (library_root / "alice" / "models" / "new").exists()


def test_entry_that_is_there_twice_is_refused(alice: TestClient) -> None:
    assert _post(alice, _tar(_member("a"), _member("a")))[0] == 422
    assert _post(alice, _tar(_member("a"), _member("a/b")))[0] == 422


def test_archive_is_not_unpacked_over_what_is_there(alice: TestClient, library_root: Path) -> None:
    before = _tree(library_root / "alice")
    assert _post(alice, _zip({"a": b"x"}), "alice/models/tank")[0] == 409
    assert _post(alice, _zip({"a": b"x"}), "alice/nowhere/new")[0] == 404
    assert _tree(library_root / "alice") == before
    assert list((library_root / ".library" / "unfinished").iterdir()) == []


@pytest.mark.d4(14)
def test_archive_of_or_into_what_is_not_the_callers_is_refused(
    client_of: Callable[[str], TestClient],
) -> None:
    bob = client_of("bob")
    assert bob.get("/api/archives/alice/models/tank").status_code == 404
    assert _post(bob, _zip({"a": b"x"}))[0] == 404
    assert _post(bob, _zip({"a": b"x"}), "common/models/new")[0] == 403
