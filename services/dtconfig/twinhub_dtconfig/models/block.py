"""What the blocks of the language have in common: which keys belong together, and names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, WithJsonSchema, model_validator

from twinhub_dtconfig.sections import Section
from twinhub_dtconfig.values import RefusalError

if TYPE_CHECKING:
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
            raise RefusalError(
                f"{' and '.join(given)} are given, of which there is one", "keep one", given[1]
            )
        if self.ONE_OF and not given:
            raise RefusalError(f"none of {', '.join(self.ONE_OF)} is given", "add one of them")
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


def _matching(pattern: str, rule: str) -> Any:  # noqa: ANN401  # metadata of any form
    """Return a check that text matches a pattern, which JSON Schema shares."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise RefusalError("cannot be a name here", rule)
        return value

    return AfterValidator(check)


_TWIN_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"

TwinName = Annotated[
    str,
    _matching(_TWIN_NAME, "use small letters, digits and '-' between them, at most 63"),
    WithJsonSchema({"type": "string", "pattern": _TWIN_NAME}),
]
"""The name of a twin, which is also part of an address."""

Name = Annotated[
    str,
    _matching(_NAME, "begin with a letter; use letters, digits, '_' and '-', at most 63"),
    WithJsonSchema({"type": "string", "pattern": _NAME}),
]
"""A name that the file gives to something."""

VariableName = Annotated[
    str,
    _matching(_VARIABLE, "use letters, digits and '_', not a digit first"),
    WithJsonSchema({"type": "string", "pattern": _VARIABLE}),
]
"""The name of an environment variable."""

Line = Annotated[str, Field(min_length=1, max_length=200)]
"""A short text for people."""

Prose = Annotated[str, Field(max_length=10_000)]
"""A text for people."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""
