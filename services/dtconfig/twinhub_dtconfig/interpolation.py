"""``${namespace.name}`` in text: which values it names, and the text with them put in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARK = re.compile(r"\$\$\{|\$\{(?P<inner>\s*[A-Za-z_][A-Za-z0-9_]*\.[^{}\s]*\s*)\}")


@dataclass(frozen=True, slots=True)
class Name:
    """One ``${namespace.name}``; ``rest`` follows a further dot, as in ``services.x.url``."""

    namespace: str
    name: str
    rest: str = ""

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"${{{self.dotted}}}"

    @property
    def dotted(self) -> str:
        """Return it without the braces."""
        return ".".join(part for part in (self.namespace, self.name, self.rest) if part)


def find_names(text: str) -> Iterator[Name]:
    """Yield each name in a text; ``$${`` and ``${HOME}``, which has no dot, are none."""
    for match in _MARK.finditer(text):
        if match["inner"] is not None:
            yield _name(match["inner"])


def put_in(text: str, value_of: Callable[[Name], str]) -> str:
    """Return the text with each name replaced by its value, and ``$${`` by ``${``."""

    def replace(match: re.Match[str]) -> str:
        return "${" if match["inner"] is None else value_of(_name(match["inner"]))

    return _MARK.sub(replace, text)


def _name(inner: str) -> Name:
    namespace, _, rest = inner.strip().partition(".")
    name, _, rest = rest.partition(".")
    return Name(namespace, name, rest)
