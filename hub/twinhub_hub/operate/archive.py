"""The archive of `twinhub backup`: a tar whose last member is a manifest of all others.

First comes a header, then the parts in a fixed order, each as folders before what is in them and
sorted by name, last the manifest: a JSON line for each member. So an archive is checked in one pass
and in little memory, and one that was cut off has no manifest.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Self, cast

from twinhub_hub.operate.errors import ArchiveError
from twinhub_hub.operate.folder_reader import forget_members
from twinhub_hub.operate.holes import HoleyFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

FORMAT = 1
INSTALLATION, ASSETS, HOMES, VOLUMES = PARTS = ("installation", "assets", "homes", "volumes")
_HEADER, _MANIFEST = "twinhub-backup.json", "manifest.jsonl"
_ALLOWED = re.compile(
    r"installation(/twinhub\.yaml|/(jupyterhub_config\.d|secrets)(/.+)?|/state(/[\w-]+\.sqlite|/users-deleted(/[a-z0-9-]+\.json)?)?|/(library|runner)(/[\w-]+\.sqlite)?)?"
    r"|assets(/.+)?|homes(/.+)?|volumes(/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(/.+)?)?",
    re.DOTALL,
)
_KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
}
_MODES = {"file": 0o1777, "folder": 0o3777, "link": 0o777}
_HEADER_BYTES = 2**16
_LINE_BYTES = 2**18
_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Header:
    """What the first member says of the whole."""

    format: int
    twinhub: str
    """Version of TwinHub."""
    created: str
    engine: str
    uid: int
    prefix: str
    """``engine.prefix`` of the installation."""
    network: str


@dataclass(frozen=True)
class Contents:
    """What a whole and undamaged archive holds."""

    header: Header
    members: int
    size: int
    """Bytes of all files."""
    has_volumes: bool
    has_settings: bool
    """False: what a deleted user left, and no installation."""


class ArchiveWriter:
    """Writes an archive to an open file; it is whole when its ``with`` statement has ended well."""

    def __init__(self, file: IO[bytes], header: Header) -> None:
        """Write the header."""
        self._file = HoleyFile(file)
        self._tar = tarfile.open(  # noqa: SIM115 - closed at the end
            fileobj=cast("IO[bytes]", self._file), mode="w|", format=tarfile.PAX_FORMAT
        )
        self._manifest = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the archive
        self.notes: Counter[str] = Counter()
        self.members = self.size = 0
        text = json.dumps(asdict(header), indent=1).encode()
        self._put(_HEADER, io.BytesIO(text), len(text))

    def add(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        """Write a member and its line of the manifest."""
        member.pax_headers = {}  # of another archive, which would win
        hashing = _Hashing(content)
        self._tar.addfile(member, cast("IO[bytes]", hashing) if member.isreg() else None)
        forget_members(self._tar)
        self._manifest.write(_line(member, hashing.hexdigest()))
        self.members += 1
        self.size += member.size

    def note(self, kind: str, name: str, why: str) -> None:
        """Note something odd in the manifest."""
        self.notes[kind] += 1
        self._manifest.write(json.dumps({"note": kind, "path": name, "why": why}).encode() + b"\n")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the manifest, unless something went wrong, and the end of the tar."""
        with self._manifest:
            if error is None:
                self._finish()
                self._tar.close()
                self._file.finish()
            else:
                with suppress(OSError):
                    self._tar.close()

    def _finish(self) -> None:
        self._manifest.write(json.dumps({"members": self.members}).encode() + b"\n")
        size = self._manifest.tell()
        self._manifest.seek(0)
        self._put(_MANIFEST, self._manifest, size)

    def _put(self, name: str, content: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, content)


class _Hashing:
    """Reads on behalf of tarfile and hashes what it sees."""

    def __init__(self, content: IO[bytes] | None) -> None:
        self._content, self._hash = content, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size) if self._content else b""
        self._hash.update(chunk)
        return chunk

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _line(member: tarfile.TarInfo, digest: str) -> bytes:
    kind = _KINDS.get(member.type)
    line: dict[str, object] = {"path": member.name, "kind": kind, "mode": f"{member.mode:04o}"}
    if kind == "file":
        line |= {"size": member.size, "sha256": digest}
    elif kind == "link":
        line["target"] = member.linkname
    return json.dumps(line).encode() + b"\n"


class Content:
    """The content of a member that is read right now; damage is an `ArchiveError`."""

    def __init__(self, archive: str, member: tarfile.TarInfo, file: IO[bytes]) -> None:
        """Name what is read for the message."""
        self._archive, self._member, self._file = archive, member, file

    def chunks(self) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        while chunk := self._read():
            yield chunk

    def _read(self) -> bytes:
        try:
            return self._file.read(_CHUNK_BYTES)
        except (tarfile.TarError, EOFError) as error:
            raise _cut_off(self._archive, self._member.name) from error


def verify(file: IO[bytes], name: str) -> Contents:
    """Read an archive to its end, check it against its manifest, and say what it holds.

    Raises:
        ArchiveError: it is not whole, damaged, of another format, or holds what no backup has.
    """
    reader = ArchiveReader(file, name)
    members = size = 0
    has_volumes = has_settings = False
    with tempfile.TemporaryFile() as seen:
        for member, content in reader.members():
            digest = hashlib.sha256()
            for chunk in content.chunks() if content else ():
                digest.update(chunk)
            seen.write(_line(member, digest.hexdigest()))
            members, size = members + 1, size + member.size
            has_volumes |= member.name.startswith(f"{VOLUMES}/")
            has_settings |= member.name == f"{INSTALLATION}/twinhub.yaml"
        seen.seek(0)
        reader.check_manifest(seen, members)
    return Contents(reader.header, members, size, has_volumes, has_settings)


class ArchiveReader:
    """Reads an archive from its beginning and trusts nothing in it."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        """Read the header.

        Raises:
            ArchiveError: this is no archive of `twinhub backup`, or of an unknown format.
        """
        self._name = name
        file.seek(0)
        try:
            self._tar = tarfile.open(fileobj=file, mode="r|")  # noqa: SIM115 - the file's owner closes
        except tarfile.TarError as error:
            raise ArchiveError(f"{name}: is no tar archive ({error})") from error
        self.header = self._read_header()
        self._folders: list[str] = []
        self._last: tuple[object, ...] = (-1,)
        self._manifest: IO[bytes] | None = None

    def members(self) -> Iterator[tuple[tarfile.TarInfo, Content | None]]:
        """Yield each member, a file with its content, to be read before the next is asked for.

        Raises:
            ArchiveError: a member that no backup has, or the end comes before the manifest.
        """
        while (member := self._next()).name != _MANIFEST:
            self._check(member)
            file = self._tar.extractfile(member) if member.isreg() else None
            yield member, Content(self._name, member, file) if file else None
        self._manifest = self._tar.extractfile(member)

    def check_manifest(self, seen: IO[bytes], members: int) -> None:
        """Compare the manifest, after the last member, with the lines of what was seen.

        Raises:
            ArchiveError: they differ; names the member.
        """
        try:
            end = self._compare(seen)
            if end != {"members": members} or seen.readline():
                raise ArchiveError(f"{self._name}: {_MANIFEST}: does not list every member")
            if self._tar.next() is not None:
                raise ArchiveError(f"{self._name}: something follows {_MANIFEST}")
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise _cut_off(self._name, _MANIFEST) from error

    def _compare(self, seen: IO[bytes]) -> object:
        """Return the line of the manifest that follows the last member."""
        manifest = self._manifest or io.BytesIO()
        while line := manifest.readline(_LINE_BYTES):
            listed = json.loads(line)
            if not isinstance(listed, dict) or "path" not in listed:
                return listed
            if "note" in listed:
                continue
            found = seen.readline()
            if line != found:
                raise ArchiveError(f"{self._name}: {_difference(listed, found)}")
        return None

    def _read_header(self) -> Header:
        member = self._next()
        file = self._tar.extractfile(member) if member.name == _HEADER and member.isreg() else None
        if file is None or member.size > _HEADER_BYTES:
            raise ArchiveError(f"{self._name}: is no archive of `twinhub backup`")
        try:
            found = json.loads(file.read())
            if found["format"] != FORMAT:
                raise ArchiveError(
                    f"{self._name}: {_HEADER}: has format {found['format']}, made by TwinHub "
                    f"{found.get('twinhub')}; this one reads format {FORMAT}: use that version"
                )
            header = Header(**found)
        except (tarfile.TarError, ValueError, TypeError, KeyError) as error:
            raise ArchiveError(f"{self._name}: {_HEADER}: cannot be read ({error})") from error
        return header

    def _next(self) -> tarfile.TarInfo:
        try:
            member = self._tar.next()
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise _cut_off(self._name, f"byte {self._tar.offset}") from error
        forget_members(self._tar)
        if member is None:
            raise _cut_off(self._name, f"byte {self._tar.offset}")
        return member

    def _check(self, member: tarfile.TarInfo) -> None:
        """Refuse what could be written elsewhere, or over something else."""
        if fault := self._fault(member):
            raise ArchiveError(
                f"{self._name}: {member.name!r}: {fault}: no backup of TwinHub has that"
            )
        if member.isdir():
            self._folders.append(member.name)

    def _fault(self, member: tarfile.TarInfo) -> str:
        kind, parts = _KINDS.get(member.type, ""), member.name.split("/")
        is_link_of_ours = kind == "link" and parts[0] == INSTALLATION
        is_top = len(parts) <= 1 + (parts[0] == VOLUMES)
        faults = {
            "is neither file nor folder nor symbolic link": not kind or member.issparse(),
            "is no path within the archive": not {"", ".", ".."}.isdisjoint(parts),
            "is in none of its parts": not _ALLOWED.fullmatch(member.name),
            f"has mode {member.mode:o}": member.mode & ~_MODES.get(kind, 0),
            "is a symbolic link": is_link_of_ours or (kind == "link" and not member.linkname),
            "is no folder": is_top and kind != "folder",
        }
        found = next((fault for fault, is_so in faults.items() if is_so), "")
        return found or self._misplaced(member.name, parts)

    def _misplaced(self, name: str, parts: list[str]) -> str:
        """Have each member stand after its folder, once: nothing can be written through a link."""
        place = (PARTS.index(parts[0]), *parts[1:])
        is_after, self._last = place > self._last, place
        while self._folders and not name.startswith(f"{self._folders[-1]}/"):
            self._folders.pop()
        parent = name.rpartition("/")[0]
        if not is_after:
            return "is there twice or out of order"
        return "" if parent == (self._folders[-1] if self._folders else "") else "has no folder"


def _cut_off(archive: str, where: str) -> ArchiveError:
    return ArchiveError(f"{archive}: {where}: the archive is damaged or ends too early")


def _difference(listed: dict[str, object], found: bytes) -> str:
    """Say what the manifest has and the archive has not."""
    seen: dict[str, object] = json.loads(found) if found else {}
    if listed.get("path") != seen.get("path"):
        there = f"the archive has {seen.get('path')!r}"
        return f"{listed.get('path')!r}: is in the manifest, where {there}"
    keys = [key for key in {**listed, **seen} if listed.get(key) != seen.get(key)]
    return f"{listed['path']!r}: damaged: {', '.join(keys)} not as in the manifest"
