"""What is in an image beside Debian's packages, as components of a bill of materials."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from images.builder.manifest import distributions, npm_packages, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_EXPRESSION = re.compile(r"\(?[\w.+-]+(?: (?:AND|OR|WITH) \(?[\w.+-]+\)?)*\)?")
_LONGEST_LICENCE = 100


@dataclass(slots=True)
class Component:
    """One package in one version, wherever it lies."""

    kind: str
    name: str
    version: str
    licence: dict[str, Any] | None = None
    places: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        """The package URL; it names no registry."""
        return f"pkg:{self.kind}/{quote(self.name, safe='/')}@{quote(self.version, safe=':')}"

    def as_cyclonedx(self) -> dict[str, Any]:
        """Return the component as CycloneDX 1.6 has it."""
        rendered: dict[str, Any] = {
            "type": "application" if self.kind == "generic" else "library",
            "bom-ref": self.purl,
            "name": self.name,
            "version": self.version,
            "purl": self.purl,
            "evidence": {"occurrences": [{"location": place} for place in sorted(self.places)]},
        }
        if self.licence:
            rendered["licenses"] = [self.licence]
        return rendered


def python_components(files: Mapping[str, bytes]) -> list[Component]:
    """Return each Python distribution once; its places are the environments that hold it."""
    licences = {
        (name, version): _python_licence(content)
        for path, content in files.items()
        for _, name, version in distributions({path: content})
    }
    return _merged(
        Component("pypi", name, version, licences[name, version], [environment])
        for environment, name, version in distributions(files)
    )


def npm_components(files: Mapping[str, bytes]) -> list[Component]:
    """Return each npm package once; its places are the folders that hold it."""
    return _merged(
        Component(
            "npm", package.name, package.version,
            _npm_licence(files[f"{package.path}/package.json"]), [package.path],
        )
        for package in npm_packages(files)
    )  # fmt: skip


def unpacked_components(files: Mapping[str, bytes]) -> list[Component]:
    """Return each Debian package of which files were taken without installing it."""
    return _merged(
        Component("deb/debian", name, version, None, [folder])
        for folder, name, version in unpacked(files)
    )


def node_components(nodes: Mapping[str, str]) -> list[Component]:
    """Return each Node once."""
    licence = {"expression": "MIT"}
    return _merged(
        Component("generic", "node", version, licence, [path]) for path, version in nodes.items()
    )


def _merged(components: Iterable[Component]) -> list[Component]:
    found: dict[str, Component] = {}
    for component in components:
        if known := found.get(component.purl):
            known.places.extend(component.places)
        else:
            found[component.purl] = component
    return [found[purl] for purl in sorted(found)]


def _python_licence(metadata: bytes) -> dict[str, Any] | None:
    header = BytesHeaderParser().parsebytes(metadata)
    if expression := header["License-Expression"]:
        return {"expression": str(expression)}
    # Free text in older packages: sometimes a name, sometimes the whole licence.
    stated = str(header["License"] or "").strip()
    if not stated or len(stated) > _LONGEST_LICENCE or "\n" in stated:
        stated = next(_classified(header.get_all("Classifier", [])), "")
    return {"license": {"name": stated}} if stated else None


def _classified(classifiers: Iterable[Any]) -> Iterator[str]:
    for classifier in map(str, classifiers):
        if classifier.startswith("License ::"):
            yield classifier.rpartition(" :: ")[2]


def _npm_licence(package: bytes) -> dict[str, Any] | None:
    stated = json.loads(package).get("license")
    if isinstance(stated, dict):  # as it was written before 2015
        stated = stated.get("type")
    if not isinstance(stated, str) or not stated or len(stated) > _LONGEST_LICENCE:
        return None
    return (
        {"expression": stated} if _EXPRESSION.fullmatch(stated) else {"license": {"name": stated}}
    )
