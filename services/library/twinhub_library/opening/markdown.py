"""Markdown of people as HTML of our pages: no HTML of theirs, no pictures, no scripts."""

from __future__ import annotations

import functools

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "p", "ul", "ol", "li", "em", "strong", "code", "pre", "a", "blockquote", "br", "hr", "h3",
    "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "s",
}  # fmt: skip


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def render_markdown(text: str) -> str:
    """Return Markdown as HTML that holds text, lists, tables, code and links, and nothing else."""
    html = _parser().render(text[:20_000])
    for level in (2, 1):  # a page has one title, and its parts are of the second level
        html = html.replace(f"<h{level}>", "<h3>").replace(f"</h{level}>", "</h3>")
    cleaned: str = nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip
    return cleaned
