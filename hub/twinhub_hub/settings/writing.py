"""Settings as commented YAML: the effective ones of an installation, and the defaults."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, cast

from twinhub_dtconfig.explanations import inline
from twinhub_dtconfig.sections import Section

from twinhub_hub.settings.fields import TREE
from twinhub_hub.settings.models import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twinhub_dtconfig.documents import Data, Key

    Path = tuple[Key, ...]
    Comment = Callable[[Path], str]

_WIDTH = 96


def render_effective(settings: Settings) -> str:
    """Return YAML that loads as equal settings, marking what the file left to the defaults."""

    def beside(path: Path) -> str:
        if not _is_given(settings, path):
            return "default"
        is_secret = path[0] == "secrets" and getattr(settings.secrets, str(path[1])) is not None
        return "holds ********" if is_secret else ""

    return "".join(_lines(_plain(settings), (), above=lambda _: "", beside=beside))


def render_defaults() -> str:
    """Return YAML of all defaults, each key below its description."""

    def above(path: Path) -> str:
        field = TREE.find_field(path)
        return field.description or "" if field and not isinstance(path[-2:-1], int) else ""

    return "".join(_lines(_plain(Settings()), (), above=above, beside=lambda _: ""))


def _plain(settings: Settings) -> Mapping[str, Data]:
    plain: dict[str, Data] = settings.model_dump(mode="json")
    return plain


def _lines(
    data: Mapping[str, Data], path: Path, *, above: Comment, beside: Comment
) -> Iterator[str]:
    """Yield the lines of a section, indented by its depth, with their line breaks."""
    margin = "  " * len(path)
    for key, value in data.items():
        place = (*path, key)
        comments = textwrap.wrap(above(place), _WIDTH - len(margin))
        if comments and not path:
            yield "\n"
        yield from (f"{margin}# {comment}\n" for comment in comments)
        if isinstance(value, dict):
            yield f"{margin}{key}:\n"
            yield from _lines(value, place, above=above, beside=beside)
        elif isinstance(value, list):
            yield f"{margin}{key}:\n" if value else f"{margin}{key}: []\n"
            yield from _items(value, place, beside)
        else:
            remark = beside(place)
            yield f"{margin}{key}: {inline(value)}" + (f"  # {remark}\n" if remark else "\n")


def _items(items: list[Data], path: Path, beside: Comment) -> Iterator[str]:
    """Yield the lines of a list; keys of sections in it are not commented above."""
    margin = "  " * len(path)
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            yield f"{margin}- {inline(cast('str | float', item))}\n"
            continue
        lines = _lines(item, (*path, index), above=lambda _: "", beside=beside)
        for number, line in enumerate(lines):
            yield line if number else f"{margin}- {line.lstrip()}"


def _is_given(settings: Settings, path: Path) -> bool:
    """Return whether the file itself sets the value at a path."""
    value: object = settings
    for key in path:
        if isinstance(value, Section):
            if key not in value.model_fields_set:
                return False
            value = getattr(value, str(key))
        else:
            value = cast("tuple[Section, ...]", value)[int(key)]
    return True
