"""The outline of a notebook, from its JSON alone (nbformat 3 and 4)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from twinhub_api.library.assets import Heading, Notebook

from twinhub_library.details.errors import UnreadablePartError
from twinhub_library.metadata import read_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.tree import Tree

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of a notebook that is read; its outputs make it large."""
MOST_CELLS = 5_000
MOST_HEADINGS = 500

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.{1,300}?)[ \t]*#*[ \t]*")
_FENCE = re.compile(r"\s*(```|~~~)")
_MARKUP = re.compile(r"<[^<>]{0,200}>|[*`_\x00-\x1f]")
_MOST_TEXT = 100_000
_DEEPEST_HEADING = 6

Json = dict[str, Any]


def read_notebook(tree: Tree, path: RelativePath) -> Notebook:
    """Return what a notebook holds.

    Raises:
        NotThereError: there is no such file.
        UnreadablePartError: it is no notebook, or too large.
    """
    content = read_start(tree, path, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        what = f"{path} has more than {MOST_BYTES // 2**20} MB: clear its outputs."
        raise UnreadablePartError(what)
    data = _parse(path, content)
    cells = list(_cells(data))[:MOST_CELLS]
    headings = list(_headings(cells))[:MOST_HEADINGS]
    code = [cell for cell in cells if cell.get("cell_type") == "code"]
    metadata = _mapping(data.get("metadata"))
    kernel = _mapping(metadata.get("kernelspec"))
    language = _mapping(metadata.get("language_info")).get("name") or kernel.get("language")
    return Notebook(
        file=path.name, title=headings[0].text if headings else "",
        kernel=_text(kernel.get("display_name") or kernel.get("name")), language=_text(language),
        format=f"{_text(data.get('nbformat'))}.{_text(data.get('nbformat_minor'))}".strip("."),
        headings=tuple(headings), code_cells=len(code), text_cells=len(cells) - len(code),
        outputs=sum(bool(cell.get("outputs")) for cell in code), size=len(content),
    )  # fmt: skip


def _parse(path: RelativePath, content: bytes) -> Json:
    try:
        data = json.loads(content)
    except RecursionError as error:
        raise UnreadablePartError(f"{path} is nested too deeply to be a notebook.") from error
    except ValueError as error:  # of JSON, of the encoding, of numbers with too many digits
        line = getattr(error, "lineno", None)
        place = f"{path}:{line}" if line else str(path)
        raise UnreadablePartError(f"{place} is no JSON: open it in Jupyter and save it.") from error
    if not isinstance(data, dict) or not ({"cells", "worksheets"} & data.keys()):
        raise UnreadablePartError(f"{path} is no notebook: it has no cells.")
    return data


def _cells(data: Json) -> Iterator[Json]:
    """Yield the cells; version 3 had them in sheets."""
    sheets = data.get("worksheets")
    holders = [data, *(sheets if isinstance(sheets, list) else [])]
    for holder in holders:
        found = _mapping(holder).get("cells")
        yield from (cell for cell in (found if isinstance(found, list) else []) if _mapping(cell))


def _headings(cells: list[Json]) -> Iterator[Heading]:
    for number, cell in enumerate(cells):
        source = _source(cell)
        if cell.get("cell_type") == "heading":  # version 3
            level = cell.get("level")
            if not isinstance(level, int) or not 1 <= level <= _DEEPEST_HEADING:
                level = 1
            yield Heading(level=level, text=_plain(source), cell=number)
        elif cell.get("cell_type") == "markdown":
            yield from _headings_in(source, number)


def _headings_in(source: str, number: int) -> Iterator[Heading]:
    is_code = False
    for line in source.splitlines():
        is_code = is_code != bool(_FENCE.match(line))
        found = None if is_code else _HEADING.fullmatch(line)
        if found and _plain(found[2]):
            yield Heading(level=len(found[1]), text=_plain(found[2]), cell=number)


def _source(cell: Json) -> str:
    source = cell.get("source")
    if isinstance(source, list):
        source = "".join(line for line in source[:MOST_CELLS] if isinstance(line, str))
    return source[:_MOST_TEXT] if isinstance(source, str) else ""


def _plain(text: str) -> str:
    return _whole(" ".join(_MARKUP.sub("", text[:300]).split()))


def _mapping(value: Any) -> Json:  # noqa: ANN401 - any JSON
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return _whole(str(value)[:100]) if is_plain else ""


def _whole(text: str) -> str:
    """Return text without halves of characters, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()
