"""Reads ``modelDescription.xml`` of FMI 2.0 and 3.0 (https://fmi-standard.org)."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.fmu.model import (
    BaseUnit,
    Causality,
    Experiment,
    FmuError,
    FmuKind,
    ModelDescription,
    ValueType,
    Variability,
    Variable,
)
from twinhub_dtconfig.xml_tree import Element, XmlRefusedError, parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_Word = TypeVar("_Word", bound=StrEnum)

_SKIPPED = frozenset({"ModelStructure", "VendorAnnotations", "Annotations", "LogCategories"})
_TYPES = {
    **dict.fromkeys(("Real", "Float32", "Float64"), ValueType.NUMBER),
    **dict.fromkeys(("Integer", "Int8", "UInt8", "Int16", "UInt16"), ValueType.INTEGER),
    **dict.fromkeys(("Int32", "UInt32", "Int64", "UInt64"), ValueType.INTEGER),
    "Boolean": ValueType.BOOLEAN, "String": ValueType.TEXT, "Enumeration": ValueType.ENUMERATION,
    "Binary": ValueType.BINARY, "Clock": ValueType.CLOCK,
}  # fmt: skip
_SI = ("kg", "m", "s", "A", "K", "mol", "cd", "rad")
_WHOLE = re.compile("[-+]?[0-9]{1,18}")
_TRUE = {"true", "1"}
_ANEW = "export the model anew"


def parse_description(content: bytes, file: str) -> ModelDescription:
    """Return what the bytes of a model description say.

    Raises:
        FmuError: it is no description, or of a version that is not supported.
    """
    try:
        root = parse_xml(content, skip=_SKIPPED)
    except XmlRefusedError as error:
        line, column = error.position
        raise FmuError(f"{file}:{line}:{column}: {error.what}", error.remedy) from error
    return _Reader(root, file).read()


class _Type(NamedTuple):
    attributes: Mapping[str, str]
    items: Mapping[str, int]


class _Attributes:
    """Attributes of elements as values; what is wrong with one is reported with its line."""

    def __init__(self, file: str) -> None:
        self._file = file

    def _refuse(self, element: Element, what: str, remedy: str = _ANEW) -> NoReturn:
        line, column = element.position
        raise FmuError(f"{self._file}:{line}:{column}: {what}", remedy)

    def _required(self, element: Element, name: str) -> str:
        value = element.attributes.get(name)
        if value is None:
            self._refuse(element, f"<{element.name[:40]}> has no attribute {name!r}")
        return value

    def _number(self, element: Element, name: str) -> float | None:
        text = element.attributes.get(name)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            self._refuse(element, f"{name}={text[:40]!r} is no number")

    def _whole(self, element: Element, name: str) -> int:
        """Return a whole number; 0 if there is none."""
        text = element.attributes.get(name, "0")
        if not _WHOLE.fullmatch(text):
            self._refuse(element, f"{name}={text[:40]!r} is no whole number")
        return int(text)

    def _word(self, element: Element, name: str, words: type[_Word], usual: _Word) -> _Word:
        text = element.attributes.get(name)
        if text is None:
            return usual
        if text not in tuple(words):
            hint = nearest_key(text, words)
            meant = f", perhaps {str(hint)!r} was meant" if hint else ""
            self._refuse(element, f"{text[:40]!r} is no {name}{meant}")
        return words(text)


class _Reader(_Attributes):
    def __init__(self, root: Element, file: str) -> None:
        super().__init__(file)
        self._root = root

    def read(self) -> ModelDescription:
        version = self._version()
        kinds = {kind: element for kind in FmuKind for element in self._root.all(kind)}
        if not kinds:
            self._refuse(self._root, "there is neither <CoSimulation> nor <ModelExchange>")
        root = self._root.attributes
        return ModelDescription(
            file=self._file,
            fmi_version=version,
            name=self._required(self._root, "modelName"),
            token=root.get("guid") or root.get("instantiationToken") or "",
            description=root.get("description", ""),
            kinds={kind: self._required(kinds[kind], "modelIdentifier") for kind in kinds},
            variables=self._variables(),
            units=self._units(),
            can_save_state=_all_can(kinds.values(), "canGetAndSetFMUState"),
            can_serialize_state=_all_can(kinds.values(), "canSerializeFMUState"),
            experiment=self._experiment(),
        )

    def _version(self) -> str:
        if self._root.tag != "fmiModelDescription":
            self._refuse(self._root, f"<{self._root.name[:40]}> is no model description")
        version = self._required(self._root, "fmiVersion")
        if version != "2.0" and not version.startswith("3."):
            what = f"FMI {version[:20]} is not supported"
            self._refuse(self._root, what, "export the model for FMI 2.0 or 3.0")
        self._is_fmi_2 = version == "2.0"
        return version

    def _units(self) -> dict[str, BaseUnit | None]:
        units: dict[str, BaseUnit | None] = {}
        for element in self._root.all("UnitDefinitions", "Unit"):
            base = next(element.all("BaseUnit"), None)
            name = self._required(element, "name")
            units[name] = None if base is None else self._base_unit(base)
        return units

    def _base_unit(self, element: Element) -> BaseUnit:
        powers = {unit: self._whole(element, unit) for unit in _SI}
        factor, offset = self._number(element, "factor"), self._number(element, "offset")
        exponents = {unit: power for unit, power in powers.items() if power}
        return BaseUnit(exponents, 1.0 if factor is None else factor, offset or 0.0)

    def _experiment(self) -> Experiment:
        for element in self._root.all("DefaultExperiment"):
            start, stop, step = (
                self._number(element, name) for name in ("startTime", "stopTime", "stepSize")
            )
            return Experiment(start, stop, step)
        return Experiment()

    def _declared_types(self) -> dict[str, _Type]:
        types: dict[str, _Type] = {}
        for element in self._root.all("TypeDefinitions"):
            for declared in element.children:
                inner = declared.children[0] if self._is_fmi_2 and declared.children else declared
                items = {
                    item.attributes.get("name", ""): self._whole(item, "value")
                    for item in inner.all("Item")
                }
                types[self._required(declared, "name")] = _Type(inner.attributes, items)
        return types

    def _variables(self) -> dict[str, Variable]:
        types = self._declared_types()
        variables: dict[str, Variable] = {}
        for variable in self._each_variable(types):
            first = variables.setdefault(variable.name, variable)
            if first is not variable:
                what = f"the variable {variable.name[:60]!r} stands in lines {first.position.line}"
                raise FmuError(f"{self._file}: {what} and {variable.position.line}", _ANEW)
        return variables

    def _each_variable(self, types: Mapping[str, _Type]) -> Iterator[Variable]:
        for section in self._root.all("ModelVariables"):
            for element in section.children:
                value = self._value_element(element)
                variable = self._variable(element, value, types)
                yield variable
                for alias in element.all("Alias"):
                    yield _alias(variable, self._required(alias, "name"), alias)

    def _value_element(self, element: Element) -> Element:
        """Return the element that says of what type a variable is."""
        values = element.children if self._is_fmi_2 else [element]
        for value in values:
            if value.name in _TYPES:
                return value
        name = element.attributes.get("name", "")
        return self._refuse(element, f"the variable {name[:60]!r} has no known type")

    def _variable(self, element: Element, value: Element, types: Mapping[str, _Type]) -> Variable:
        declared = types.get(value.attributes.get("declaredType", ""), _Type({}, {}))
        merged = Element(value.name, {**declared.attributes, **value.attributes}, value.position, 0)
        causality = self._word(element, "causality", Causality, Causality.LOCAL)
        variability = self._word(
            element, "variability", Variability, self._usual_variability(value, causality)
        )
        kind = _TYPES[value.name]
        return Variable(
            name=self._required(element, "name"),
            type=kind,
            declared=value.name,
            causality=causality,
            variability=variability,
            initial=element.attributes.get("initial") or _usual_initial(causality, variability),
            position=element.position,
            unit=merged.attributes.get("unit"),
            display_unit=merged.attributes.get("displayUnit"),
            quantity=merged.attributes.get("quantity"),
            start=_start(value),
            minimum=self._bound(merged, "min", kind),
            maximum=self._bound(merged, "max", kind),
            description=element.attributes.get("description", ""),
            items=declared.items,
            dimensions=sum(1 for _ in value.all("Dimension")),
        )

    def _usual_variability(self, value: Element, causality: Causality) -> Variability:
        if self._is_fmi_2:
            return Variability.CONTINUOUS
        if causality.value.lower().endswith("parameter"):
            return Variability.FIXED
        is_number = _TYPES[value.name] is ValueType.NUMBER
        return Variability.CONTINUOUS if is_number else Variability.DISCRETE

    def _bound(self, element: Element, name: str, kind: ValueType) -> float | None:
        has_bounds = kind in {ValueType.NUMBER, ValueType.INTEGER, ValueType.ENUMERATION}
        return self._number(element, name) if has_bounds else None


def _start(value: Element) -> str | None:
    inner = next(value.all("Start"), None)
    return value.attributes.get("start") if inner is None else inner.attributes.get("value")


def _usual_initial(causality: Causality, variability: Variability) -> str | None:
    if causality is Causality.INDEPENDENT:
        return None
    is_set = causality in {Causality.PARAMETER, Causality.STRUCTURAL_PARAMETER, Causality.INPUT}
    return "exact" if is_set or variability is Variability.CONSTANT else "calculated"


def _alias(variable: Variable, name: str, alias: Element) -> Variable:
    return replace(
        variable,
        name=name,
        position=alias.position,
        description=alias.attributes.get("description") or variable.description,
        display_unit=alias.attributes.get("displayUnit") or variable.display_unit,
    )


def _all_can(kinds: Iterable[Element], ability: str) -> bool:
    """Tell whether a model has an ability in each way it can be run; FMI 2 spells `…FMUstate`."""
    spellings = (ability, ability.replace("FMUState", "FMUstate"))
    return all(
        any(kind.attributes.get(spelling) in _TRUE for spelling in spellings) for kind in kinds
    )
