"""Values that a database keeps encrypted, with keys that lie elsewhere."""

from __future__ import annotations

import base64
import os
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

    The made key lies in a file with mode 0600.
    """
    if keys:
        return Sealer(keys)
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return Sealer([file.read_text("ascii").strip()])
    with os.fdopen(made, "wb") as opened:
        opened.write(Fernet.generate_key() + b"\n")
        opened.flush()
        os.fsync(made)
    return Sealer([file.read_text("ascii").strip()])


def _fernet_key(key: str) -> bytes:
    if len(key) == 2 * _KEY_BYTES:
        return base64.urlsafe_b64encode(bytes.fromhex(key))
    return key.encode("ascii")
