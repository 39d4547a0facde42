"""Pictures of an asset, as they are: nothing decodes them here but the reader's browser."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from twinhub_library.details.errors import UnreadablePartError
from twinhub_library.metadata import read_start

if TYPE_CHECKING:
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.tree import Tree

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a picture that is shown."""

SVG = "image/svg+xml"
MEDIA_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".svg": SVG,
}  # fmt: skip
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""Content-Security-Policy of a picture: an SVG opened by itself runs and fetches nothing."""

_STARTS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    SVG: re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE\s+svg|<svg)", re.IGNORECASE),
}


def read_image(tree: Tree, path: RelativePath, name: str) -> tuple[bytes, str]:
    """Return a picture and its media type, which the name and the content agree on.

    Raises:
        NotThereError: there is no such file.
        UnreadablePartError: it is no picture, or too large to be shown.
    """
    media = MEDIA_TYPES[PurePosixPath(name).suffix.lower()]
    content = read_start(tree, path, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UnreadablePartError(
            f"{path} has more than {MOST_BYTES // 2**20} MB: download it to see it."
        )
    if not is_image(content, media):
        raise UnreadablePartError(f"{path} is no picture of the kind that its name says.")
    return content, media


def is_image(content: bytes, media: str) -> bool:
    """Tell whether content begins as a picture of a media type does."""
    return _STARTS[media].match(content) is not None
