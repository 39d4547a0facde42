"""What a file is said to be, and which headers keep it from acting on anybody's page.

Nothing that people have put here is shown by a browser as a page: it is an attachment, its type is
not guessed, and where it is looked at all the same it is in a sandbox without an origin.
"""

from __future__ import annotations

import functools
import mimetypes
from urllib.parse import quote

_OURS = {
    ".ipynb": "application/x-ipynb+json", ".fmu": "application/zip", ".md": "text/markdown",
    ".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml",
    ".csv": "text/csv", ".mo": "text/x-modelica", ".jl": "text/x-julia", ".m": "text/x-matlab",
    ".parquet": "application/vnd.apache.parquet", ".geojson": "application/geo+json",
    ".glb": "model/gltf-binary", ".gltf": "model/gltf+json", ".stl": "model/stl",
}  # fmt: skip
_KNOWN = mimetypes.MimeTypes(strict=True)
"""Python's own list, and none of the machine's."""
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_SOUNDS = ("audio/", "video/")
_TEXTS = frozenset(
    {
        "application/json", "application/yaml", "application/toml", "application/xml",
        "application/x-ipynb+json", "application/geo+json", "application/x-sh",
    }
)  # fmt: skip
_PLAIN = "text/plain; charset=utf-8"
_UNKNOWN = "application/octet-stream"

GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""With every answer that has content of people's."""


@functools.lru_cache(1024)
def media_type_of(name: str) -> str:
    """Return the media type of a file by its name; text is in UTF-8."""
    suffix = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    guessed, encoding = _KNOWN.guess_type(f"x{suffix}")
    found = _OURS.get(suffix) or (None if encoding else guessed) or _UNKNOWN
    return f"{found}; charset=utf-8" if found.startswith("text/") else found


def describe(name: str, *, inline: bool) -> dict[str, str]:
    """Return the headers of a file by its name.

    ``inline`` asks to have it shown rather than kept: pictures and sounds are, and whatever is text
    is as plain text; anything else is an attachment all the same.
    """
    media_type = media_type_of(name)
    plain = media_type.partition(";")[0]
    is_shown = inline
    if inline and (plain.startswith("text/") or plain in _TEXTS):
        media_type = _PLAIN
    elif plain not in _IMAGES and not plain.startswith(_SOUNDS):
        is_shown = False
    return {
        **GUARDS,
        "Content-Type": media_type,
        "Content-Disposition": disposition(name, inline=is_shown),
    }


@functools.lru_cache(1024)
def disposition(name: str, *, inline: bool = False) -> str:
    """Return ``Content-Disposition`` with a name (RFC 6266; RFC 8187 for what is not ASCII)."""
    plain = "".join(one if one.isascii() and one.isprintable() and one not in '"\\%' else "_"
                    for one in name)  # fmt: skip
    kind = "inline" if inline else "attachment"
    text = f'{kind}; filename="{plain}"'
    return text if plain == name else f"{text}; filename*=UTF-8''{quote(name, safe='')}"
