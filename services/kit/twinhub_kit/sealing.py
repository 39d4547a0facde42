"""Values that a database keeps encrypted, with keys that lie elsewhere."""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cryptography.fernet import MultiFernet

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
        self._keys = [_fernet_key(key) for key in keys]
        if not self._keys:
            raise ValueError("There is no key to encrypt with.")

    @cached_property
    def _fernet(self) -> MultiFernet:
        # imported here, since it takes 6 MiB and most have no secrets
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        return MultiFernet([Fernet(key) for key in self._keys])

    def seal(self, secret: str) -> bytes:
        """Return what the database keeps."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Return the secret.

        Raises:
            SealError: no key of the list opens it.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see above

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
            opened.write(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)) + b"\n")
            opened.flush()
            os.fsync(made)
        with contextlib.suppress(FileExistsError):  # of another process that was quicker
            os.link(name, file)
    finally:
        os.unlink(name)  # noqa: PTH108 - as mkstemp names it


def _fernet_key(key: str) -> bytes:
    if len(key) == 2 * _KEY_BYTES:
        return base64.urlsafe_b64encode(bytes.fromhex(key))
    if len(base64.urlsafe_b64decode(key)) != _KEY_BYTES:
        raise ValueError(f"A key has {_KEY_BYTES} bytes, in base64 or as hexadecimal digits.")
    return key.encode("ascii")
