"""Maestro's co-simulations: the multi-model and the configuration of the engine, both JSON.

Variables are ``{model}.instance.variable``; a person may leave out the braces, and whichever of
model and instance is clear without. Keys that are not known here pass through untouched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.cosimulation.base import (
    Assignment,
    CosimulationError,
    Found,
    Instance,
    Mention,
    Role,
    dump_json,
)
from twinhub_dtconfig.documents import Document, DocumentError, load_document
from twinhub_dtconfig.faults import Fault, Position, nearest_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twinhub_dtconfig.documents import Data, Key

    Place = tuple[Key, ...]

_VARIABLE = re.compile(r"(\{[^{}]+\})\.([^.]+)\.(.+)")
_ALGORITHMS = ("fixed-step", "var-step")
_FORM = "write {model}.instance.variable"


class MultiModel:
    """One multi-model and, where there is one, the configuration that goes with it."""

    suffix = ".json"

    def __init__(self, document: Document, configuration: Document | None = None) -> None:
        """Check the form of both files.

        Raises:
            CosimulationError: it is no multi-model, or no configuration.
        """
        self.file = document.file
        self._document = document
        self._faults: list[Fault] = []
        self.data: dict[str, Data] = {}
        if isinstance(document.data, dict):
            self.data = document.data
        else:
            self._note((), "this is no multi-model", "write a JSON object with `fmus`")
        self.models = self._read_models()
        self.instances: dict[str, Instance] = {}
        self.mentions = tuple(self._read_mentions())
        for one in (document, configuration):
            if one is not None:
                self._faults += _check_simulation(one)
        if self._faults:
            raise CosimulationError(self._faults)

    @classmethod
    def load(cls, file: Path, configuration: Path | None = None) -> MultiModel:
        """Read the files.

        Raises:
            CosimulationError: one of them cannot be used.
        """
        return cls(_load(file), None if configuration is None else _load(configuration))

    def find(self, name: str) -> Found | None:
        """Return the variable that a name stands for, in full or without what is clear."""
        exact = _VARIABLE.fullmatch(name)
        if exact is not None:
            return self._found(exact[1], exact[2], exact[3])
        first, _, rest = name.partition(".")
        second, _, last = rest.partition(".")
        known = [_split_instance(instance) for instance in self.instances]
        if last and (f"{{{first}}}", second) in known:
            return self._found(f"{{{first}}}", second, last)
        fitting = [one for one in known if first in {one[0].strip("{}"), one[1]}]
        return self._found(*fitting[0], rest) if rest and len(fitting) == 1 else None

    def _found(self, model: str, instance: str, variable: str) -> Found | None:
        name = f"{model}.{instance}"
        known = self.instances.get(name)
        if known is None:  # the only instance of a model may be one that nothing else names
            has_others = any(one.startswith(f"{model}.") for one in self.instances)
            if model not in self.models or has_others:
                return None
            known = Instance(name, self.models[model].source, self.models[model].position)
        return Found(known, variable, f"{name}.{variable}")

    def write(self, target: Path, assignments: Sequence[Assignment]) -> None:
        """Write the multi-model with values among its ``parameters``."""
        parameters = self.data.get("parameters", {})
        assert isinstance(parameters, dict)  # noqa: S101 # as was checked
        values: dict[str, Data] = {one.name: one.value for one in assignments}
        bound = {**self.data, "parameters": {**parameters, **values}}
        target.write_text(dump_json(bound), encoding="utf-8")

    def _read_models(self) -> dict[str, Instance]:
        models: dict[str, Instance] = {}
        for name, source in self._mapping("fmus").items():
            if isinstance(source, str):
                position = self._document.position_of(("fmus", name))
                models[name] = Instance(name, source, position)
            else:
                self._note(("fmus", name), "this is no path", "write the path of an FMU as text")
        if not models and not self._faults:
            self._note((), "there are no `fmus`", 'add "fmus": {"{model}": "model.fmu"}')
        return models

    def _read_mentions(self) -> Iterator[Mention]:
        for source, targets in self._mapping("connections").items():
            yield from self._mention(("connections", source), source, "source", is_key=True)
            for at, target in enumerate(self._texts(("connections", source), targets)):
                yield from self._mention(("connections", source, at), target, "target")
        for name, value in self._mapping("parameters").items():
            plain = None if isinstance(value, dict | list) else value
            yield from self._mention(
                ("parameters", name), name, "parameter", is_key=True, value=plain
            )
        for key in ("logVariables", "livestream"):
            for instance, names in self._mapping(key).items():
                for at, name in enumerate(self._texts((key, instance), names)):
                    yield from self._mention((key, instance, at), f"{instance}.{name}", "shown")

    def _mention(
        self,
        place: Place,
        text: str,
        role: Role,
        *,
        is_key: bool = False,
        value: bool | float | str | None = None,
    ) -> Iterator[Mention]:
        found = _VARIABLE.fullmatch(text)
        if found is None:
            self._note(place, f"{text[:80]!r} is no variable", _FORM, is_key=is_key)
            return
        model = self.models.get(found[1])
        if model is None:
            nearest = nearest_key(found[1], self.models)
            what = f"`fmus` has no {found[1]}"
            remedy = f"it has {', '.join(self.models)}"
            self._note(place, what, remedy, nearest, is_key=is_key)
            return
        name = f"{found[1]}.{found[2]}"
        self.instances.setdefault(name, Instance(name, model.source, model.position))
        yield Mention(name, found[3], role, self._position(place, is_key=is_key), value)

    def _mapping(self, key: str) -> dict[str, Data]:
        value = self.data.get(key, {})
        if isinstance(value, dict):
            return value
        self._note((key,), f"`{key}` is no object", "write it as { … }")
        return {}

    def _texts(self, place: Place, value: Data) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return [one for one in value if isinstance(one, str)]
        self._note(place, "this is no list of texts", 'write ["…", "…"]')
        return []

    def _position(self, place: Place, *, is_key: bool) -> Position:
        document = self._document
        return document.key_position_of(place) if is_key else document.position_of(place)

    def _note(
        self,
        place: Place,
        what: str,
        remedy: str,
        nearest: str | None = None,
        *,
        is_key: bool = False,
    ) -> None:
        position = self._position(place, is_key=is_key)
        self._faults.append(Fault(self.file, *position, what, remedy, nearest))


def _split_instance(name: str) -> tuple[str, str]:
    model, _, instance = name.partition("}.")
    return f"{model}}}", instance


def _load(path: Path) -> Document:
    try:
        return load_document(path)
    except DocumentError as error:
        raise CosimulationError(error.faults) from error


def _check_simulation(document: Document) -> Iterator[Fault]:
    """Yield what is wrong with the times and the algorithm, which either file may hold."""
    if not isinstance(document.data, dict):
        yield Fault(document.file, 1, 1, "this is no configuration", "write a JSON object")
        return
    start, end = document.data.get("startTime", 0), document.data.get("endTime")
    for key, time in (("startTime", start), ("endTime", end)):
        if time is not None and (isinstance(time, bool) or not isinstance(time, int | float)):
            yield _fault(document, (key,), f"`{key}` is no number", "give seconds")
            return
    if isinstance(start, int | float) and isinstance(end, int | float) and end <= start:
        yield _fault(document, ("endTime",), "the end is not after the start", "exchange them")
    algorithm = document.data.get("algorithm")
    if isinstance(algorithm, dict):
        yield from _check_algorithm(document, algorithm)
    elif algorithm is not None:
        remedy = 'write {"type": "fixed-step", "size": 0.1}'
        yield _fault(document, ("algorithm",), "`algorithm` is no object", remedy)


def _check_algorithm(document: Document, algorithm: dict[str, Data]) -> Iterator[Fault]:
    kind, size = algorithm.get("type"), algorithm.get("size")
    if kind not in _ALGORITHMS:
        nearest = nearest_key(str(kind), _ALGORITHMS)
        fault = _fault(document, ("algorithm", "type"), f"{kind!r} is no algorithm", "", nearest)
        yield fault
    elif kind == "fixed-step" and (
        isinstance(size, bool) or not isinstance(size, int | float) or size <= 0
    ):
        remedy = "give the step in seconds"
        yield _fault(document, ("algorithm", "size"), "`size` is no positive number", remedy)


def _fault(
    document: Document, place: Place, what: str, remedy: str, nearest: str | None = None
) -> Fault:
    return Fault(document.file, *document.position_of(place), what, remedy, nearest)
