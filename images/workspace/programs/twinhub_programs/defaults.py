"""Files that a home begins with: laid once, replaced while they are as they were laid, else kept.

The record ``defaults`` in TwinHub's folder of the home has a line ``DIGEST  PATH`` for each default
that was ever laid or offered, as ``sha256sum`` writes them. A file with a digest of the record is
one that its owner has not changed. One that is gone stays away.
"""

from __future__ import annotations

import os

from twinhub_programs.homefiles import (
    HomeError,
    ensure_folder,
    kind_of,
    read_file,
    say,
    write_file,
)  # fmt: skip

RECORD = "defaults"
SUFFIX = ".twinhub-new"
_HOME, _TUTORIALS = "skel", "tutorials"
_WORKSPACE = "/workspace"
_BEFORE_RECORDS = (".bash_logout", ".bashrc", ".profile")
"""What images laid that kept no record: a missing one was removed."""

Record = dict[str, list[str]]


def lay_defaults(parts: str, home: str, state: str, *, tutorials: bool) -> None:
    """Bring the files of this image into the home, and the tutorials into ``/workspace``."""
    record = read_record(f"{parts}/digests")
    seen = read_record(f"{state}/{RECORD}")
    if not seen and any(name.startswith("edition") for name in os.listdir(state)):
        seen = {f"{_HOME}/{name}": [""] for name in _BEFORE_RECORDS}
    before = str(seen)
    for path, (digest, *_) in sorted(record.items()):
        area, _, name = path.partition("/")
        known = seen.setdefault(path, [])
        if area == _HOME:
            _lay(f"{parts}/{path}", home, name, digest, known)
        elif area == _TUTORIALS and tutorials:
            _lay_tutorial(f"{parts}/{path}", path, digest, known)
        else:
            continue
        if digest not in known:
            known.append(digest)
    if str(seen) != before:
        write_record(f"{state}/{RECORD}", seen)


def read_record(path: str) -> Record:
    """Return the digests for each path; of a record that cannot be read none."""
    record: Record = {}
    for line in (read_file(path) or b"").decode("utf-8", "replace").splitlines():
        digest, separator, name = line.partition("  ")
        if separator:
            record.setdefault(name, []).append(digest)
    return record


def write_record(path: str, record: Record) -> None:
    """Write what :func:`read_record` reads."""
    lines = [f"{digest}  {name}\n" for name in sorted(record) for digest in record[name]]
    write_file(path, "".join(lines).encode())


def _lay(source: str, top: str, name: str, digest: str, known: list[str]) -> None:
    """Lay, replace, offer or leave one file."""
    target = f"{top}/{name}"
    found = kind_of(target)
    if found == "nothing":
        if not known:
            _put(source, target, top)
        return
    present = _digest_of(target)
    if present == digest:
        return
    if present in known:
        _put(source, target, top)
        say(f"{target} is now that of this image: you had not changed the one before")
    elif digest not in known and top != _WORKSPACE:
        _offer(source, target, top)


def _offer(source: str, target: str, top: str) -> None:
    if kind_of(target + SUFFIX) == "folder":
        return
    _put(source, target + SUFFIX, top)
    say(f"{target} is yours and stays; what this image brings lies beside it as {target}{SUFFIX}")


def _put(source: str, target: str, top: str) -> None:
    try:
        folder = os.path.dirname(target)
        if folder != top:
            ensure_folder(folder, above=top)
    except HomeError as error:
        say(f"{target} was not laid: {error}")
        return
    mode = os.stat(source).st_mode & 0o777
    write_file(target, read_file(source) or b"", mode=mode | 0o200)


def _lay_tutorial(source: str, path: str, digest: str, known: list[str]) -> None:
    """Lay a tutorial; a folder of assets that cannot be written is no reason to fail."""
    try:
        _lay(source, _WORKSPACE, path, digest, known)
    except OSError as error:
        say(f"{_WORKSPACE}/{path} was not laid: {error}")


def _digest_of(path: str) -> str | None:
    content = read_file(path)
    if content is None:
        return None
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which a new home needs not

    return sha256(content).hexdigest()
