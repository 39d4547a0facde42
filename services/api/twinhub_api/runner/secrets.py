"""Secrets of twins: whoever runs a twin gives their own; no value is ever told again."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, SecretStr

from twinhub_api.wire import Wire

LEAST, MOST = 4, 16 << 10
"""Bytes of a value: what is shorter cannot be kept out of a log without blackening all of it."""


class SecretIn(Wire):
    """A value for a secret of a twin."""

    twin: str = Field(max_length=1024, description="The twin, as it is named for a run.")
    name: str = Field(max_length=200, description="The secret, as the twin names it.")
    value: SecretStr = Field(max_length=MOST, description="What runs of the twin are given.")


class KeptSecret(Wire):
    """A secret of a twin, without its value."""

    twin: str
    name: str
    description: str = Field("", description="What the twin says of it.")
    set_at: datetime | None = Field(None, description="When it was given; null if it is not.")


class SecretList(Wire):
    """One's own secrets, or those of a twin."""

    items: tuple[KeptSecret, ...]
