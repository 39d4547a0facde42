"""Files that say whom the library's git trusts: authorities, and keys of SSH servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ("ca_file", "known_hosts")
"""Keys of ``library.git`` that name one each."""

_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_FIELDS = 3


class TrustedFileError(Exception):
    """A file cannot be used; the texts say what is wrong and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        """Keep both texts."""
        super().__init__(f"{what}; {remedy}")
        self.what, self.remedy = what, remedy


def read_trusted(key: str, path: Path) -> str:
    """Return the text of the file that a key names.

    Raises:
        TrustedFileError: it cannot be read, or holds something else.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise TrustedFileError(
            f"{path} cannot be read: {reason}", "name a file that is there"
        ) from error
    if key == "ca_file" and _CERTIFICATE not in text:
        raise TrustedFileError(
            f"{path} holds no certificate",
            f"write certificates as PEM, such as {_CERTIFICATE}",
        )
    if key == "known_hosts" and not _has_key(text):
        raise TrustedFileError(
            f"{path} holds no key of a server", "write what `ssh-keyscan HOST` prints, once checked"
        )
    return text


def _has_key(text: str) -> bool:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return any(len(line.split()) >= _FIELDS for line in lines)
