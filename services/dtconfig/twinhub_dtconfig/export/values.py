"""The environment variables of an export: defaults, and those that somebody must set."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twinhub_dtconfig.export.errors import ExportError
from twinhub_dtconfig.export.names import variable_of
from twinhub_dtconfig.interpolation import Name, find_names, put_in
from twinhub_dtconfig.references import Area, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_dtconfig.models.assets import Use
    from twinhub_dtconfig.models.connections import Service
    from twinhub_dtconfig.models.parameters import Value
    from twinhub_dtconfig.models.twin import Twin


def shown_value(value: Value) -> str:
    """Return a parameter's value as text."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def parameter_variable(name: str) -> str:
    """Return the variable that holds a parameter."""
    return variable_of(Name("parameters", name))


def defaults_of(twin: Twin, bound: Mapping[str, str]) -> dict[str, str]:
    """Return variables with their defaults, as words of a shell.

    ``bound`` says where co-simulations are that are not taken as they are.

    Raises:
        ExportError: two names of the twin would be one variable.
    """
    defaults: dict[str, str] = {}
    for name, word in _defaults(twin, bound):
        variable = variable_of(name)
        if variable in defaults:
            what = f"{name.dotted} and another name would both be ${variable}"
            raise ExportError(what, "rename one of them")
        defaults[variable] = word
    return defaults


def _defaults(twin: Twin, bound: Mapping[str, str]) -> Iterator[tuple[Name, str]]:
    title, version = twin.title or twin.name, twin.version or ""
    said = {"name": twin.name, "title": title, "version": version, "owner": twin.owner or ""}
    yield from ((Name("twin", key), shlex.quote(text)) for key, text in said.items())
    for key, parameter in twin.parameters.items():
        if parameter.default is not None:
            yield Name("parameters", key), shlex.quote(shown_value(parameter.default))
    places = {key: _place(key, use) for key, use in twin.uses.items()}
    yield from ((Name("uses", key), word) for key, word in places.items() if word is not None)
    yield from ((Name("ports", key), str(port.port)) for key, port in twin.ports.items())
    for key, one in twin.cosimulations.items():
        yield Name("cosimulations", key), _file(bound.get(key, one.file))
    for key, service in twin.services.items():
        yield from ((Name("services", key, rest), word) for rest, word in _service(service))


def _file(file: str) -> str:
    """Return the path of a co-simulation's file as a word of a shell."""
    if not any(find_names(file)):
        return f'"$PWD"/{shlex.quote(file)}'
    parts = put_in(file, lambda name: f"\0{variable_of(name)}\0").split("\0")
    words = [f'"${{{part}-}}"' if at % 2 else shlex.quote(part) for at, part in enumerate(parts)]
    return "".join(word for word in words if word != "''")


def _place(name: str, use: Use) -> str | None:
    """Return where an asset is, or None where somebody must say it."""
    reference = use.asset or use.twin
    if reference is not None:
        parsed = Reference.parse(reference)
        path = f"{parsed.asset}{f'/{parsed.path}' if parsed.path else ''}"
        if parsed.area is Area.COMMON:
            return f'"$TWINHUB_COMMON"/{shlex.quote(path.removeprefix("common/"))}'
        return f'"$TWINHUB_WORKSPACE"/{shlex.quote(path)}'
    if use.url is not None:
        file = urlsplit(use.url).path.rpartition("/")[2] or "file"
        return f'"$PWD"/{shlex.quote(f".twin/assets/{name}/{file}")}'
    return None


def _service(service: Service) -> Iterator[tuple[str, str]]:
    if service.external is None:
        return
    parts = urlsplit(service.external.url)
    yield "url", shlex.quote(service.external.url)
    yield "host", shlex.quote(parts.hostname or "")
    if parts.port is not None:
        yield "port", str(parts.port)
    if service.external.username is not None:
        yield "username", shlex.quote(service.external.username)
    if service.external.secret is not None:
        secret = variable_of(Name("secrets", service.external.secret))
        yield "password", f'"${{{secret}-}}"'
        yield "token", f'"${{{secret}-}}"'
