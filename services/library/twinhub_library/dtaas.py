"""The ``files`` folder of a DTaaS installation, copied into an assets root.

In it are ``common`` and one folder for each user, with the five kinds of assets below (DTaaS 0.5 to
0.8, ``files/template``). Everything is copied; nothing that is there already is replaced, so that
the import may be repeated. Links are never followed nor copied.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from twinhub_api.names import RESERVED, check_user_name, label_for
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import ExistsError, NotThereError
from twinhub_kit.files.newfile import NewFile
from twinhub_kit.files.paths import MOST_NAMES, RelativePath, shown_name

from twinhub_library.areas import COMMON
from twinhub_library.errors import LibraryError
from twinhub_library.tree import EntryKind, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KINDS = frozenset(AssetKind)
_CHUNK = 2**20
_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o755, 0o644, 0o755
_LINK = "is a link, which is not followed: copy what it leads to"
_OTHER = "is no file with content: a device, pipe or socket"


class Fate(StrEnum):
    """What became of a file."""

    COPIED = "copied"
    SAME = "same"
    """It was there already, with the same content."""
    KEPT = "kept"
    """Something else is there, which was left as it is."""
    REFUSED = "refused"
    """It is none that the library has."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A file or folder that somebody should look at."""

    path: str
    fate: Fate
    why: str


@dataclass
class Import:
    """What an import has done, or would do."""

    counts: Counter[Fate] = field(default_factory=Counter)
    bytes: int = 0
    odd: list[Odd] = field(default_factory=list)
    areas: dict[str, str] = field(default_factory=dict)
    """Folders of DTaaS and the areas that they became."""


class Importer:
    """Copies one ``files`` folder into one assets root."""

    def __init__(
        self, source: Tree, target: Tree, *, is_dry: bool, owner: tuple[int, int] | None = None
    ) -> None:
        """Copy between two trees; ``owner`` is given all that is made."""
        self._source, self._target = source, target
        self._is_dry, self._owner = is_dry, owner
        self.report = Import()

    def run(self, tell: Callable[[str], None]) -> Import:
        """Copy all areas; each one is told when it begins.

        Raises:
            LibraryError: there is no room.
        """
        for name, kind in self._entries(RelativePath()):
            shown = shown_name(name)
            if kind is not EntryKind.FOLDER:
                is_link = kind is EntryKind.LINK
                why = _LINK if is_link else "is in the folder of no user, nor in common"
                self._odd(shown, Fate.REFUSED, why)
            elif (area := self._area(name)) is not None:
                tell(f"{shown} → {area}")
                self.report.areas[shown] = str(area)
                self._folder(RelativePath((name,)), area)
        return self.report

    def _area(self, name: str) -> RelativePath | None:
        """Return where the folder of a user goes; None, with a report, for what no user can be."""
        if name == COMMON:
            return RelativePath((COMMON,))
        try:
            if name.startswith(".") or name.casefold() in RESERVED:
                raise ValueError("is no name that a user can have: rename the folder")  # noqa: TRY301
            return RelativePath((label_for(check_user_name(name)),))
        except ValueError as error:
            self._odd(shown_name(name), Fate.REFUSED, str(error))
            return None

    def _folder(self, source: RelativePath, target: RelativePath) -> None:
        if not self._ensure_folder(source, target):
            return
        for name, kind in self._entries(source):
            try:
                inner, goal = source / name, target / name
            except LibraryError as error:
                self._odd(f"{source}/{shown_name(name)}", Fate.REFUSED, str(error))
                continue
            self._note_no_kind(inner, kind)
            if len(inner.names) > MOST_NAMES:
                self._odd(str(inner), Fate.REFUSED, f"is more than {MOST_NAMES} folders deep")
            elif kind is EntryKind.FOLDER:
                self._folder(inner, goal)
            elif kind is EntryKind.FILE:
                self._file(inner, goal)
            else:
                why = _LINK if kind is EntryKind.LINK else _OTHER
                self._odd(str(inner), Fate.REFUSED, why)

    def _note_no_kind(self, path: RelativePath, kind: EntryKind) -> None:
        if len(path.names) == 2 and path.name not in _KINDS and kind is not EntryKind.LINK:  # noqa: PLR2004
            self.report.odd.append(
                Odd(str(path), Fate.COPIED, f"is in none of {', '.join(_kinds())}: it is no asset")
            )

    def _entries(self, path: RelativePath) -> list[tuple[str, EntryKind]]:
        try:
            return sorted(_scan(self._source, path))
        except (LibraryError, OSError) as error:
            self._odd(str(path), Fate.REFUSED, _reason(error))
            return []

    def _ensure_folder(self, source: RelativePath, target: RelativePath) -> bool:
        there = _find_kind(self._target, target)
        if there is EntryKind.FOLDER:
            return True
        if there is not None:
            self._odd(str(source), Fate.KEPT, f"is a folder, and {target} is none: rename one")
            return False
        if not self._is_dry:
            self._target.make_folder(target)
            with _closed(self._target.open_folder_itself(target)) as made:
                self._give(made)
        return True

    def _file(self, source: RelativePath, target: RelativePath) -> None:
        try:
            with _closed(self._source.open_file(source)) as found:
                fate = self._copy(found, target)
        except ExistsError:
            fate = Fate.KEPT
        except LibraryError as error:
            if error.code == "full":
                raise
            self._odd(str(source), Fate.REFUSED, str(error))
            return
        if fate is Fate.KEPT:
            self._odd(str(source), fate, f"differs from {target}, which is left as it is")
        else:
            self.report.counts[fate] += 1

    def _copy(self, found: int, target: RelativePath) -> Fate:
        there = _find_kind(self._target, target)
        if there is EntryKind.FILE:
            with _closed(self._target.open_file(target)) as other:
                return Fate.SAME if _is_same(found, other) else Fate.KEPT
        if there is not None:
            return Fate.KEPT
        status = os.fstat(found)
        self.report.bytes += status.st_size
        if not self._is_dry:
            mode = _PROGRAM_MODE if status.st_mode & stat.S_IXUSR else _FILE_MODE
            with NewFile(
                self._target.open_folder_descriptor(target.parent), target, mode=mode
            ) as file:
                for chunk in _chunks(found):
                    file.write(chunk)
                os.fchmod(file.descriptor, mode)
                os.utime(file.descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
                self._give(file.descriptor)
                file.put_in_place(if_match="")
        return Fate.COPIED

    def _give(self, descriptor: int) -> None:
        if self._owner is not None:
            os.fchown(descriptor, *self._owner)

    def _odd(self, path: str, fate: Fate, why: str) -> None:
        self.report.counts[fate] += 1
        self.report.odd.append(Odd(path, fate, why))


def _kinds() -> list[str]:
    return [kind.value for kind in AssetKind]


def _reason(error: LibraryError | OSError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)


def _scan(tree: Tree, path: RelativePath) -> list[tuple[str, EntryKind]]:
    """Return the names in a folder, as they are on the disk, with what they stand for."""
    with _closed(tree.open_folder_itself(path)) as folder, os.scandir(folder) as entries:
        return [(one.name, _kind_of(one)) for one in entries]


def _kind_of(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_symlink():
        return EntryKind.LINK
    if entry.is_dir(follow_symlinks=False):
        return EntryKind.FOLDER
    return EntryKind.FILE if entry.is_file(follow_symlinks=False) else EntryKind.OTHER


def _find_kind(tree: Tree, path: RelativePath) -> EntryKind | None:
    try:
        return tree.get_entry(path).kind
    except NotThereError:
        return None


def _is_same(one: int, other: int) -> bool:
    """Return whether two open files hold the same."""
    if os.fstat(one).st_size != os.fstat(other).st_size:
        return False
    return all(a == b for a, b in zip(_chunks(one), _chunks(other), strict=False))


def _chunks(descriptor: int) -> Iterator[bytes]:
    at = 0
    while chunk := os.pread(descriptor, _CHUNK, at):
        yield chunk
        at += len(chunk)


@contextlib.contextmanager
def _closed(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
