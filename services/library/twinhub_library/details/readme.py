"""The text of an asset as HTML that can do nothing: for a sandboxed frame, never for our pages.

Markdown becomes HTML by markdown-it, of which nh3 keeps a short list of tags and attributes. Links
and pictures lead to files of the same asset or are left out: small pictures are put into the page,
since a sandboxed frame has no login to fetch them with.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from twinhub_kit.files.paths import RelativePath

from twinhub_library.details.errors import UnreadablePartError
from twinhub_library.details.images import MEDIA_TYPES, is_image
from twinhub_library.errors import LibraryError
from twinhub_library.metadata import read_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree

MOST_BYTES = 64 * 1024
"""Bytes of a text that are shown: Markdown that is made to be slow takes a second for so many."""
MOST_PICTURE = 512 * 1024
MOST_PICTURES = 2 * 1024 * 1024
"""Bytes of one picture, and of all, that are put into the page."""

_MOST_LINE = 10_000
"""Characters of one line: what makes Markdown slow is long lines of brackets and stars."""

_TAGS = {
    "a", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "img", "kbd", "li", "ol", "p", "pre", "s", "span", "strong",
    "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"}, "img": {"src", "alt", "title", "width", "height"}, "ol": {"start"},
    "td": {"align"}, "th": {"align"},
}  # fmt: skip
_NUMBERS = {"width", "height", "start"}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem;max-width:60rem;color:#1a1a1a;"
    "background:#fff}img{max-width:100%;height:auto}pre{overflow:auto;padding:.75rem;"
    "background:#f4f4f4}table{border-collapse:collapse}td,th{border:1px solid #ccc;"
    "padding:.25rem .5rem}a:not([href]){text-decoration:underline dotted}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    "sandbox; default-src 'none'; img-src 'self' data:; "
    f"style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy of the page."""


def render_readme(tree: Tree, asset: Asset, path: RelativePath, *, prefix: str = "") -> str:
    """Return the text in a file as a page; ``prefix`` is where the library's addresses begin.

    Raises:
        NotThereError: there is no such file.
        UnreadablePartError: it is no text.
    """
    content = read_start(tree, path, MOST_BYTES + 1)
    if b"\0" in content:
        raise UnreadablePartError(f"{path} is no text: it holds NUL characters.")
    text = content[:MOST_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    page = _Page(tree, asset, path.parent, prefix)
    body = page.sanitise(_markdown().render("\n".join(map(_cut, text.splitlines()))))
    if len(content) > MOST_BYTES:
        body += f"<p><em>Only the first {MOST_BYTES // 1024} KB are shown.</em></p>"
    title = escape(asset.name)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": 20})
    markdown.enable(["table", "strikethrough"])
    markdown.core.ruler.push("foreign_links", lambda state: _mark_links(state.tokens))
    return markdown


def _mark_links(tokens: Sequence[Token]) -> None:
    """Have links to other sites show where they lead: they are no links in the page."""
    for token in tokens:
        if token.children:
            _mark_links(token.children)
        address = token.attrGet("href") if token.type == "link_open" else None
        if isinstance(address, str) and urlsplit_safely(address)[0]:
            token.attrs = {"title": address}


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_LINE else f"{line[:_MOST_LINE]}…"


@dataclass(slots=True)
class _Page:
    """One page, with what may still be put into it."""

    tree: Tree
    asset: Asset
    folder: RelativePath
    prefix: str
    left: int = MOST_PICTURES

    def sanitise(self, html: str) -> str:
        return nh3.clean(
            html, tags=_TAGS, attributes=_ATTRIBUTES, attribute_filter=self._filter,
            url_schemes=set(), link_rel="noopener noreferrer nofollow", strip_comments=True,
        )  # fmt: skip

    def _filter(self, tag: str, attribute: str, value: str) -> str | None:
        if attribute in _NUMBERS:
            return value if value.isascii() and value.isdecimal() and len(value) <= 4 else None  # noqa: PLR2004
        if attribute == "href":
            return value if value.startswith("#") else self._address_of(value)
        if attribute == "src":
            return self._picture(value)
        return value if tag != "td" or value in {"left", "right", "center"} else None

    def _address_of(self, value: str) -> str | None:
        path = self._inside(value)
        return f"{self.prefix}/api/files/{quote(str(path))}" if path is not None else None

    def _picture(self, value: str) -> str | None:
        path = self._inside(value)
        if path is None:
            return None
        media = MEDIA_TYPES.get(PurePosixPath(path.name).suffix.lower())
        try:
            content = read_start(self.tree, path, MOST_PICTURE + 1) if media else b""
        except LibraryError:
            return None
        if media is None or not is_image(content, media):
            return None
        if len(content) > min(MOST_PICTURE, self.left):
            return self._address_of(value)
        self.left -= len(content)
        return f"data:{media};base64,{base64.b64encode(content).decode()}"

    def _inside(self, value: str) -> RelativePath | None:
        """Return the file of the asset that a relative address leads to; None for all else."""
        scheme, rest = urlsplit_safely(value)
        if scheme or not rest or not self.asset.is_folder:
            return None
        names = list(self.folder.names)
        for name in rest.split("/"):
            if name == "..":
                names = names[:-1]
            elif name not in {"", "."}:
                names.append(name)
            if tuple(names[: len(self.asset.path.names)]) != self.asset.path.names:
                return None
        try:
            return RelativePath.parse("/".join(names))
        except LibraryError:
            return None


def urlsplit_safely(address: str) -> tuple[str, str]:
    """Return what leads to another site, empty if nothing does, and the path of a relative one."""
    plain = "".join(character for character in address if character > " ").replace("\\", "/")
    try:
        parts = urlsplit(plain)
    except ValueError:
        return "?", ""
    if parts.scheme or parts.netloc or plain.startswith("//") or ":" in plain.split("/")[0]:
        return parts.scheme or "?", ""
    return ("?", "") if plain.startswith("/") else ("", unquote(parts.path))
