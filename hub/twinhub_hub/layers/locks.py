"""Files with Python packages of exact versions and hashes, as ``workspace.layers[].lock`` names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_hub.layers.errors import LayerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_BYTES = 2**20
_COMMENT = re.compile(r"(^|\s)#.*")
_PINNED = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]+\])?\s*==\s*[A-Za-z0-9.!+_-]+"
    r"(\s*;[^\\-][A-Za-z0-9_.'\"<>=!~() -]*?)?"
    r"(\s+--hash=sha256:[0-9a-f]{64})+"
)


def read_lock(path: Path) -> str:
    """Return a lock, one package a line and without comments.

    Raises:
        LayerError: it cannot be read, or a line is anything else than a package with hashes.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise LayerError(f"{path} cannot be read ({error.strerror}): name a lock file") from error
    if len(raw) > _MOST_BYTES:
        raise LayerError(f"{path} is longer than {_MOST_BYTES} bytes: name a lock file")
    try:
        lines = list(_logical_lines(raw.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise LayerError(f"{path} is no text in UTF-8: name a lock file") from error
    for number, line in lines:
        if not _PINNED.fullmatch(line):
            raise LayerError(
                f"{path}:{number}: this is no package with version and hashes: write it with "
                "`uv pip compile --generate-hashes --no-emit-index-url`"
            )
    return "".join(f"{line}\n" for _, line in lines)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each requirement with the number of its first line, continued lines put together."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        first = first if parts else number
        plain = _COMMENT.sub("", line.rstrip("\r")).strip()
        parts.append(plain.removesuffix("\\").strip())
        if plain.endswith("\\"):
            continue
        if whole := " ".join(filter(None, parts)):
            yield first, whole
        parts = []
    if whole := " ".join(filter(None, parts)):
        yield first, whole
