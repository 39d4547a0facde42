"""The base of what goes over the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Base of what goes over the wire: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
