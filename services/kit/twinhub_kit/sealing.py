"""Values that a database keeps encrypted, with keys that lie elsewhere."""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_KEY_BYTES = 32


class SealError(Exception):
    """No key opens what was sealed: its key is gone, or it was changed."""


class Sealer:
    """Encrypts what is kept: the first key encrypts, all decrypt."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Take keys of `cryptography.fernet.Fernet`, or 32 bytes as 64 hexadecimal digits.

        Raises:
            ValueError: there is none, or one is no key.
        """
        fernets = [Fernet(_fernet_key(key)) for key in keys]
        self._fernet = MultiFernet(fernets)

    def seal(self, secret: str) -> bytes:
        """Return what the database keeps."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Return the secret.

        Raises:
            SealError: no key of the list opens it.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SealError("The key that this was encrypted with is gone.") from error


def load_sealer(keys: Sequence[str], file: Path) -> Sealer:
    """Return the sealer of some keys; without any, of one that is made once.

    The made key lies in a file with mode 0600, which is there whole or not at all.
    """
    if keys:
        return Sealer(keys)
    if not file.exists():
        _make_key(file)
    return Sealer([file.read_text("ascii").strip()])


def _make_key(file: Path) -> None:
    made, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    try:
        with os.fdopen(made, "wb") as opened:
            opened.write(Fernet.generate_key() + b"\n")
            opened.flush()
            os.fsync(made)
        with contextlib.suppress(FileExistsError):  # of another process that was quicker
            os.link(name, file)
    finally:
        os.unlink(name)  # noqa: PTH108 - as mkstemp names it


def _fernet_key(key: str) -> bytes:
    if len(key) == 2 * _KEY_BYTES:
        return base64.urlsafe_b64encode(bytes.fromhex(key))
    return key.encode("ascii")
