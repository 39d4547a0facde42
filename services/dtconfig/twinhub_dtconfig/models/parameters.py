"""Parameters: values that whoever runs a twin may choose; secrets: values that they supply."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.models.block import Block, Line, Number, Prose
from twinhub_dtconfig.values import RefusalError

Kind = Literal["number", "integer", "boolean", "text"]
Value = bool | int | Number | Annotated[str, Field(max_length=10_000)]
Unit = Annotated[str, Field(min_length=1, max_length=60)]

_NUMBER_FIRST = re.compile(r"\s*([-+]?[0-9]{1,15}(?:[.,][0-9]{1,15})?)(?![0-9.,])")
_WORDS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "text": "text",
}


class Quantity(Block):
    """What is known about a value: its type, its unit, what it may be."""

    type: Kind | None = Field(
        None,
        description="What it is: `number`, `integer`, `boolean` or `text`. Without it, what the"
        " default is; else `number`.",
        examples=["number"],
    )
    unit: Unit | None = Field(
        None, description="Its unit, as in `kg/s`, `degC`, `1/min`.", examples=["W"]
    )
    description: Prose | None = Field(
        None, description="What it means.", examples=["Most power of the heater"]
    )
    minimum: Number | None = Field(None, description="The least that it may be.", examples=[0])
    maximum: Number | None = Field(None, description="The most that it may be.", examples=[20000])
    choices: Annotated[tuple[Value, ...], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="All that it may be.", examples=[["jacobi", "gauss-seidel"]]
    )

    @property
    def kind(self) -> Kind:
        """Return its type."""
        return self.type or "number"

    def refuse(self, value: object) -> RefusalError | None:
        """Return why a value cannot be used, or None if it can."""
        if not fits(value, self.kind):
            return RefusalError(
                f"{_shown(value)} is not {_WORDS[self.kind]}", f"give {_WORDS[self.kind]}"
            )
        if self.choices is not None and value not in self.choices:
            choices = [str(choice) for choice in self.choices]
            nearest = nearest_key(str(value), choices)
            remedy = f"choose one of {', '.join(choices)}"
            return RefusalError(f"{_shown(value)} is no choice", remedy, nearest=nearest)
        return self._refuse_bounds(value)

    def _refuse_bounds(self, value: object) -> RefusalError | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if self.minimum is not None and value < self.minimum:
            return RefusalError(f"{value:g} is too small", f"give at least {self.minimum:g}")
        if self.maximum is not None and value > self.maximum:
            return RefusalError(f"{value:g} is too large", f"give at most {self.maximum:g}")
        return None

    def _instead_of(self, _key: str) -> str:
        """Return the remedy for a key that only a number has."""
        return "remove it"

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        is_numeric = self.kind in {"number", "integer"}
        for key in ("unit", "minimum", "maximum"):
            if getattr(self, key) is not None and not is_numeric:
                raise RefusalError(f"a {self.kind} has no {key}", self._instead_of(key), key)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise RefusalError("the minimum is more than the maximum", "exchange them", "minimum")
        for at, choice in enumerate(self.choices or ()):
            if not fits(choice, self.kind):
                raise RefusalError(
                    f"{_shown(choice)} is not {_WORDS[self.kind]}", "change it", "choices", at
                )
        return self


class Parameter(Quantity):
    """A value that whoever runs the twin may choose."""

    SHORT: ClassVar[str | None] = "default"

    default: Value | None = Field(
        None,
        description="What it is unless somebody chooses; without it, every run must say.",
        examples=[12000],
    )

    @property
    def kind(self) -> Kind:
        """Return its type: that of the default where none is written."""
        if self.type is not None or self.default is None:
            return self.type or "number"
        if isinstance(self.default, bool):
            return "boolean"
        return "text" if isinstance(self.default, str) else "number"

    def _instead_of(self, _key: str) -> str:
        if self.type is not None or not isinstance(self.default, str):
            return super()._instead_of(_key)
        what = f"{_shown(self.default)} is read as text"
        number = _NUMBER_FIRST.match(self.default)
        if number is None:
            return f"{what}: write a number as the default, or remove the {_key}"
        if "," in number[1]:
            return f"{what}: write a number with '.' before decimals, and nothing between thousands"
        return f"{what}: write `default: {number[1]}`, without quotes and unit"

    @model_validator(mode="after")
    def _check_default(self) -> Self:
        if self.default is not None and (refusal := self.refuse(self.default)) is not None:
            raise RefusalError(refusal.what, refusal.remedy, "default", nearest=refusal.nearest)
        return self


class Secret(Block):
    """A value that each person who runs the twin supplies; the file only names it."""

    SHORT: ClassVar[str | None] = "description"

    description: Line | None = Field(
        None, description="What it is and where one gets it.", examples=["Password of the broker"]
    )


def fits(value: object, kind: Kind) -> bool:
    """Return whether a value is of a type; a whole number is a number too."""
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)[:60]
