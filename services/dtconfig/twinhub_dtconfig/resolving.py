"""A twin with its values chosen: defaults written out, a scenario applied, ``${…}`` put in."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.command_lines import split_command
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.interpolation import Name, find_names, put_in
from twinhub_dtconfig.models.phases import STANDARD_PHASES
from twinhub_dtconfig.models.plans import Range
from twinhub_dtconfig.models.text import TWIN_NAMES
from twinhub_dtconfig.models.twin import RESERVED
from twinhub_dtconfig.rules.texts import texts_of
from twinhub_dtconfig.scalars import ScalarError, resolve_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twinhub_dtconfig.models.parameters import Parameter
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Key

    Value = bool | int | float | str

_MOST_SHOWN = 1000
_MOST_WRITTEN_OUT = 500_000
_WORDS = {True: "true", False: "false"}


class ChoiceError(ValueError):
    """A value or scenario that cannot be chosen; holds what is wrong, remedy and nearest name."""

    def __init__(self, what: str, remedy: str = "", nearest: str | None = None) -> None:
        """Hold what is wrong, what to do, and what was probably meant."""
        hint = f"did you mean {nearest!r}?" if nearest else ""
        super().__init__("; ".join(part for part in (what, hint, remedy) if part))
        self.what = what
        self.remedy = remedy
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class Context:
    """What only a run knows, by namespace and then by ``name`` or ``name.rest``.

    A name that it does not hold stays in the text as it is written.
    """

    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def find(self, name: Name) -> str | None:
        """Return the value of a name, or None if only a run will know it."""
        key = f"{name.name}.{name.rest}" if name.rest else name.name
        return self.names.get(name.namespace, {}).get(key)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A twin as it would run."""

    parameters: Mapping[str, Value]
    """Each parameter that has a value."""
    missing: tuple[str, ...]
    """Parameters without a default that nobody has chosen: a run needs them."""
    data: Mapping[str, Any]
    """The whole configuration in its long form, with defaults; commands are lists of words."""
    open_names: tuple[str, ...]
    """What only a run knows, such as ``services.influxdb.url``."""
    not_yet_run: tuple[str, ...]
    """Keys that are given and that nothing runs yet."""
    unsupported: tuple[str, ...]
    """Phases of the lifecycle that the twin does not have."""


def resolve(
    twin: Twin,
    *,
    scenario: str | None = None,
    values: Mapping[str, Value] | None = None,
    context: Context | None = None,
) -> Resolved:
    """Return a twin with a scenario and then single values chosen over its defaults.

    Raises:
        ChoiceError: there is no such scenario or parameter, or it cannot take the value.
    """
    parameters = choose(twin, scenario=scenario, values=values)
    known = _Known(twin, parameters, context or Context())
    data = twin.model_dump(by_alias=True, exclude_none=True, mode="json")
    is_open: dict[str, None] = {}
    for path, text, mark in texts_of(twin):
        is_word = isinstance(path[-1], int)
        words = split_command(text) if mark.is_command and not is_word else None
        if mark.is_script or (words is None and "$" not in text):
            continue
        is_open.update((name.dotted, None) for name in find_names(text) if not known.has(name))
        new = [known.put_into(word) for word in words] if words else known.put_into(text)
        _put(data, path, new)
    _resolve_plans(twin, data, parameters)
    missing = tuple(name for name in twin.parameters if name not in parameters)
    given = tuple(key for key in RESERVED if _is_given(data, key))
    unsupported = tuple(phase for phase in STANDARD_PHASES if phase not in twin.phases)
    return Resolved(parameters, missing, data, tuple(is_open), given, unsupported)


def known_values(twin: Twin, parameters: Mapping[str, Value], context: Context) -> dict[str, str]:
    """Return what each name stands for that text may hold and that is known, by dotted name.

    For text that is put together elsewhere, such as templates.
    """
    own = [Name("parameters", name) for name in parameters]
    own += [Name("ports", name) for name in twin.ports]
    own += [Name("twin", name) for name in TWIN_NAMES]
    known = _Known(twin, parameters, context)
    found = {name.dotted: known.find(name) or "" for name in own}
    for namespace, names in context.names.items():
        found |= {f"{namespace}.{name}": value for name, value in names.items()}
    return found


def choose(
    twin: Twin, *, scenario: str | None = None, values: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """Return the value of each parameter that has one.

    Raises:
        ChoiceError: there is no such scenario or parameter, or it cannot take the value.
    """
    chosen = {
        name: parameter.default
        for name, parameter in twin.parameters.items()
        if parameter.default is not None
    }
    if scenario is not None:
        if scenario not in twin.scenarios:
            nearest = nearest_key(scenario, twin.scenarios)
            remedy = f"there are {', '.join(twin.scenarios)}" if twin.scenarios else "there is none"
            raise ChoiceError(f"there is no scenario {scenario!r}", remedy, nearest)
        chosen |= twin.scenarios[scenario].parameters
    for name, value in (values or {}).items():
        refusal = _parameter(twin, name).refuse(value)
        if refusal is not None:
            raise ChoiceError(f"{name}: {refusal.what}", refusal.remedy, refusal.nearest)
        chosen[name] = value
    return chosen


def read_value(twin: Twin, name: str, text: str) -> Value:
    """Return the value that text stands for, by the type of the parameter that is to take it.

    Raises:
        ChoiceError: there is no such parameter, or it cannot take the value.
    """
    parameter = _parameter(twin, name)
    value: object = text
    if parameter.kind != "text":
        try:
            value = resolve_plain(text.strip())
        except ScalarError as error:
            raise ChoiceError(f"{name}: {error.what}", error.remedy) from error
    refusal = parameter.refuse(value)
    if refusal is not None:
        raise ChoiceError(f"{name}: {refusal.what}", refusal.remedy, refusal.nearest)
    return value  # type: ignore[return-value]  # not refused


@dataclass(frozen=True, slots=True)
class _Known:
    """What can be put into text."""

    twin: Twin
    parameters: Mapping[str, Value]
    context: Context

    def has(self, name: Name) -> bool:
        return self.find(name) is not None

    def find(self, name: Name) -> str | None:
        match name.namespace:
            case "parameters":
                value = self.parameters.get(name.name)
                return None if value is None else as_text(value)
            case "ports":
                return str(self.twin.ports[name.name].port)
            case "twin":
                value = getattr(self.twin, name.name)
                return str(value or (self.twin.name if name.name == "title" else ""))
            case _:
                return self.context.find(name)

    def put_into(self, text: str) -> str:
        def value_of(name: Name) -> str:
            found = self.find(name)
            return str(name) if found is None else found

        return put_in(text, value_of)


def as_text(value: Value) -> str:
    """Return a value as it stands in text: ``true``, ``12000``, ``0.5``."""
    if isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        return str(int(value))
    return str(value)


def expand_sweep(values: Sequence[Value] | Range) -> list[Value]:
    """Return the values of one parameter of a sweep."""
    if not isinstance(values, Range):
        return list(values)
    step = (values.stop - values.start) / (values.steps - 1)
    return [*(values.start + step * at for at in range(values.steps - 1)), values.stop]


def combinations(sweep: Mapping[str, Sequence[Value] | Range]) -> Iterator[dict[str, Value]]:
    """Yield the values of each run of a sweep."""
    columns = [expand_sweep(values) for values in sweep.values()]
    for row in itertools.product(*columns):
        yield dict(zip(sweep, row, strict=True))


def _resolve_plans(twin: Twin, data: dict[str, Any], parameters: Mapping[str, Value]) -> None:
    """Write out scenarios, instances and sweeps: the values that each would have."""
    count = len(twin.parameters) * (len(twin.scenarios) + len(twin.instances))
    defaults = choose(twin) if count <= _MOST_WRITTEN_OUT else {}  # else only what each changes
    for section in ("scenarios", "instances"):
        for name, plan in getattr(twin, section).items():
            data[section][name]["parameters"] = {**defaults, **plan.parameters}
    for name, sweep in twin.sweeps.items():
        data["sweeps"][name]["parameters"] = {
            key: _first_of(values) for key, values in sweep.parameters.items()
        }
        data["sweeps"][name]["runs"] = math.prod(map(_count, sweep.parameters.values()))
    data["parameters"] = {
        name: {**shown, **({"value": parameters[name]} if name in parameters else {})}
        for name, shown in data["parameters"].items()
    }


def _count(values: Sequence[Value] | Range) -> int:
    return values.steps if isinstance(values, Range) else len(values)


def _first_of(values: Sequence[Value] | Range) -> list[Value]:
    """Return the values that are shown, without making the others."""
    if not isinstance(values, Range) or values.steps <= _MOST_SHOWN:
        return expand_sweep(values)[:_MOST_SHOWN]
    step = (values.stop - values.start) / (values.steps - 1)
    return [values.start + step * at for at in range(_MOST_SHOWN)]


def _parameter(twin: Twin, name: str) -> Parameter:
    if name not in twin.parameters:
        nearest = nearest_key(name, twin.parameters)
        known = f"there are: {', '.join(twin.parameters)}" if twin.parameters else "it has none"
        raise ChoiceError(f"there is no parameter {name!r}", known, nearest)
    return twin.parameters[name]


def _put(data: Any, path: Sequence[Key], value: object) -> None:  # noqa: ANN401  # any JSON
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


def _is_given(data: Mapping[str, Any], key: str) -> bool:
    return bool(data.get(key))
