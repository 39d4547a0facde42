"""What an asset needs: is it there for the caller, in which version, and is there a newer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import BadReferenceError, Reference
from twinhub_dtconfig.versions import Version, newest

from twinhub_library.access import may_read
from twinhub_library.areas import THE_COMMON_AREA, Area
from twinhub_library.catalogue import KindFolder, make_asset
from twinhub_library.scanning import find_kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from twinhub_kit.callers import Caller

    from twinhub_library.assets import Asset
    from twinhub_library.listing import FolderNames, Listing
    from twinhub_library.tree import Tree


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference leads to; ``asset`` is None where ``problem`` says why."""

    reference: str
    asset: Asset | None = None
    newest: str | None = None
    problem: str = ""

    @property
    def is_outdated(self) -> bool:
        """Whether there is a newer version than is good enough."""
        version = self.asset.version if self.asset else None
        if version is None or self.newest is None:
            return False
        return Version.parse(version) < Version.parse(self.newest)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves references as a workspace of the caller would: assets of their own come first."""

    tree: Tree
    listing: Listing
    caller: Caller
    teams: Collection[str]

    def resolve(self, text: str) -> Resolved:
        """Return what a reference leads to now."""
        try:
            reference = Reference.parse(text)
        except BadReferenceError as error:
            return Resolved(text, problem=str(error))
        area = area_of(reference, self.caller)
        folder = KindFolder(area, reference.kind, area.path)
        if not may_read(self.caller, area, self.teams):
            return Resolved(text, problem=f"There is no {reference.folder} for you.")
        names = self.listing.names_of(folder)
        named = names.named.get(reference.name)
        if named is None:
            beside = self._beside(text, reference, names)
            return beside or self._missing(text, reference, list(names.named))
        version, problem = _pick(reference, named.list_versions())
        if problem:
            return Resolved(text, newest=named.newest, problem=problem)
        asset = make_asset(self.tree, folder, named, names.kinds, version)
        if asset is None:
            return Resolved(text, problem=f"{reference.asset} leads nowhere: publish it anew.")
        return self._with_path(text, reference, asset, named.newest)

    def _with_path(
        self, text: str, reference: Reference, asset: Asset, newest: str | None
    ) -> Resolved:
        path = asset.path
        for name in filter(None, reference.path.split("/")):
            path /= name
        if reference.path and find_kind(self.tree, path) is None:
            return Resolved(text, problem=f"{reference.asset} has no {reference.path}.")
        return Resolved(text, asset, newest)

    def _beside(self, text: str, reference: Reference, names: FolderNames) -> Resolved | None:
        """Return the asset that a file such as ``x.md`` belongs to, which a reference may name."""
        name, pin = reference.name, reference.version
        endings = [
            one.removeprefix(f"{name}@") for one in names.kinds if one.startswith(f"{name}@")
        ]
        versions = [one for one in endings if names.folder.has_versions and newest([one])]
        is_pinned = pin is not None and pin.digest is None
        if name in names.kinds and not is_pinned:
            chosen = name
        else:
            version = pin.pick(versions) if pin is not None and is_pinned else newest(versions)
            chosen = f"{name}@{version}" if version else ""
        if reference.path or not chosen:
            return None
        found = self.listing.find_asset(names.folder.path / chosen)
        return None if found is None else Resolved(text, found)

    def _missing(self, text: str, reference: Reference, names: list[str]) -> Resolved:
        nearest = nearest_key(reference.name, names)
        meant = f" Did you mean {reference.folder}/{nearest}?" if nearest else ""
        return Resolved(text, problem=f"There is no {reference.asset}.{meant}")


def area_of(reference: Reference, caller: Caller) -> Area:
    """Return the area that a reference leads to in a workspace of the caller."""
    match reference.area:
        case AreaKind.COMMON:
            return THE_COMMON_AREA
        case AreaKind.TEAM:
            group = reference.group or ""
            is_label = group in map(label_for, caller.groups)
            return Area(AreaKind.TEAM, group if is_label else label_for(group))
        case AreaKind.PRIVATE:
            return Area(AreaKind.PRIVATE, caller.label)


def _pick(reference: Reference, versions: list[str]) -> tuple[str | None, str]:
    """Return the version that a reference gets, None for the one without; or what is wrong."""
    pin = reference.version
    if pin is None or pin.digest is not None:
        return None, ""
    if not versions:
        return None, f"{reference.asset} has no versions: remove '@{pin}'."
    picked = pin.pick(versions)
    if picked is None:
        known = ", ".join(versions[:10])
        return None, f"No version of {reference.asset} fits '@{pin}': there are {known}."
    return picked, ""
