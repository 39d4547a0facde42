"""What `tuspyserver` is given in place of its own storage: `Uploads`, which write by the tree.

Its routes know a storage by ``TusStorage``, see its documentation. Errors of ours become
FastAPI's ``HTTPException`` here, the only one that its routes let through while a body arrives.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
from contextvars import ContextVar
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from tuspyserver.storage import TusStorage
from twinhub_kit.files.errors import NotThereError

from twinhub_library.errors import BadRequestError, LibraryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from twinhub_library.uploads import Upload, Uploads

ALGORITHMS = ("sha1", "sha256", "md5")
"""Of the checksum extension; not for secrets, so the weak ones are as good."""
CHECKSUM_MISMATCH = 460
_WRITTEN_AT_ONCE = 1 << 20
_WAIT_SECONDS = 20


@dataclass
class Piece:
    """What one request brings: the bytes that are not written yet, and their checksum."""

    uploads: Uploads
    """Where they go."""
    checksum: str = ""
    """As the header ``Upload-Checksum`` has it."""
    waiting: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        """Read the checksum.

        Raises:
            BadRequestError: it is none, or of an algorithm that is not known.
        """
        self._hash, self._expected = None, b""
        if not self.checksum:
            return
        name, _, text = self.checksum.strip().partition(" ")
        if name not in ALGORITHMS:
            raise BadRequestError(f"Upload-Checksum: {name!r} is none of {', '.join(ALGORITHMS)}.")
        try:
            self._expected = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise BadRequestError("Upload-Checksum: the checksum is no Base64.") from error
        self._hash = hashlib.new(name, usedforsecurity=False)

    @property
    def has_checksum(self) -> bool:
        """Whether it counts only as a whole."""
        return self._hash is not None

    def add(self, chunk: bytes) -> bool:
        """Take bytes; return whether it is time to write."""
        self.waiting += chunk
        if self._hash is not None:
            self._hash.update(chunk)
        return len(self.waiting) >= _WRITTEN_AT_ONCE

    def take(self) -> bytearray:
        """Return the bytes to write, and forget them."""
        taken, self.waiting = self.waiting, bytearray()
        return taken

    def is_whole(self) -> bool:
        """Return whether what came has the checksum that was announced."""
        return self._hash is None or hmac.compare_digest(self._hash.digest(), self._expected)


CURRENT: ContextVar[Piece] = ContextVar("piece")
"""The piece of the request that is being answered."""


class UploadStorage(TusStorage):
    """The request's `Uploads` as tuspyserver asks for them; each is begun before it is asked."""

    def __init__(self) -> None:
        """Store by the uploads of the piece of each request."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create(self, uid: str) -> None:
        """Do nothing: it is begun already, with its place and its owner."""

    async def exists(self, uid: str) -> bool:
        """Return whether there is one."""
        return self._find(uid) is not None

    async def size(self, uid: str) -> int:
        """Return how many bytes count."""
        upload = self._find(uid)
        return 0 if upload is None else await run_in_threadpool(self._uploads.get_offset, upload)

    async def append(self, uid: str, chunk: bytes) -> None:
        """Take bytes of the body."""
        piece = CURRENT.get()
        if piece.add(chunk):
            with _as_http():
                await run_in_threadpool(self._uploads.append, uid, piece.take())

    async def flush(self, uid: str) -> None:
        """Write what is left and bring it to the disk; or forget it if it was to be another."""
        piece = CURRENT.get()
        with _as_http():
            await run_in_threadpool(self._uploads.append, uid, piece.take())
            if not piece.is_whole():
                raise HTTPException(
                    CHECKSUM_MISMATCH, "What came has another checksum: send the piece again."
                )
            await run_in_threadpool(self._uploads.flush, uid)

    async def finalize(self, uid: str) -> None:
        """Do nothing: `Uploads.finish` is called when all is done."""

    async def read(self, uid: str) -> bytes | None:
        """Give nothing out: uploads are not read."""

    async def delete(self, uid: str) -> None:
        """End an upload."""
        await run_in_threadpool(self._uploads.remove, uid)

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        """Return what its routes know of an upload."""
        upload = self._find(uid)
        if upload is None:
            return None
        name = upload.path.rpartition("/")[2]
        return {
            "metadata": {"filename": name, "filetype": "application/octet-stream"},
            "size": upload.size, "offset": await self.size(uid), "created_at": "",
            "expires": format_datetime(upload.expires_at, usegmt=True),
        }  # fmt: skip

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Do nothing: what counts is what `Uploads` have written."""

    async def list_uids(self) -> list[str]:
        """Return none: expiry is ours."""
        return []

    def location(self, uid: str) -> str:
        """Return the id: no path leaves the tree."""
        return uid

    @contextlib.asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]  # see there
        """Let one request at a time bring a piece.

        Raises:
            TimeoutError: another takes too long.
        """
        async with contextlib.AsyncExitStack() as held:
            lock = self._locks.setdefault(uid, asyncio.Lock())
            async with asyncio.timeout(_WAIT_SECONDS):
                await held.enter_async_context(lock)
            piece = CURRENT.get()
            if piece.has_checksum:
                with _as_http():
                    await run_in_threadpool(self._uploads.begin_piece, uid)
            try:
                yield
            finally:
                if piece.has_checksum:
                    self._uploads.end_piece(uid, counts=piece.is_whole() and not piece.waiting)

    @property
    def _uploads(self) -> Uploads:
        return CURRENT.get().uploads

    def _find(self, uid: str) -> Upload | None:
        with contextlib.suppress(NotThereError):
            return self._uploads.get(uid)
        return None


@contextlib.contextmanager
def _as_http() -> Iterator[None]:
    try:
        yield
    except LibraryError as error:
        raise HTTPException(error.status, str(error)) from error
