"""The asset library as folders: which assets and versions there are, and where they lie.

A version of a common asset lies beside it: ``common/models/tank@1.2.0``. One that was
withdrawn lies in ``common/models/.withdrawn``, where nothing but its exact number finds it. Only
folders that the caller names are looked into, and no link is followed out of them.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.layout import group_names, is_asset_name
from twinhub_dtconfig.references import Area, AssetKind, Reference
from twinhub_dtconfig.versions import VersionPin, newest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

WITHDRAWN = ".withdrawn"
"""Folder of the versions that are hidden from all who do not name them."""

_MOST_ENTRIES = 20_000


class AssetError(Exception):
    """A reference that leads to no asset; holds what is wrong, the remedy and the nearest name."""

    def __init__(self, what: str, remedy: str = "", nearest: str | None = None) -> None:
        """Hold what is wrong, what to do, and what was probably meant."""
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class AssetTree:
    """The areas of a library: a user's own, everybody's, and those of teams by group."""

    own: Path | None
    common: Path | None = None
    teams: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def below(cls, root: Path) -> AssetTree:
        """Return the library as a workspace shows it: own kinds, ``common/`` and ``teams/``."""
        teams = {name: root / "teams" / name for name in _entries(root / "teams")}
        return cls(root, root / "common", teams)

    def list_names(self, area: Area, group: str | None, kind: AssetKind) -> list[str]:
        """Return the names of assets in one folder, each once whatever its versions, in order.

        What belongs to another asset, such as ``x.md`` to ``x.fmu``, is none.
        """
        folder = self._folder(area, group, kind)
        names = () if folder is None else _entries(folder)
        return list(group_names(names, has_versions=area is Area.COMMON))

    def list_versions(self, reference: Reference) -> list[str]:
        """Return the versions of an asset; none where it has none or is not common."""
        folder = self._folder(reference.area, reference.group, reference.kind)
        if folder is None or reference.area is not Area.COMMON:
            return []
        prefix = f"{reference.name}@"
        endings = (
            name.removeprefix(prefix) for name in _entries(folder) if name.startswith(prefix)
        )
        return [ending for ending in endings if newest([ending])]

    def locate(self, reference: Reference) -> Path:
        """Return the path of the newest version that fits, or of what is referred to in it.

        An asset without a version in its name counts as the newest. A digest is not compared.

        Raises:
            AssetError: there is no such area, asset, version or path, or it leads out by a link.
        """
        folder = self._folder(reference.area, reference.group, reference.kind)
        if folder is None:
            raise self._no_area(reference)
        asset = folder / self._chosen_name(reference, folder)
        self._check_inside(asset, str(reference))
        found = asset / reference.path if reference.path else asset
        if not _exists(found):
            raise _no_path(reference, asset)
        self._check_inside(found, str(reference))
        return found

    def contains(self, path: Path) -> bool:
        """Tell whether a path, with its links followed, lies in one of the areas."""
        try:
            resolved = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # absent, or a circle of links
            return False
        return any(resolved.is_relative_to(root.resolve()) for root in self._roots())

    def _roots(self) -> Iterator[Path]:
        yield from (root for root in (self.own, self.common, *self.teams.values()) if root)

    def _folder(self, area: Area, group: str | None, kind: AssetKind) -> Path | None:
        root = {Area.PRIVATE: self.own, Area.COMMON: self.common}.get(area)
        if area is Area.TEAM:
            root = self.teams.get(group or "")
        return None if root is None else root / kind

    def _chosen_name(self, reference: Reference, folder: Path) -> str:
        name = reference.name
        versions = self.list_versions(reference)
        exists = is_asset_name(name) and _exists(folder / name)
        pin = reference.version
        if pin is None or pin.digest is not None:
            latest = newest(versions)
            if exists or latest is None:
                return name if exists else self._no_asset(reference)
            return f"{name}@{latest}"
        if _exists(folder / WITHDRAWN / f"{name}@{pin}"):
            return f"{WITHDRAWN}/{name}@{pin}"
        if not versions:
            if exists:
                raise AssetError(f"{reference.asset} has no versions", f"remove '@{pin}'")
            return self._no_asset(reference)
        return f"{name}@{_fitting(pin, versions, reference)}"

    def _no_asset(self, reference: Reference) -> str:
        names = self.list_names(reference.area, reference.group, reference.kind)
        nearest = nearest_key(reference.name, names)
        what = f"there is no {reference.asset}"
        if nearest is not None:
            raise AssetError(what, nearest=f"{reference.folder}/{nearest}")
        elsewhere = next(self._elsewhere(reference), None)
        if elsewhere is not None:
            raise AssetError(what, f"{elsewhere} exists", elsewhere)
        remedy = f"{reference.folder} has {', '.join(names[:10])}" if names else ""
        raise AssetError(what, remedy or f"{reference.folder} is empty: check the path")

    def _elsewhere(self, reference: Reference) -> Iterator[str]:
        """Yield assets of the same name in other areas and of other kinds."""
        areas = [(Area.PRIVATE, None), (Area.COMMON, None), *((Area.TEAM, g) for g in self.teams)]
        kinds = (reference.kind, *(kind for kind in AssetKind if kind is not reference.kind))
        for kind, (area, group) in itertools.product(kinds, areas):
            if reference.name in self.list_names(area, group, kind):
                yield Reference(area, group, kind, reference.name).asset

    def _no_area(self, reference: Reference) -> AssetError:
        if reference.area is not Area.TEAM:
            return AssetError(f"the {reference.area} assets are not available here")
        nearest = nearest_key(reference.group or "", self.teams)
        remedy = f"your teams are {', '.join(sorted(self.teams))}" if self.teams else ""
        return AssetError(
            f"there is no team {reference.group!r}",
            remedy or "you are in no team",
            f"teams/{nearest}" if nearest else None,
        )

    def _check_inside(self, path: Path, name: str) -> None:
        if not self.contains(path):
            raise AssetError(f"{name} is a link that leads out of the library", "copy it there")


def _fitting(pin: VersionPin, versions: list[str], reference: Reference) -> str:
    picked = pin.pick(versions)
    if picked is None:
        known = ", ".join(sorted(versions, reverse=True)[:10])
        raise AssetError(f"no version of {reference.asset} fits '@{pin}'", f"there are {known}")
    return picked


def _no_path(reference: Reference, asset: Path) -> AssetError:
    what = f"{reference.asset} has no {reference.path}"
    folder, parts = asset, reference.path.split("/")
    for at, part in enumerate(parts):
        if _exists(folder / part):
            folder /= part
            continue
        nearest = nearest_key(part, _entries(folder))
        if nearest is None:
            break
        place = "/".join([*parts[:at], nearest])
        return AssetError(what, nearest=f"{reference.asset}/{place}")
    return AssetError(what, "check the path")


def _entries(folder: Path) -> Iterator[str]:
    """Yield the names in a folder that are not hidden; none if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in itertools.islice(entries, _MOST_ENTRIES)]
    except (OSError, ValueError):
        return
    yield from sorted(name for name in names if not name.startswith("."))


def _exists(path: Path) -> bool:
    """Tell whether something is there, even a link that leads nowhere or cannot be read."""
    return os.path.lexists(path)
