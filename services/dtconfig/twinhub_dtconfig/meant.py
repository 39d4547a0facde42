"""Words that people coming from other tools write, and what the language calls the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_RUN = ("command", "execute")
_FOLDER = ("folder",)
_AFTER = ("after",)
_OUTPUTS = ("outputs",)
_URL = ("url",)
_TOPIC = ("topic",)
_KEYS: dict[str, tuple[str, ...]] = {
    "value": ("default",),
    "initial": ("default",),
    "min": ("minimum",),
    "max": ("maximum",),
    "options": ("choices",),
    "enum": ("choices",),
    "run": _RUN,
    "cmd": _RUN,
    "exec": _RUN,
    "results": _OUTPUTS,
    "result": _OUTPUTS,
    "artifacts": _OUTPUTS,
    "depends_on": _AFTER,
    "depends": _AFTER,
    "needs": _AFTER,
    "requires": _AFTER,
    "wait_for": _AFTER,
    "env": ("variables", "environment"),
    "timeout": ("time_limit",),
    "cwd": _FOLDER,
    "workdir": _FOLDER,
    "directory": _FOLDER,
    "public": ("access",),
    "visibility": ("access",),
    "host": _URL,
    "address": _URL,
    "server": _URL,
    "port": ("port", "url"),
    "user": ("username",),
    "login": ("username",),
    "password": ("secret",),
    "token": ("secret",),
    "mqtt": _TOPIC,
    "channel": _TOPIC,
    "params": ("parameters",),
    "lifecycle": ("phases",),
    "stages": ("phases",),
    "jobs": ("phases", "processes"),
    "steps": ("processes",),
}
_VALUES = {
    "float": "number",
    "double": "number",
    "real": "number",
    "int": "integer",
    "string": "text",
    "str": "text",
    "bool": "boolean",
    "yes": "public",
    "true": "public",
    "private": "lab",
}
_PHASES = {"run": "execute", "start": "execute", "stop": "terminate", "setup": "create"}
_UNITS = {
    "celsius": "degC",
    "centigrade": "degC",
    "fahrenheit": "degF",
    "kelvin": "K",
    "sec": "s",
    "secs": "s",
    "hr": "h",
    "hrs": "h",
    "bars": "bar",
    "volts": "V",
    "amps": "A",
    "watts": "W",
}


def meant_key(word: str, known: Container[str]) -> str | None:
    """Return the one of the known keys that is called by another word elsewhere, or None."""
    return next((key for key in _KEYS.get(word.casefold(), ()) if key in known), None)


def meant_value(word: str, known: Container[str]) -> str | None:
    """Return the one of the allowed values that is called by another word elsewhere, or None."""
    found = _VALUES.get(word.casefold())
    return found if found is not None and found in known else None


def meant_phase(word: str) -> str | None:
    """Return the standard phase that is called by another word elsewhere, or None."""
    return _PHASES.get(word.casefold())


def meant_unit(word: str) -> str | None:
    """Return the usual symbol of a unit that is written as a word, or None."""
    return _UNITS.get(word.casefold())
