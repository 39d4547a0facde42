"""Uploads that can be resumed: what has arrived of a file, until all has and it is put in place.

``.library/uploads/<id>`` holds ``record.json``, written last when an upload begins, and ``data``.
How far an upload is, is how long ``data`` is, so what reached the disk counts, whenever the server
is killed. Without ``data`` the file is in its place already. ``unverified`` is there while a piece
with a checksum of its own arrives, and says where the piece began: it does not count if cut off.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import ChangedError, NotThereError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import OWN_FOLDER, split_path
from twinhub_library.checksums import digest_file
from twinhub_library.errors import BadRequestError, LibraryError
from twinhub_library.files import within_area
from twinhub_library.room import CHECKED_EACH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_kit.background import Background

    from twinhub_library.files import Files
    from twinhub_library.settings import LibrarySettings

_log = logging.getLogger(__name__)

_UPLOADS = RelativePath((OWN_FOLDER, "uploads"))
_RECORD, _DATA, _UNVERIFIED = "record.json", "data", "unverified"
_ID = re.compile(r"[0-9a-f]{32}")
_MOST_BYTES = 1 << 16
_SECONDS_BETWEEN_PURGES = 3600.0
_DONE = timedelta(hours=1)
"""How long one that is done is remembered, so that whoever missed the answer finds that it is."""
MOST_OPEN = 200
"""Uploads that one person may have begun and not ended."""


class TooManyUploadsError(LibraryError):
    """Somebody has begun more uploads than they end."""

    code = "too-many-uploads"
    status = 429


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrives piece by piece."""

    id: str
    owner: str
    path: str
    """Where it is to be, as a path of the library."""
    size: int
    expires_at: datetime
    if_match: str | None = None
    """The etag that what is there must have at the end; empty if there must be nothing."""
    sha256: str = ""
    """What its content must have, if its owner has said."""
    is_done: bool = False


class Uploads:
    """All uploads; every method may be called from any thread."""

    def __init__(self, files: Files, *, days: int) -> None:
        """Keep uploads for some days after they were begun."""
        self._files, self._tree, self.days = files, files.tree, days
        self._lock = threading.Lock()
        self._known: dict[str, Upload] = {}
        self._finishing: dict[str, threading.Lock] = {}

    def begin(
        self, owner: str, path: RelativePath, size: int, *, if_match: str | None = None,
        sha256: str = "",
    ) -> Upload:  # fmt: skip
        """Begin an upload of so many bytes; there must be room for all of them.

        Raises:
            NotThereError: the folder that it is to be in is not there.
            LibraryError: as `Room.check`.
            TooManyUploadsError: the owner has too many open.
        """
        area, _ = within_area(path)
        os.close(self._tree.open_folder_descriptor(path.parent))
        with self._lock:
            mine = [one for one in self._known.values() if one.owner == owner and not one.is_done]
            if len(mine) >= MOST_OPEN:
                raise TooManyUploadsError(f"{MOST_OPEN} uploads of yours are open: end some.")
            self._files.room.check(area, size, promised=self._count_promised(mine))
            upload = Upload(
                secrets.token_hex(16), owner, str(path), size,
                datetime.now(UTC) + timedelta(days=self.days), if_match, sha256,
            )  # fmt: skip
            self._known[upload.id] = upload
        try:
            self._tree.ensure_folder(_UPLOADS / upload.id)
            self._tree.write_file(_UPLOADS / upload.id / _DATA, [])
            self._write_record(upload)
        except LibraryError:
            self.remove(upload.id)
            raise
        return upload

    def get(self, number: str) -> Upload:
        """Return an upload.

        Raises:
            NotThereError: there is none, or it has expired.
        """
        with self._lock:
            upload = self._known.get(number)
        if upload is None or upload.expires_at < datetime.now(UTC):
            raise NotThereError("There is no such upload: it has ended, or expired. Begin anew.")
        return upload

    def list_of(self, owner: str) -> list[Upload]:
        """Return the uploads of a person that can be resumed, the first to expire first."""
        now = datetime.now(UTC)
        with self._lock:
            found = [one for one in self._known.values() if one.owner == owner]
        open_ones = [one for one in found if not one.is_done and one.expires_at > now]
        return sorted(open_ones, key=lambda one: (one.expires_at, one.id))

    def get_offset(self, upload: Upload) -> int:
        """Return how many bytes have arrived."""
        if upload.is_done:
            return upload.size
        with self._data(upload.id, os.O_RDONLY) as data:
            return os.fstat(data).st_size if data is not None else upload.size

    def append(self, number: str, content: bytearray) -> None:
        """Add bytes at the end; they count when `flush` has returned.

        Raises:
            BadRequestError: they are more than were announced.
            FullError: there is no room; those that fit have arrived.
        """
        upload = self.get(number)
        if not content:
            return
        with self._data(number, os.O_WRONLY | os.O_APPEND) as data, translated(_path(upload)):
            if data is None:
                raise BadRequestError("The upload has all its bytes already.")
            before = os.fstat(data).st_size
            if before + len(content) > upload.size:
                raise BadRequestError(f"The upload was announced with {upload.size:,} bytes.")
            if before // CHECKED_EACH != (before + len(content)) // CHECKED_EACH:
                self._files.room.check_disk(min(CHECKED_EACH, upload.size - before))
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(data, rest) :]

    def flush(self, number: str) -> None:
        """Bring what has arrived to the disk."""
        with self._data(number, os.O_RDONLY) as data, translated(_UPLOADS):
            if data is not None:
                os.fdatasync(data)

    def begin_piece(self, number: str) -> None:
        """Note that what comes next counts only when `end_piece` has been called."""
        start = str(self.get_offset(self.get(number))).encode()
        self._tree.write_file(_UPLOADS / number / _UNVERIFIED, [start])

    def end_piece(self, number: str, *, counts: bool) -> None:
        """Let a piece count, or forget it."""
        note = _UPLOADS / number / _UNVERIFIED
        if not counts:
            self._cut(number, self._read_start(note))
        self._tree.remove(note)

    def finish(self, number: str) -> Upload:
        """Put a file that has arrived in its place; repeatable.

        Raises:
            BadRequestError: its content is not what was announced; it is kept until it expires.
            ChangedError: something else is at its place than it was to replace.
            LibraryError: what stands in the way; it can be tried again.
        """
        with self._finishing_lock(number):
            upload = self.get(number)
            if upload.is_done:
                return upload
            with self._data(number, os.O_RDONLY) as data:
                if data is not None:
                    _check_content(upload, data)
                    with translated(_path(upload)):
                        os.fsync(data)
            if data is not None:
                self._place(upload)
            done = replace(upload, is_done=True, expires_at=_end_of(upload))
            try:
                self._write_record(done)
            except LibraryError:  # the next start sees that its data is in its place
                _log.warning("upload not noted as done id=%s", number, exc_info=True)
            with self._lock:
                self._known[number] = done
        self._files.changes.announce(_path(upload))
        return done

    def remove(self, number: str) -> None:
        """End an upload; what has arrived of it is gone, what is in its place stays."""
        self._forget(number)
        with contextlib.suppress(NotThereError):
            self._tree.remove(_UPLOADS / number / _RECORD)
        with contextlib.suppress(NotThereError):
            self._tree.remove(_UPLOADS / number)

    def forget_owner(self, owner: str) -> None:
        """End all uploads of a person; repeatable."""
        with self._lock:
            numbers = [one.id for one in self._known.values() if one.owner == owner]
        for number in numbers:
            self.remove(number)

    def purge_expired(self) -> None:
        """Remove the uploads that have expired."""
        now = datetime.now(UTC)
        with self._lock:
            expired = [one.id for one in self._known.values() if one.expires_at < now]
        for number in expired:
            self.remove(number)

    def recover(self) -> None:
        """Take up what an earlier server had; what has arrived as a whole is put in its place."""
        self._tree.ensure_folder(_UPLOADS)
        for entry in self._tree.list_folder(_UPLOADS):
            upload = self._read_record(entry.name)
            if upload is None:
                self._tree.remove(_UPLOADS / entry.name)
                continue
            self._known[upload.id] = upload
            with contextlib.suppress(NotThereError):
                self.end_piece(upload.id, counts=False)
            if not upload.is_done and self.get_offset(upload) == upload.size:
                with contextlib.suppress(LibraryError):
                    self.finish(upload.id)

    def _place(self, upload: Upload) -> None:
        source = _UPLOADS / upload.id / _DATA
        self._tree.place_file(source, _path(upload), if_match=upload.if_match)

    def _count_promised(self, mine: list[Upload]) -> int:
        """Return the bytes that a person's open uploads may still bring.

        Those of others do not count: who begins many and brings nothing would lock all out. The
        disk is looked at again while they arrive.
        """
        return sum(max(0, one.size - self._find_offset(one)) for one in mine)

    def _find_offset(self, upload: Upload) -> int:
        """Return how many bytes have arrived; none of one whose folder is only being made."""
        try:
            return self.get_offset(upload)
        except NotThereError:
            return 0

    def _cut(self, number: str, size: int) -> None:
        with self._data(number, os.O_WRONLY) as data, translated(_UPLOADS):
            if data is not None:
                os.ftruncate(data, size)
                os.fsync(data)

    def _read_start(self, note: RelativePath) -> int:
        with os.fdopen(self._tree.open_file(note), "rb") as file:
            return int(file.read(_MOST_BYTES) or 0)

    @contextlib.contextmanager
    def _data(self, number: str, flags: int) -> Iterator[int | None]:
        """Open the data of an upload; None where it is in its place already."""
        with translated(_UPLOADS), self._tree.open_folder(_UPLOADS / number) as folder:
            try:
                data = folder.open(_DATA, flags)
            except FileNotFoundError:
                data = None
        try:
            yield data
        finally:
            if data is not None:
                os.close(data)

    def _finishing_lock(self, number: str) -> threading.Lock:
        with self._lock:
            return self._finishing.setdefault(number, threading.Lock())

    def _forget(self, number: str) -> None:
        with self._lock:
            self._known.pop(number, None)
            self._finishing.pop(number, None)

    def _write_record(self, upload: Upload) -> None:
        facts = {**asdict(upload), "expires_at": upload.expires_at.isoformat()}
        self._tree.write_file(_UPLOADS / upload.id / _RECORD, [json.dumps(facts).encode()])

    def _read_record(self, number: str) -> Upload | None:
        if not _ID.fullmatch(number):
            return None
        try:
            with os.fdopen(self._tree.open_file(_UPLOADS / number / _RECORD), "rb") as file:
                facts = json.loads(file.read(_MOST_BYTES))
            expires_at = datetime.fromisoformat(facts.pop("expires_at"))
            upload = Upload(expires_at=expires_at, **facts)
            split_path(_path(upload))
        except (LibraryError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return upload


def _end_of(upload: Upload) -> datetime:
    """Return how long somebody may still ask about an upload that is done."""
    return min(upload.expires_at, datetime.now(UTC) + _DONE)


def _path(upload: Upload) -> RelativePath:
    return RelativePath.parse(upload.path)


def _check_content(upload: Upload, data: int) -> None:
    size = os.fstat(data).st_size
    if size != upload.size:
        raise BadRequestError(f"{size:,} of {upload.size:,} bytes have arrived: send the rest.")
    if upload.sha256 and digest_file(data) != upload.sha256:
        raise ChangedError(
            "What has arrived has another SHA-256 than was announced: end this upload, and send "
            "the file again."
        )


def open_uploads(settings: LibrarySettings, files: Files, background: Background) -> Uploads:
    """Return the uploads, with those that an earlier server had."""
    uploads = Uploads(files, days=settings.upload_days)
    uploads.recover()
    background.every(_SECONDS_BETWEEN_PURGES, "uploads", uploads.purge_expired)
    return uploads
