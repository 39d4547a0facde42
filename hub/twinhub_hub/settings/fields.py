"""The models as a tree of keys: which keys a section has, and what is known about each."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, get_args

from twinhub_hub.settings.models import Settings
from twinhub_hub.settings.sections import Section
from twinhub_hub.settings.values import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo
    from twinhub_dtconfig.documents import Key


def dotted(path: Sequence[Key]) -> str:
    """Return a path as messages show it, such as ``auth.accounts[0].name``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def section_of(field: FieldInfo) -> type[Section] | None:
    """Return the section that a key holds, or a list of which it holds; None for plain values."""
    return next(_sections_in(field.annotation), None)


def find_section(path: Sequence[Key]) -> type[Section] | None:
    """Return the section at a path, where indexes of lists do not count; None for other values."""
    section: type[Section] | None = Settings
    for key in path:
        if isinstance(key, str) and section is not None:
            field = section.model_fields.get(key)
            section = section_of(field) if field else None
    return section


def find_field(path: Sequence[Key]) -> FieldInfo | None:
    """Return what is known about the key at a path; None for the file itself or unknown keys."""
    names = [key for key in path if isinstance(key, str)]
    section = find_section(names[:-1])
    return section.model_fields.get(names[-1]) if section and names else None


def is_size(field: FieldInfo) -> bool:
    """Return whether a key holds bytes that may be written with a unit."""
    return any(getattr(part, "func", None) is parse_size for part in field.metadata)


def _sections_in(annotation: Any) -> Iterator[type[Section]]:  # noqa: ANN401  # any type form
    if inspect.isclass(annotation) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections_in(argument)
