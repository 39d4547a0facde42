"""What a twin requires of the library: which assets, and where its sandbox has them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict
from urllib.parse import unquote, urlsplit

from twinhub_api.names import label_for
from twinhub_dtconfig.assets import AssetError, AssetTree
from twinhub_dtconfig.references import Reference
from twinhub_kit.files.paths import RelativePath

from twinhub_runner.backends.base import OUTSIDE
from twinhub_runner.errors import BadSubmissionError
from twinhub_runner.twins import COMMON, TEAMS, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_kit.callers import Caller

    from twinhub_runner.twins import FoundTwin


_LONGEST = 200
"""Bytes of the name of a file."""


class Fetched(TypedDict):
    """One file that is fetched, as `twinhub_agent.fetching` is told."""

    name: str
    url: str
    to: str
    sha256: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Input:
    """One asset that a twin requires."""

    place: RelativePath
    """In the library, with the version that was chosen."""
    target: str
    """Where a sandbox has it."""
    writable: bool = False

    @property
    def is_common(self) -> bool:
        """Whether it is everybody's, which a sandbox sees where it lies."""
        return self.place.names[0] == COMMON

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"path": str(self.place), "target": self.target, "writable": self.writable}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Input:
        """Return what `as_data` was made of."""
        return cls(RelativePath(tuple(data["path"].split("/"))), data["target"], data["writable"])


@dataclass(frozen=True, slots=True)
class Required:
    """All that a twin requires of the library."""

    inputs: tuple[Input, ...]
    """Each asset once, by where a sandbox has it."""
    paths: dict[str, str]
    """What ``${uses.alias}`` stands for, by alias."""

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"inputs": [one.as_data() for one in self.inputs], "paths": self.paths}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Required:
        """Return what `as_data` was made of."""
        return cls(tuple(map(Input.from_data, data["inputs"])), dict(data["paths"]))


def find_required(root: Path, caller: Caller, found: FoundTwin) -> Required:
    """Return what a twin requires, in the versions that there are now.

    ``models/…`` is the caller's own. A folder that nothing describes may name what is not there.

    Raises:
        BadSubmissionError: an asset that its ``twin.yaml`` names is not there.
    """
    tree = _tree_of(root, caller)
    inputs: dict[str, Input] = {}
    paths: dict[str, str] = {}
    for alias, use in found.twin.uses.items():
        text = use.asset or use.twin
        if text is None:
            if use.url is not None:
                paths[alias] = _fetched(alias, use.url)
            continue
        reference = Reference.parse(text)
        try:
            place = _locate(root, tree, reference)
        except AssetError as error:
            if not found.is_described:
                continue
            raise BadSubmissionError(f"{found.path}: uses.{alias}: {error}.") from error
        target = _inside(caller, place)
        known = inputs.get(target)
        writable = use.copy_ or use.writable or (known is not None and known.writable)
        inputs[target] = Input(place, target, writable)
        paths[alias] = "/".join(part for part in (target, reference.path) if part)
    return Required(tuple(inputs[target] for target in sorted(inputs)), paths)


def plan_fetching(
    twin: Twin, path: str, paths: Mapping[str, str], plan: Mapping[str, object]
) -> list[Fetched]:
    """Return what an agent is to fetch before a phase: what its processes and files name.

    Raises:
        BadSubmissionError: it names what no run can have yet.
    """
    said, wanted = (
        json.dumps([plan.get(key) for key in ("processes", "files", "build")]),
        list[Fetched](),
    )
    for alias, use in twin.uses.items():
        if use.asset or use.twin:
            continue
        to = paths.get(alias, f"${{uses.{alias}}}")
        if json.dumps(to)[1:-1] not in said:
            continue
        if use.url is None or use.secret is not None:
            what = next(one for one in ("s3", "doi", "secret") if getattr(use, one))
            raise BadSubmissionError(
                f"{path}: uses.{alias}.{what}: runs cannot fetch this yet: put it into the library"
                " and name it as an asset, or give an url that needs no secret"
            )
        one: Fetched = {"name": f"uses.{alias}", "url": use.url, "to": to}
        wanted.append(one if use.sha256 is None else {**one, "sha256": use.sha256})
    return wanted


def _fetched(alias: str, url: str) -> str:
    """Return where a sandbox has what is fetched for it."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    is_plain = name.isprintable() and not name.startswith(".") and len(name.encode()) <= _LONGEST
    return f"{OUTSIDE}/fetched/{alias}/{name if name and is_plain else 'file'}"


def _tree_of(root: Path, caller: Caller) -> AssetTree:
    labels = map(label_for, caller.groups)
    teams = {label: root / TEAMS / label for label in labels}
    return AssetTree(root / caller.label, root / COMMON, teams)


def _locate(root: Path, tree: AssetTree, reference: Reference) -> RelativePath:
    """Return the place of the asset that a reference names; what is in it has to be there."""
    group = reference.group
    if group is not None and group not in tree.teams:
        group = label_for(group)
    names = tree.locate(replace(reference, group=group)).relative_to(root).parts
    depth = len(reference.path.split("/")) if reference.path else 0
    return RelativePath(names[: len(names) - depth])


def _inside(caller: Caller, place: RelativePath) -> str:
    is_own = place.names[0] == caller.label
    return "/".join((WORKSPACE, *(place.names[1:] if is_own else place.names)))
