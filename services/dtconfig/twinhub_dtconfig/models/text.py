"""Text in which ``${namespace.name}`` stands for a value, and which namespaces a key takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

PARAMETERS, USES, SERVICES, PORTS = "parameters", "uses", "services", "ports"
COSIMULATIONS, SECRETS, ARGUMENTS, TWIN, RUN = (
    "cosimulations",
    "secrets",
    "arguments",
    "twin",
    "run",
)
NAMESPACES = (PARAMETERS, USES, SERVICES, PORTS, COSIMULATIONS, SECRETS, ARGUMENTS, TWIN, RUN)
_VALUES = (PARAMETERS, USES, SERVICES, PORTS, COSIMULATIONS, TWIN, RUN)

TWIN_NAMES = ("name", "title", "version", "owner")
RUN_NAMES = ("id", "folder", "phase", "user")


@dataclass(frozen=True, slots=True)
class Substituted:
    """Marks a key whose text may hold ``${…}``, with the namespaces that it takes."""

    namespaces: tuple[str, ...] = _VALUES
    is_script: bool = False
    """Whether a shell reads it, so that nothing of ours is put in."""
    is_command: bool = False
    """Whether it is a program and its arguments."""


Text = Annotated[str, Field(max_length=100_000), Substituted()]
"""Text with values put in."""

SecretText = Annotated[str, Field(max_length=100_000), Substituted((*_VALUES, SECRETS))]
"""Text with values and secrets put in: what is made of it is kept in memory only."""

EffectText = Annotated[str, Field(max_length=100_000), Substituted((*_VALUES, ARGUMENTS))]
"""Text of a command that a running twin takes, with its arguments put in."""

Script = Annotated[str, Field(min_length=1, max_length=100_000), Substituted((), is_script=True)]
"""A program for the interpreter of its ``#!`` line, else for ``sh -eu``; nothing is put in."""

_COMMAND = Substituted(is_command=True)
_EFFECT_COMMAND = Substituted((*_VALUES, ARGUMENTS), is_command=True)

Command = (
    Annotated[str, Field(min_length=1, max_length=10_000), _COMMAND]
    | Annotated[tuple[Annotated[str, Field(max_length=10_000), _COMMAND], ...], Field(min_length=1)]
)
"""A program and its arguments: a list, or text that is split as a shell would, without a shell."""

EffectCommand = (
    Annotated[str, Field(min_length=1, max_length=10_000), _EFFECT_COMMAND]
    | Annotated[
        tuple[Annotated[str, Field(max_length=10_000), _EFFECT_COMMAND], ...], Field(min_length=1)
    ]
)
"""A `Command` with the arguments of what a twin is told."""
