"""Sizes and build times as a table in a page, from what was recorded of builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from images.builder.errors import ImagesError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from images.builder.hierarchy import Image
    from images.builder.manifest import Manifest

BEGIN = "<!-- sizes: written by images/build.py --table -->"
END = "<!-- sizes: end -->"

_HEAD = (
    "| image | size | on top of its parent | build time | Debian | Python | npm |",
    "|---|---|---|---|---|---|---|",
)
_MEGABYTE = 1_000_000
_UNKNOWN = "not measured"


def render_table(images: Iterable[tuple[Image, Manifest | None]]) -> str:
    """Return one row for each image, in the order that is given."""
    return "\n".join((*_HEAD, *(_row(image.name, found) for image, found in images)))


def replace_between_marks(text: str, table: str, page: Path) -> str:
    """Return a page's text with the table between the two marks.

    Raises:
        ImagesError: the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ImagesError(f"{page} has no place for the table: add `{BEGIN}` and `{END}`")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def _row(name: str, found: Manifest | None) -> str:
    if found is None:
        return f"| `{name}` | {_UNKNOWN} | | | | | |"
    contents = found.contents
    cells = (
        f"{found.size / _MEGABYTE:,.0f} MB",
        "" if found.added is None else f"{found.added / _MEGABYTE:,.0f} MB",
        _seconds(found),
        str(len(contents.debian)),
        str(sum(len(environment) for environment in contents.python.values()) or ""),
        str(sum(tree.packages for tree in contents.npm.values()) or ""),
    )
    return f"| `{name}` | {' | '.join(cells)} |"


def _seconds(found: Manifest) -> str:
    # Steps from the cache took no time: only a build of all steps tells how long one takes.
    return "" if found.seconds is None or found.cached_steps else f"{found.seconds:.0f} s"
