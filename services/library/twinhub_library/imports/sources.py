"""What an import is made of: a published version, or an asset without versions as it is now."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.references import AssetKind
from twinhub_dtconfig.versions import BadVersionError
from twinhub_kit.errors import ServiceError
from twinhub_kit.files.errors import NotThereError

from twinhub_library.areas import COMMON
from twinhub_library.catalogue import find_asset, say_no_asset
from twinhub_library.errors import BadRequestError
from twinhub_library.merging import FileMark, FolderContent
from twinhub_library.publishing.contents import discard, stage_folder, stage_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.assets import Asset
    from twinhub_library.publishing.contents import Staged
    from twinhub_library.publishing.publisher import Publisher
    from twinhub_library.store.publishing import VersionRow
    from twinhub_library.tree import Tree

_PLACE_OF_A_VERSION = 3
"""Names of ``common/<kind>/<name>``."""


@dataclass(frozen=True, slots=True)
class Source:
    """Content to import, which a store keeps."""

    path: str
    """The asset without a version."""
    version: str
    """Empty for an asset that has none."""
    digest: str
    inside: str
    """Name of the asset in the content; empty where it is the content."""
    is_folder: bool
    companions: tuple[str, ...]
    size: int

    @property
    def name(self) -> str:
        """Name of the asset."""
        return self.path.rpartition("/")[2]


def split_pin(text: str) -> tuple[str, str]:
    """Return a reference's path and its pin; an empty pin without ``@``."""
    path, at, pin = text.rpartition("@")
    return (path, pin) if at and "/" not in pin else (text, "")


class Sources:
    """Finds what can be imported."""

    def __init__(self, tree: Tree, publisher: Publisher) -> None:
        """Look into a tree and at what is published in it."""
        self._tree = tree
        self._publisher = publisher

    @contextlib.contextmanager
    def found(self, path: RelativePath, pin: str = "", *, keeps: str = "") -> Iterator[Source]:
        """Find the version of an asset that fits a pin, or the asset as it is now.

        Whoever asks may read the path. ``keeps`` is the digest of a version that may have been
        withdrawn. Of an asset without versions a copy is kept; no content is removed within the
        block, which is to write down who needs it, and nobody publishes meanwhile.

        Raises:
            NotThereError: there is no such asset, or no version fits.
            BadRequestError: the pin is none, or the asset has no versions.
        """
        row = self.find_version(path, pin, keeps=keeps)
        if row is not None:
            names = tuple(row.companions)
            source = Source(
                str(path), row.version, row.digest, row.inside,
                is_folder=row.is_folder, companions=names, size=row.size,
            )  # fmt: skip
            with self._publisher.locked():
                yield source
            return
        asset = find_asset(self._tree, path)
        if asset is None or asset.path != path:
            raise NotThereError(say_no_asset(self._tree, path))
        if pin:
            raise BadRequestError(f"{path} has no versions: leave out '@{pin}'.")
        staged, source = self._stage(asset)
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(self._publisher.locked())
            except ServiceError:
                discard(self._tree, staged)
                raise
            self._publisher.bases.keep(staged)
            yield source

    def find_version(
        self, path: RelativePath, pin: str, *, keeps: str = ""
    ) -> VersionRow | None:  # fmt: skip
        """Return the version that fits a pin; None for an asset without versions."""
        names = path.names
        if (
            names[0] != COMMON
            or len(names) != _PLACE_OF_A_VERSION
            or names[1] not in tuple(AssetKind)
        ):
            return None
        if not self._publisher.versions.list_of(names[1], names[2]):
            return None
        try:
            return self._publisher.versions.pick(names[1], names[2], pin, keeps=keeps)
        except BadVersionError as error:
            raise BadRequestError(f"{error}.") from error

    def find_newest(self, path: RelativePath) -> VersionRow | None:
        """Return the newest version of an asset; None if it has none that is offered."""
        try:
            return self.find_version(path, "")
        except NotThereError:
            return None

    def content(self, digest: str, inside: str = "") -> RelativePath:
        """Return where a content lies.

        Raises:
            NotThereError: no store has it.
        """
        for store in (self._publisher.store, self._publisher.bases):
            if store.has(digest):
                return store.path(digest, inside)
        raise NotThereError(
            f"The content {digest[:12]} is not kept any more: import a fresh copy beside yours."
        )

    def _stage(self, asset: Asset) -> tuple[Staged, Source]:
        """Copy an asset, however long that takes; nothing refers to the copy yet."""
        if asset.is_folder:
            staged, inside = stage_folder(self._tree, asset.path), ""
        else:
            names = [asset.path.name, *asset.companions]
            staged, inside = stage_names(self._tree, asset.folder, names), asset.name
        companions = () if asset.is_folder else asset.companions
        return staged, Source(
            str(asset.path), "", staged.digest, inside,
            is_folder=asset.is_folder, companions=companions, size=staged.size,
        )  # fmt: skip


def outer_names(source: Source, place: RelativePath) -> dict[str, str]:
    """Return the files of a single-file asset: names in its content to names beside a place.

    What belongs to ``tank.fmu`` is renamed with it: ``tank.md`` to ``mine.md`` for ``mine.fmu``.
    """
    names = {source.inside: place.name}
    stem, new_stem = (name.rpartition(".")[0] or name for name in (source.inside, place.name))
    for one in source.companions:
        if one.startswith(source.inside):
            names[one] = place.name + one.removeprefix(source.inside)
        else:
            names[one] = new_stem + one.removeprefix(stem)
    return names


class NamedFiles:
    """Some files of a folder under other names, as one side of a merge."""

    def __init__(self, tree: Tree, folder: RelativePath, names: Mapping[str, str]) -> None:
        """Show files of a folder: names in it to names as they are shown."""
        self._tree = tree
        self._folder = folder
        self._names = {outer: inner for inner, outer in names.items()}

    def list_files(self) -> Mapping[str, FileMark]:
        """Return the files that are there."""
        marks = FolderContent(self._tree, self._folder).list_files()
        return {
            outer: marks[inner] for outer, inner in self._names.items() if inner in marks
        }  # fmt: skip

    def read(self, path: str) -> bytes:
        """Return what is in a file."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield what is in a file, in parts."""
        with self._tree.open_folder(self._folder) as folder:
            yield from folder.chunks(self._names[path])
