"""What the parts of every configuration have in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a configuration: unknown keys are errors, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    SHORT: ClassVar[str | None] = None
    """The key that a plain value or a list stands for, where it may stand for the section."""
    ONE_OF: ClassVar[tuple[str, ...]] = ()
    """Keys of which exactly one is given."""
    AT_MOST_ONE_OF: ClassVar[tuple[str, ...]] = ()
    """Keys of which none or one is given."""
