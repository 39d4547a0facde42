"""What ``${namespace.name}`` is in an export: an environment variable, by one rule for all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.interpolation import Name, find_names, put_in

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET = re.compile(r"SECRETS_.*|SERVICES_.*_(PASSWORD|TOKEN)")
"""Variables that processes do not see; only files have them put in."""


def variable_of(name: Name) -> str:
    """Return the variable for a name: ``${uses.my-tank}`` is ``USES_MY_TANK``."""
    return re.sub(r"[^A-Za-z0-9]", "_", name.dotted).upper()


def templated(text: str, only: str | None = None) -> str:
    """Return a text for ``string.Template``: names are variables, other ``$`` are doubled.

    Only names of one namespace are variables where it is given; others stay as they are written.
    """
    marks: list[str] = []

    def keep(name: Name) -> str:
        if only not in {None, name.namespace}:
            return str(name)
        marks.append(variable_of(name))
        return f"\0{len(marks) - 1}\0"

    plain = put_in(text.replace("\0", ""), keep).replace("$", "$$")
    return re.sub(r"\0(\d+)\0", lambda match: f"${{{marks[int(match[1])]}}}", plain)


def variables_in(texts: Iterable[str]) -> set[str]:
    """Return the variables that texts need."""
    return {variable_of(name) for text in texts for name in find_names(text)}
