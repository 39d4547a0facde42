"""The manifest of an image: the version of everything in it, and how it was built."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from images.builder.reading import Reading

_DPKG_STATUS = "/var/lib/dpkg/status"
# Debian's own Python packages stand in dist-packages: dpkg names them.
_DISTRIBUTION = re.compile(
    r"(?P<environment>/.*)/lib/python3[.]\d+/site-packages/[^/]+[.]dist-info/METADATA"
)
_NPM_PACKAGE = re.compile(r"/.*/node_modules/(?P<name>(?:@[^/]+/)?[^/]+)/package[.]json")


class NpmTree(BaseModel):
    """A folder `node_modules`: what is directly in it, and how many packages that brings along."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    top: dict[str, str]
    """Package → version."""
    packages: int
    """All, at every depth."""


class Contents(BaseModel):
    """The resolved versions of everything in an image."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    debian: dict[str, str]
    """Package → version; of a foreign architecture as `name:architecture`. Also what was only
    unpacked, which dpkg does not know of."""
    python: dict[str, dict[str, str]]
    """Folder of the environment → distribution → version."""
    npm: dict[str, NpmTree]
    """Folder with the `node_modules` → packages."""
    node: dict[str, str]
    """Path of the program → version."""


class Manifest(BaseModel):
    """One build of one image, or what is known of an image that was built elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str
    tag: str
    id: str
    inputs: str | None
    revision: str | None
    size: int
    """Bytes, all layers."""
    added: int | None
    """Bytes that it adds to its parent; not known when that is gone."""
    built: datetime
    seconds: float | None
    """How long the build took."""
    cached_steps: int | None
    """How many steps came from the cache; 0 makes `seconds` a build time."""
    contents: Contents


class NpmPackage(BaseModel):
    """One package in a folder `node_modules`."""

    model_config = ConfigDict(frozen=True)

    path: str
    name: str
    version: str


def read_contents(reading: Reading) -> Contents:
    """Return the versions of everything that was read of an image."""
    files = reading.files()
    return Contents(
        debian={name: version for _, name, version in unpacked(files)}
        | _debian_packages(files.get(_DPKG_STATUS, b"").decode("utf-8", "replace")),
        python=_environments(files),
        npm=_npm_trees(npm_packages(files)),
        node=dict(reading.nodes),
    )


def unpacked(files: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield each Debian package of which files were taken: folder, name, version.

    Its folder has a file ``version`` with the fields ``Package`` and ``Version``.
    """
    for path, content in sorted(files.items()):
        if path.endswith("/version"):
            fields = dict(_fields(content.decode("utf-8", "replace")))
            if {"Package", "Version"} <= set(fields):
                yield path.removesuffix("/version"), fields["Package"], fields["Version"]


def distributions(files: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield each Python distribution: folder of the environment, normalised name, version."""
    for path, content in sorted(files.items()):
        if match := _DISTRIBUTION.fullmatch(path):
            header = BytesHeaderParser().parsebytes(content)
            name = re.sub(r"[-_.]+", "-", str(header["Name"])).lower()
            yield match["environment"], name, str(header["Version"])


def npm_packages(files: Mapping[str, bytes]) -> Iterator[NpmPackage]:
    """Yield each package in a folder `node_modules`, however deep."""
    for path, content in sorted(files.items()):
        if not (match := _NPM_PACKAGE.fullmatch(path)):
            continue
        try:
            package = json.loads(content)
        except ValueError:  # packages bring broken ones along, for their tests
            continue
        if isinstance(package, dict) and package.get("name") == match["name"]:
            folder = path.removesuffix("/package.json")
            version = str(package.get("version") or "0")
            yield NpmPackage(path=folder, name=match["name"], version=version)


def _debian_packages(status: str) -> dict[str, str]:
    stanzas = [dict(_fields(stanza)) for stanza in status.split("\n\n") if stanza.strip()]
    installed = [s for s in stanzas if s.get("Status", "").endswith(" installed")]
    native = next((s["Architecture"] for s in installed if s["Package"] == "dpkg"), "")
    return {
        s["Package"]
        if s["Architecture"] in {native, "all"}
        else f"{s['Package']}:{s['Architecture']}": s["Version"]
        for s in sorted(installed, key=lambda s: s["Package"])
    }


def _fields(stanza: str) -> Iterator[tuple[str, str]]:
    for line in stanza.splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "\t")):
            yield name, value.strip()


def _environments(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for environment, name, version in distributions(files):
        found.setdefault(environment, {})[name] = version
    return found


def _npm_trees(packages: Iterable[NpmPackage]) -> dict[str, NpmTree]:
    top: dict[str, dict[str, str]] = {}
    counts: Counter[str] = Counter()
    for package in packages:
        tree = package.path.partition("/node_modules/")[0]
        counts[tree] += 1
        top.setdefault(tree, {})
        if package.path.count("/node_modules/") == 1:
            top[tree][package.name] = package.version
    return {tree: NpmTree(top=top[tree], packages=counts[tree]) for tree in top}
