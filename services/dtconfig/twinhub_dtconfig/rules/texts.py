"""``${namespace.name}``: where it may stand, and that what it names is there."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, get_args

from twinhub_dtconfig.command_lines import BadCommandError, find_variable, split_command
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.interpolation import find_names
from twinhub_dtconfig.models.text import NAMESPACES, RUN_NAMES, SECRETS, TWIN_NAMES, Substituted
from twinhub_dtconfig.rules.connections import kind_of
from twinhub_dtconfig.sections import Section

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from twinhub_dtconfig.interpolation import Name
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Key

    Path = tuple[Key, ...]

_SERVICE_NAMES = ("url", "host", "port", "username")
_SERVICE_SECRETS = ("password", "token")
_SERVICE_NAMES_OF_KIND = {
    "influxdb": ("organisation", "bucket"),
    "mongodb": ("database",),
    "rabbitmq": ("vhost",),
    "mqtt": ("prefix",),
    "grafana": ("folder",),
}


def check_texts(twin: Twin) -> Iterator[Finding]:
    """Yield what is wrong with ``${…}`` in every text of a twin."""
    for path, text, mark in texts_of(twin):
        if "${" in text:
            yield from check_text(twin, path, text, mark)
        if mark.is_command:
            yield from _check_command(twin, path, text)


def texts_of(section: Section, path: Path = ()) -> Iterator[tuple[Path, str, Substituted]]:
    """Yield every text of a section that may hold ``${…}``, with its path and what it takes."""
    for attribute, key, mark in _plan(type(section)):
        value = getattr(section, attribute)
        if mark is not None:
            yield from ((place, text, mark) for place, text in _strings(value, (*path, key)))
        else:
            for place, inner in _sections(value, (*path, key)):
                yield from texts_of(inner, place)


def check_text(twin: Twin, path: Path, text: str, mark: Substituted) -> Iterator[Finding]:
    """Yield what is wrong with ``${…}`` in one text, such as that of a template."""
    for name in find_names(text):
        if mark.is_script:
            remedy = f"add `variables: {{NAME: {name}}}` and write $NAME"
            yield Finding(path, f"nothing is put into a script, so {name} is not", remedy)
        elif name.namespace not in NAMESPACES:
            nearest = nearest_key(name.namespace, mark.namespaces)
            hint = f"{nearest}.{name.name}" if nearest else None
            remedy = "" if hint else f"write `$${{` for a plain `${{`; known: {_listed(mark)}"
            yield Finding(path, f"{name} names nothing", remedy, hint)
        elif name.namespace not in mark.namespaces:
            yield Finding(path, f"{name} cannot stand here", _instead(name.namespace))
        else:
            yield from _check_name(twin, path, name, mark)


def _check_command(twin: Twin, path: Path, text: str) -> Iterator[Finding]:
    """Yield what is wrong with a command: with the whole text, or with a word of a list."""
    is_word = isinstance(path[-1], int)
    if is_word and path[-1] != 0:
        return
    command = (text,) if is_word else text
    try:
        split_command(command)
    except BadCommandError as error:
        yield Finding(path, error.what, error.remedy)
        return
    if (variable := find_variable(command)) is not None:
        what = f"no shell replaces {variable} in a command"
        name = variable.strip("${}")
        nearest = f"${{parameters.{name}}}" if name in twin.parameters else None
        remedy = "" if nearest else "write it under `script:`"
        yield Finding(path, what, remedy, nearest, is_warning=True)


def _check_name(twin: Twin, path: Path, name: Name, mark: Substituted) -> Iterator[Finding]:
    known = _known(twin, name.namespace, path)
    if name.name not in known:
        nearest = nearest_key(name.name, known)
        hint = f"{name.namespace}.{nearest}" if nearest else None
        names = ", ".join(f"{name.namespace}.{one}" for one in sorted(known)[:10])
        remedy = "" if hint else f"there are {names}" if names else f"add it to {name.namespace}"
        yield Finding(path, f"{name} names nothing", remedy, hint)
    elif name.namespace == "services":
        yield from _check_service_name(twin, path, name, mark)
    elif name.rest:
        whole = f"{name.namespace}.{name.name}"
        yield Finding(path, f"{name} names nothing", f"nothing follows {whole}", whole)


def _check_service_name(twin: Twin, path: Path, name: Name, mark: Substituted) -> Iterator[Finding]:
    kind = kind_of(name.name, twin.services[name.name]) or ""
    known = (*_SERVICE_NAMES, *_SERVICE_NAMES_OF_KIND.get(kind, ()))
    whole = f"services.{name.name}"
    if name.rest in _SERVICE_SECRETS:
        if "secrets" not in mark.namespaces:
            yield Finding(path, f"{name} cannot stand here", _instead("secrets"))
    elif name.rest not in known:
        nearest = nearest_key(name.rest, (*known, *_SERVICE_SECRETS)) if name.rest else "url"
        remedy = f"{whole} has {', '.join((*known, *_SERVICE_SECRETS))}"
        yield Finding(
            path, f"{name} names nothing", remedy, f"{whole}.{nearest}" if nearest else None
        )


def _known(twin: Twin, namespace: str, path: Path) -> Collection[str]:
    match namespace:
        case "twin":
            return TWIN_NAMES
        case "run":
            return RUN_NAMES
        case "arguments":
            return twin.commands[str(path[1])].arguments
        case _:
            found: Mapping[str, object] = getattr(twin, namespace)
            return found


def _instead(namespace: str) -> str:
    if namespace == SECRETS:
        return "a secret is put into `files` only, never where others see it"
    return "arguments are those of `commands`"


def _listed(mark: Substituted) -> str:
    return ", ".join(mark.namespaces)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:  # noqa: ANN401  # any value
    match value:
        case str():
            yield path, value
        case dict():
            for key, one in value.items():
                yield from _strings(one, (*path, key))
        case tuple():
            for at, one in enumerate(value):
                yield from _strings(one, (*path, at))


def _sections(value: Any, path: Path) -> Iterator[tuple[Path, Section]]:  # noqa: ANN401  # any value
    match value:
        case Section():
            yield path, value
        case dict():
            for key, one in value.items():
                yield from _sections(one, (*path, key))
        case tuple():
            for at, one in enumerate(value):
                yield from _sections(one, (*path, at))


@functools.cache
def _plan(section: type[Section]) -> tuple[tuple[str, str, Substituted | None], ...]:
    """Return attribute, key and mark of each field."""
    return tuple(
        (name, field.alias or name, _mark_in(field.metadata) or _mark_of(field.annotation))
        for name, field in section.model_fields.items()
    )


def _mark_in(metadata: Any) -> Substituted | None:  # noqa: ANN401  # any metadata
    return next((one for one in metadata if isinstance(one, Substituted)), None)


def _mark_of(annotation: Any) -> Substituted | None:  # noqa: ANN401  # any type form
    found = _mark_in(getattr(annotation, "__metadata__", ()))
    for argument in get_args(annotation):
        found = found or _mark_of(argument)
    return found
