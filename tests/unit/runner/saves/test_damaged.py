"""What is no whole save, or is more than one, is refused with nothing changed."""

from __future__ import annotations

import bz2
import io
import json
import resource
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

from tests.unit.runner.saves.asking import MOST_BYTES, TEAM, run, save

pytestmark = pytest.mark.heavy  # real sandboxes
_KIB_OF_A_REQUEST = 150 << 10


def rewrite(archive: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> None:
    """Change what an archive says of itself, and its files."""
    with zipfile.ZipFile(archive) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(entries.pop("save.json"))
    change(manifest, entries)
    with zipfile.ZipFile(archive, "w") as new:
        new.writestr("save.json", json.dumps(manifest))
        for name, content in entries.items():
            new.writestr(name, content)


def _flip(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    name = b"state/state/deep/level"
    at = content.index(name) + len(name) + 21  # past the sizes in 64 bits: its content
    content[at] ^= 0xFF
    archive.write_bytes(content)


def _swap(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    del manifest
    entries["state/state/deep/level"] = b"99\n"


def _escape(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    manifest["files"][0]["path"] = "../../escaped"
    entries["state/../../escaped"] = entries["state/state/deep/level"]


def _replace_program(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    manifest["files"][0]["path"] = "save"
    entries["state/save"] = entries["state/state/deep/level"]


def _grow(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    del entries
    manifest["files"][0]["size"] = MOST_BYTES + 1


def _pack_otherwise(archive: Path) -> None:
    """Have a kilobyte that unpacks to half a gigabyte at once, and says that it is a short one."""
    packer, zeros = bz2.BZ2Compressor(), bytes(1 << 20)
    packed = b"".join(packer.compress(zeros) for _ in range(512)) + packer.flush()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("save.json", packed)
    content = archive.read_bytes()
    for head, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        method = content.index(head) + at
        content = content[:method] + b"\x0c\0" + content[method + 2 :]
    archive.write_bytes(content)


def _have_many(archive: Path) -> None:
    """Have a list of entries that takes a gigabyte of memory, and say that it is a short one."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("a", b"")
    one = content.getvalue()
    entry = one[one.index(b"PK\x01\x02") : one.index(b"PK\x05\x06")]
    count = 1_500_000
    size, at = count * len(entry), 31
    fake = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(entry), 31)
    true = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, at + 56)
    with archive.open("wb") as file:
        file.write(one[:at] + fake)
        for _ in range(count // 1000):
            file.write(entry * 1000)
        file.write(true + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1))
        file.write(struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), at, 0))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": _flip,
    "cut": lambda archive: archive.write_bytes(archive.read_bytes()[:-30]),
    "none": lambda archive: archive.write_bytes(b"no archive"),
    "swapped": lambda archive: rewrite(archive, _swap),
    "escaping": lambda archive: rewrite(archive, _escape),
    "program": lambda archive: rewrite(archive, _replace_program),
}


def test_damaged_archive_is_refused_and_nothing_changed(client_of: Client, root: Path) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    archive = save(alice, run(alice, "create", "execute")["id"])
    good = (root / archive).read_bytes()
    before = _files(root)
    for name, damage in DAMAGES.items():
        (root / archive).write_bytes(good)
        damage(root / archive)
        for route, body in (("restores", {}), ("forks", {"name": "mine"})):
            answer = bob.post(f"/api/{route}", json={"archive": archive, **body})
            assert (answer.status_code, answer.json().get("code")) == (422, "bad-save"), name
    assert bob.get("/api/runs", params={"twin": TEAM}).json()["items"][0]["owner"] == "alice"
    assert _files(root) - before <= {root / ".runs/aside"}, "nothing is left of it"


@pytest.mark.d4(26)
@pytest.mark.parametrize("make", [_pack_otherwise, _have_many])
def test_small_archive_that_would_take_much_memory_takes_none(
    client_of: Client, root: Path, make: Callable[[Path], None]
) -> None:
    bob, archive = client_of("bob"), "bob/data/bomb.zip"
    (root / "bob/data").mkdir()
    make(root / archive)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = bob.post("/api/restores", json={"archive": archive, "twin": TEAM})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-save")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _KIB_OF_A_REQUEST


def test_archive_with_more_than_a_run_may_write_is_refused_before_it_is_unpacked(
    client_of: Client, root: Path
) -> None:
    alice = client_of("alice")
    archive = save(alice, run(alice, "create")["id"])
    rewrite(root / archive, _grow)
    answer = alice.post("/api/restores", json={"archive": archive})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-save")
    assert "a run may write 1G" in answer.json()["detail"]


def _files(root: Path) -> set[Path]:
    return {one for one in root.rglob("*") if ".runs/copies" not in str(one)}
