"""What an asset is: a folder or a single file below the folder of a kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_kit.files.paths import RelativePath

if TYPE_CHECKING:
    from twinhub_dtconfig.references import AssetKind

    from twinhub_library.areas import Area


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset; of a published one, one version of it."""

    area: Area
    kind: AssetKind
    name: str
    """Without a version; that of a single file has its suffix."""
    path: RelativePath
    """From the assets root to the folder or file."""
    is_folder: bool
    root: RelativePath
    """The folder that holds the folder of its kind: the area's own, or a deeper one."""
    version: str | None = None
    """Of a published asset, else None."""
    companions: tuple[str, ...] = ()
    """Names beside it that belong to it, such as ``x.md`` beside ``x.fmu``."""

    @property
    def folder(self) -> RelativePath:
        """The folder of its kind, in which it lies."""
        return self.path.parent

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is a version that its publisher has withdrawn."""
        return self.folder.name == WITHDRAWN

    @property
    def address(self) -> RelativePath:
        """The path by which people name it: a withdrawn version has the one that it had."""
        names = self.path.names
        return RelativePath((*names[:-2], names[-1])) if self.is_withdrawn else self.path

    @property
    def is_in_extra_root(self) -> bool:
        """Whether it lies in a root below the area, such as ``examples/pump``."""
        return self.root != self.area.path


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is said about an asset; what is wrong with it is told in ``faults``."""

    title: str = ""
    summary: str = ""
    version: str = ""
    """As its author wrote it; a published asset has one of its own."""
    licence: str = ""
    authors: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    """References to assets, with pins."""
    faults: tuple[str, ...] = ()
    """As ``file:line:column: what; remedy``; the file is named from the asset on."""
    source: str = ""
    """Name of the file that most of it is from; empty if nothing says anything."""
