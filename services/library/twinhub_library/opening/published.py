"""Open links of what is published: through the library's own imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.versions import Version
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import split_path
from twinhub_library.errors import LibraryError
from twinhub_library.merging import FolderContent
from twinhub_library.opening.faults import NextStep, WithdrawnError
from twinhub_library.opening.importing import Brought, FileOutcome, Standing, State
from twinhub_library.opening.links import AssetLink
from twinhub_library.publishing.versions import owns

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.assets import Asset
    from twinhub_library.imports.imports import Imports
    from twinhub_library.publishing.versions import Versions
    from twinhub_library.store.publishing import ImportRow, VersionRow
    from twinhub_library.tree import Tree

_NAMES_OF_AN_ASSET = 3
_LONG_BYTES, _LONG_FILES = 64 << 20, 1_000
"""What is larger is copied while a page waits and tells so."""


class PublishedImporter:
    """Brings published assets by `Imports`, into ``<user>/<kind>/<name>``.

    A copy that is elsewhere in the area, since it was moved or something else has the name, counts.
    """

    def __init__(self, tree: Tree, imports: Imports, versions: Versions) -> None:
        """Import into a tree."""
        self._tree, self._imports, self._versions = tree, imports, versions

    def look(self, caller: Caller, asset: Asset) -> Standing:
        """Return how an asset stands in the caller's own area."""
        place = _place(caller, asset)
        row = self._imports.find(place)
        if row is None or row.source != _source(asset) or not self._exists(place):
            row = self._find_elsewhere(place, asset)
        if row is not None:
            return Standing(self._compare(row, asset), RelativePath.parse(row.place), row.version)
        if not self._exists(place):
            return Standing(State.ABSENT, place)
        return Standing(State.CURRENT if self._is_origin(place, asset) else State.OTHER, place)

    def _is_origin(self, place: RelativePath, asset: Asset) -> bool:
        """Return whether a place is what its owner published the asset from."""
        rows = self._versions.list_of(asset.kind.value, asset.name)
        return any(row.origin == str(place) for row in rows)

    def _find_elsewhere(self, place: RelativePath, asset: Asset) -> ImportRow | None:
        rows = self._imports.list_in(split_path(place)[0])
        return next(
            (
                row for row in rows
                if row.source == _source(asset) and self._exists(RelativePath.parse(row.place))
            ),
            None,
        )  # fmt: skip

    def _compare(self, row: ImportRow, asset: Asset) -> State:
        wanted = self._find_version(asset)
        if wanted is None:  # an asset without versions: what it is now is compared with the copy
            has_news = self._imports.preview(row).report.has_changed
            return State.BEHIND if has_news else State.CURRENT
        if wanted.digest == row.digest or not row.version:
            return State.CURRENT if wanted.digest == row.digest else State.BEHIND
        is_older = Version.parse(wanted.version) < Version.parse(row.version)
        return State.CURRENT if is_older else State.BEHIND  # a link never takes anybody back

    def takes_long(self, asset: Asset) -> bool:
        """Return whether bringing an asset takes more than a few seconds."""
        row = self._find_version(asset)
        return row is not None and (row.size > _LONG_BYTES or row.files > _LONG_FILES)

    def bring(self, caller: Caller, asset: Asset) -> Brought:
        """Import an asset into the caller's own area, or update it there.

        Where something of their own has the name it comes beside it, under a name that is free.

        Raises:
            LibraryError: there is no room, or it is withdrawn.
        """
        standing = self.look(caller, asset)
        pin = asset.version or ""
        row = self._imports.find(standing.place)
        if standing.state is State.BEHIND and row is not None:
            updated = self._imports.update(caller, row, pin)
            files = tuple(
                FileOutcome(one.path, one.outcome.value, one.copy or "")
                for one in updated.report.files
            )
            return Brought(standing.place, updated.row.version, files)
        if standing.state is State.CURRENT:
            return Brought(standing.place, standing.version, ())
        source = RelativePath.parse(_source(asset))
        if standing.state is State.OTHER:
            row = self._imports.start_at_free(
                caller, source, pin, standing.place, is_folder=asset.is_folder
            )
        else:
            row = self._imports.start(caller, source, pin, standing.place)
        place = RelativePath.parse(row.place)
        return Brought(place, row.version, self._list_new(place, row))

    def _list_new(self, place: RelativePath, row: ImportRow) -> tuple[FileOutcome, ...]:
        if not row.is_folder:
            names = list(row.names.values()) or [place.name]
        else:
            names = sorted(FolderContent(self._tree, place).list_files())
        return tuple(FileOutcome(name, "added") for name in names)

    def _find_version(self, asset: Asset) -> VersionRow | None:
        """Return the record of the version that an asset is; of none, that of its newest."""
        rows = self._versions.list_of(asset.kind.value, asset.name)
        if asset.version is not None:
            return next((row for row in rows if row.version == asset.version), None)
        releases = [row for row in rows if not row.is_withdrawn and "-" not in row.version]
        return next(iter(releases), None)

    def _exists(self, place: RelativePath) -> bool:
        try:
            self._tree.get_entry(place)
        except LibraryError:
            return False
        return True


class Publications:
    """What open links ask of the records of versions."""

    def __init__(self, versions: Versions) -> None:
        """Look into the records."""
        self._versions = versions

    def is_publisher(self, caller: Caller, subject: str) -> bool:
        """Return whether a caller acts for whoever published a subject."""
        names = subject.split("/")
        if len(names) != _NAMES_OF_AN_ASSET or names[0] != "common":
            return False
        rows = self._versions.list_of(names[1], names[2])
        return any(owns(caller, row.owner) or row.author == caller.name for row in rows[:1])

    def find_withdrawn(self, link: AssetLink) -> WithdrawnError | None:
        """Return what to say of a link to something withdrawn; None if it never was there."""
        rows = self._versions.list_of(link.kind.value, link.name)
        wanted = [row for row in rows if link.version in {None, row.version} and row.is_withdrawn]
        if not wanted:
            return None
        row = wanted[0]
        why = f": {row.withdrawn_why.rstrip('.')}" if row.withdrawn_why else ""
        rest = [one for one in rows if not one.is_withdrawn]
        newest = AssetLink(link.kind, link.name, None, link.path)
        steps = [NextStep("Open the newest version", newest.address)] if rest else []
        what = f"version {row.version} of {link.name}" if link.version else link.name
        return WithdrawnError(
            f"Whoever published {what} has withdrawn it{why}. A copy that you have already stays "
            "as it is.",
            *steps,
        )


def _place(caller: Caller, asset: Asset) -> RelativePath:
    return RelativePath((caller.label, asset.kind, asset.name))


def _source(asset: Asset) -> str:
    return f"common/{asset.kind}/{asset.name}"
