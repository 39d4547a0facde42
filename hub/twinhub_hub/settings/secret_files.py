"""Files that hold one secret each: who may read them, and what they must hold."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr
from twinhub_dtconfig.files import FileRefusedError, read_regular_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LIMIT_BYTES = 4096
_PRIVATE_MODES = {0o600, 0o400}


@dataclass(frozen=True, slots=True)
class SecretForm:
    """What one kind of secret looks like, as a pattern and in words."""

    pattern: re.Pattern[str]
    words: str


FORMS: Mapping[str, SecretForm] = {
    "cookie_secret_file": SecretForm(
        re.compile(r"[0-9a-fA-F]{64}"), "32 bytes as 64 hexadecimal digits"
    ),
    "proxy_token_file": SecretForm(
        re.compile(r"[!-~]{32,}"), "32 or more visible ASCII characters without a space"
    ),
    "client_secret_file": SecretForm(
        re.compile(r"[!-~]{8,512}"), "8 to 512 visible ASCII characters without a space"
    ),
}
"""The form of each secret, by its key in the section ``secrets``."""


class SecretFileError(Exception):
    """A secret file that cannot be used; never holds any of its content."""

    def __init__(self, what: str, remedy: str) -> None:
        """Hold what is wrong and what to do."""
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def read_secret(path: Path, form: SecretForm) -> SecretStr:
    """Return the secret in a file that only its owner may read, without the final line break.

    Raises:
        SecretFileError: the file is absent, open to others, or holds no such secret.
    """
    quoted = shlex.quote(str(path))
    renew = f"write one: (umask 077; openssl rand -hex 32 > {quoted})"
    try:
        file = read_regular_file(path, _LIMIT_BYTES)
    except FileRefusedError as error:
        raise SecretFileError(f"the file {path} {error}", renew) from error
    if file.mode not in _PRIVATE_MODES:
        what = f"the file {path} has mode {file.mode:04o}, which must be 0600"
        raise SecretFileError(what, f"chmod 600 {quoted}")
    text = file.content.decode("ascii", errors="replace").rstrip("\r\n")
    if not form.pattern.fullmatch(text):
        problem = "does not hold" if text else "is empty instead of holding"
        raise SecretFileError(f"the file {path} {problem} {form.words}", renew)
    return SecretStr(text)
