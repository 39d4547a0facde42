"""System Structure and Parameterization 1.0: ``.ssd`` files and ``.ssp`` packages.

Values are added as the last parameter binding of the whole system, whose values come before those
of bindings before and below it; every byte that was there stays.
"""

from __future__ import annotations

import shutil
import zipfile
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from twinhub_dtconfig.archives import open_archive, read_member, unpacked
from twinhub_dtconfig.cosimulation.base import (
    Assignment,
    CosimulationError,
    Found,
    Instance,
    Mention,
    Value,
    find_dotted,
    one_fault,
)
from twinhub_dtconfig.faults import START, Fault, nearest_key
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.fmu import FmuError, ValueType, read_model_description
from twinhub_dtconfig.xml_tree import Element, XmlRefusedError, parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twinhub_dtconfig.fmu import ModelDescription

MEMBER = "SystemStructure.ssd"
_LARGEST = 16 * 2**20
_LARGEST_MODEL = 512 * 2**20
_LARGEST_PACKAGE = 4 * 2**30
_SSD = "http://ssp-standard.org/SSP1/SystemStructureDescription"
_SSV = "http://ssp-standard.org/SSP1/SystemStructureParameterValues"
_SKIPPED = frozenset({"Annotations", "SystemGeometry", "ConnectionGeometry"})
_BEFORE_BINDINGS = ("Connectors", "ElementGeometry")
_TYPES = {ValueType.NUMBER: "Real", ValueType.INTEGER: "Integer", ValueType.BOOLEAN: "Boolean",
          ValueType.TEXT: "String", ValueType.ENUMERATION: "Enumeration"}  # fmt: skip
_FMU = "application/x-fmu-sharedlibrary"


class Structure:
    """The system of one ``.ssd`` file or one package."""

    def __init__(self, content: bytes, file: str, package: Path | None = None) -> None:
        """Check the form of the file.

        Raises:
            CosimulationError: it is no description of a system.
        """
        self.file = file
        self.suffix = ".ssd" if package is None else ".ssp"
        self._content = content
        self.package = package
        self._faults: list[Fault] = []
        self._system = self._read_system()
        self.instances: dict[str, Instance] = {}
        self.models = self.instances
        self._collect(self._system, "")
        self.mentions = tuple(self._read_mentions(self._system, ""))
        if self._faults:
            raise CosimulationError(self._faults)

    @classmethod
    def load(cls, path: Path) -> Structure:
        """Read a ``.ssd`` file, or the one in a package.

        Raises:
            CosimulationError: it cannot be used.
        """
        try:
            if path.suffix.lower() == ".ssp":
                content = read_member(path, MEMBER, _LARGEST).content
                return cls(content, f"{path}/{MEMBER}", path)
            return cls(read_regular_file(path, _LARGEST).content, str(path))
        except FileRefusedError as error:
            remedy = "give a .ssd file or an .ssp package"
            raise one_fault(str(path), START, f"the file {error}", remedy) from error

    def find(self, name: str) -> Found | None:
        """Return the variable that ``[system.]component.variable`` stands for."""
        return find_dotted(name, self.instances)

    def read_packed_model(self, instance: Instance) -> ModelDescription:
        """Return what a model in the package says.

        Raises:
            FmuError: it is not there, or cannot be read.
        """
        assert self.package is not None  # noqa: S101 # only a package holds models
        name = f"{self.package}/{instance.source}"
        try:
            with unpacked(self.package, instance.source, _LARGEST_MODEL) as path:
                return replace(read_model_description(path), file=name)
        except FileRefusedError as error:
            raise FmuError(f"{self.package}: the file {error}", "pack the model") from error
        except FmuError as error:
            what = f"{name} cannot be read: {error.what.partition(': ')[2]}"
            raise FmuError(what, error.remedy) from error

    def write(self, target: Path, assignments: Sequence[Assignment]) -> None:
        """Write the system with a further binding; a package keeps its other files."""
        content = self._bound(assignments)
        if self.package is None:
            target.write_bytes(content)
            return
        try:
            with open_archive(self.package) as source, zipfile.ZipFile(target, "w") as written:
                _copy(source, written, content)
        except (FileRefusedError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            what = "the package cannot be copied: it is too large, encrypted or damaged"
            raise one_fault(str(self.package), START, what, "pack it anew") from error

    def _bound(self, assignments: Sequence[Assignment]) -> bytes:
        try:
            self._content.decode("utf-8")
        except UnicodeDecodeError as error:
            what = "values can be written into UTF-8 only"
            raise one_fault(self.file, START, what, "save the file as UTF-8") from error
        binding = _binding(assignments)
        bindings = next(self._system.all("ParameterBindings"), None)
        if bindings is None:
            whole = f'<ParameterBindings xmlns="{_SSD}">{binding}</ParameterBindings>'
            return self._replaced(self._place_of_bindings(), 0, whole)
        if not bindings.is_one_tag(self._content):
            return self._replaced(bindings.end, 0, binding)
        whole = f'<ParameterBindings xmlns="{_SSD}">{binding}</ParameterBindings>'
        return self._replaced(bindings.offset, bindings.end - bindings.offset, whole)

    def _place_of_bindings(self) -> int:
        """Return the offset after what comes before bindings in the order of the format."""
        before = [one for one in self._system.children if one.name in _BEFORE_BINDINGS]
        if before and before[-1].is_one_tag(self._content):
            return before[-1].end
        if before:
            return self._content.index(b">", before[-1].end) + 1
        if self._system.is_one_tag(self._content):
            what = "the system is empty, so that nothing in it can take a value"
            raise one_fault(self.file, self._system.position, what, "add components")
        return self._system.start_end(self._content)

    def _replaced(self, place: int, length: int, text: str) -> bytes:
        return self._content[:place] + text.encode() + self._content[place + length :]

    def _read_system(self) -> Element:
        try:
            root = parse_xml(self._content, skip=_SKIPPED)
        except XmlRefusedError as error:
            raise one_fault(self.file, error.position, error.what, error.remedy) from error
        system = next(root.all("System"), None)
        if root.tag != f"{_SSD} SystemStructureDescription" or system is None:
            what = f"<{root.name[:40]}> is no system structure of SSP 1.0"
            raise one_fault(self.file, root.position, what, "give the .ssd file of a system")
        return system

    def _collect(self, system: Element, prefix: str) -> None:
        for element in system.all("Elements"):
            for part in element.children:
                name = f"{prefix}{part.attributes.get('name', '')}"
                if part.name == "System":
                    self._collect(part, f"{name}.")
                elif part.name == "Component":
                    self._add(part, name)

    def _add(self, component: Element, name: str) -> None:
        if component.attributes.get("type", _FMU) != _FMU:
            return  # a system of its own file, or what another tool brings
        source = component.attributes.get("source")
        if not name or source is None:
            what = "the component has no name or no source"
            self._note(component, what, "add the attribute")
        elif name in self.instances:
            self._note(component, f"the component {name!r} stands here twice", "rename one")
        else:
            self.instances[name] = Instance(name, source, component.position)

    def _read_mentions(self, system: Element, prefix: str) -> Iterator[Mention]:
        parts = {
            one.attributes.get("name", ""): one
            for e in system.all("Elements")
            for one in e.children
        }
        for connection in system.all("Connections", "Connection"):
            yield from self._ends(connection, prefix, parts)
        yield from self._assigned(system, prefix)
        for name, part in parts.items():
            if part.name == "System":
                yield from self._read_mentions(part, f"{prefix}{name}.")
            elif part.name == "Component":
                yield from self._assigned(part, f"{prefix}{name}.")

    def _ends(
        self, connection: Element, prefix: str, parts: dict[str, Element]
    ) -> Iterator[Mention]:
        for end, role in (("start", "source"), ("end", "target")):
            part = connection.attributes.get(f"{end}Element")
            connector = connection.attributes.get(f"{end}Connector", "")
            if part is not None and part not in parts:
                nearest = nearest_key(part, parts)
                self._note(connection, f"the system has no element {part!r}", "", nearest)
            elif part is not None and f"{prefix}{part}" in self.instances:
                is_source = role == "source"
                yield Mention(
                    f"{prefix}{part}", connector, "source" if is_source else "target",
                    connection.position,
                )  # fmt: skip

    def _assigned(self, element: Element, prefix: str) -> Iterator[Mention]:
        """Yield what bindings within the file say; those in other files stay there."""
        for binding in element.all("ParameterBindings", "ParameterBinding"):
            if next(binding.all("ParameterMapping"), None) is not None:
                continue
            start = binding.attributes.get("prefix", "")
            sets = ("ParameterValues", "ParameterSet", "Parameters", "Parameter")
            for parameter in binding.all(*sets):
                name = f"{prefix}{start}{parameter.attributes.get('name', '')}"
                for instance in self.instances:
                    if name.startswith(f"{instance}."):
                        variable = name[len(instance) + 1 :]
                        yield Mention(instance, variable, "parameter", parameter.position)

    def _note(self, element: Element, what: str, remedy: str, nearest: str | None = None) -> None:
        self._faults.append(Fault(self.file, *element.position, what, remedy, nearest))


def _copy(source: zipfile.ZipFile, target: zipfile.ZipFile, content: bytes) -> None:
    members = source.infolist()
    if sum(member.file_size for member in members) > _LARGEST_PACKAGE:
        raise FileRefusedError(f"unpacks to more than {_LARGEST_PACKAGE:,} bytes")
    for member in members:
        if member.filename == MEMBER:
            target.writestr(copy(member), content)
        else:
            with source.open(member) as old, target.open(copy(member), "w") as new:
                shutil.copyfileobj(old, new, 2**20)


def _binding(assignments: Sequence[Assignment]) -> str:
    parameters = "".join(
        f"<Parameter name={quoteattr(one.name)}>{_element(one)}</Parameter>" for one in assignments
    )
    return (
        f'<ParameterBinding xmlns="{_SSD}"><ParameterValues>'
        f'<ParameterSet xmlns="{_SSV}" version="1.0" name="twin">'
        f"<Parameters>{parameters}</Parameters></ParameterSet></ParameterValues></ParameterBinding>"
    )


def _element(assignment: Assignment) -> str:
    kind = _kind(assignment.value) if assignment.variable is None else assignment.variable.type
    value = assignment.value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{_TYPES[kind]} value={quoteattr(text)}/>"


def _kind(value: Value) -> ValueType:
    match value:
        case bool():
            return ValueType.BOOLEAN
        case int():
            return ValueType.INTEGER
        case float():
            return ValueType.NUMBER
        case str():
            return ValueType.TEXT
