"""What the blocks of the language have in common: which keys belong together, and names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, WithJsonSchema, model_validator

from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import RefusalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import CoreSchema

Schema = dict[str, Any]


class Block(Section):
    """A part of a twin configuration."""

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        given = [
            key for key in self.ONE_OF or self.AT_MOST_ONE_OF if getattr(self, key) is not None
        ]
        if len(given) > 1:
            several = "both" if len(given) == 2 else "all"  # noqa: PLR2004
            what = f"{listed(given, 'and')} exclude each other, and {several} are given"
            raise RefusalError(what, "keep one of them", given[1])
        if self.ONE_OF and not given:
            what = f"one of {listed(self.ONE_OF, 'or')} is missing"
            raise RefusalError(what, "add it")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Schema:
        """Add which keys belong together, and the short form."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if cls.ONE_OF:
            schema["oneOf"] = [{"required": [key]} for key in cls.ONE_OF]
        elif cls.AT_MOST_ONE_OF:
            pairs = _pairs(cls.AT_MOST_ONE_OF)
            schema["allOf"] = [{"not": {"required": pair}} for pair in pairs]
        return schema


def _pairs(keys: tuple[str, ...]) -> list[list[str]]:
    return [[one, other] for at, one in enumerate(keys) for other in keys[at + 1 :]]


def listed(words: Sequence[str], conjunction: str) -> str:
    """Return words as a sentence lists them: ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def _matching(pattern: str, kind: str, rule: str) -> Any:  # noqa: ANN401  # metadata of any form
    """Return a check that text matches a pattern, which JSON Schema shares."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            nearest = _nearest_name(value, compiled)
            shown = value if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]}…"
            raise RefusalError(f"{shown!r} cannot be {kind}", rule, nearest=nearest)
        return value

    return AfterValidator(check)


def _nearest_name(value: str, pattern: re.Pattern[str]) -> str | None:
    """Return the name that people mostly mean by one with spaces, dots or capitals in it."""
    words = re.findall(r"[A-Za-z0-9]+", value)
    found = ("-".join(words).lower(), "_".join(words), "_".join(["", *words]))
    return next((name for name in found if words and pattern.fullmatch(name)), None)


_SHOWN_LENGTH = 40
TWIN_NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"

TwinName = Annotated[
    str,
    _matching(
        TWIN_NAME_PATTERN,
        "the name of a twin",
        "use small letters, digits and '-' between them, at most 63",
    ),
    WithJsonSchema({"type": "string", "pattern": TWIN_NAME_PATTERN}),
]
"""The name of a twin, which is also part of an address."""

Name = Annotated[
    str,
    _matching(
        NAME_PATTERN,
        "a name",
        "begin with a letter and use letters, digits, '_' and '-', at most 63",
    ),
    WithJsonSchema({"type": "string", "pattern": NAME_PATTERN}),
]
"""A name that the file gives to something."""

VariableName = Annotated[
    str,
    _matching(
        VARIABLE_PATTERN,
        "the name of an environment variable",
        "use letters, digits and '_', not a digit first",
    ),
    WithJsonSchema({"type": "string", "pattern": VARIABLE_PATTERN}),
]
"""The name of an environment variable."""

Line = Annotated[str, Field(min_length=1, max_length=200)]
"""A short text for people."""

Prose = Annotated[str, Field(max_length=10_000)]
"""A text for people."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""
