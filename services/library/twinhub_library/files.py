"""What people do with files: done whole, announced and, where it destroys, noted."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from twinhub_kit.files.copying import copy_content, copy_tree
from twinhub_kit.files.errors import BadPathError, ChangedError, NotThereError, RefusedFileError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.walking import walk

from twinhub_library.archives.unpacking import unpack
from twinhub_library.areas import split_path
from twinhub_library.bin import Bin
from twinhub_library.errors import OtherVolumeError
from twinhub_library.room import Room
from twinhub_library.staging import Staging
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_kit.audit import Audit
    from twinhub_kit.background import Background
    from twinhub_kit.callers import Caller
    from twinhub_kit.files.newfile import NewFile
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.areas import Area
    from twinhub_library.bin import Removed
    from twinhub_library.changes import Changes
    from twinhub_library.room import Limited
    from twinhub_library.settings import LibrarySettings
    from twinhub_library.tree import Entry, Tree

_SECONDS_BETWEEN_PURGES = 3600.0


@dataclass(frozen=True)
class Files:
    """The deeds; who may do them where is decided before."""

    tree: Tree
    room: Room
    bin: Bin
    staging: Staging
    changes: Changes
    audit: Audit

    def begin_file(self, path: RelativePath, *, size: int = 0) -> NewFile:
        """Begin a file of so many bytes; 0 where nobody has said.

        Raises:
            LibraryError: as `Tree.begin_file` and `Room.check`.
        """
        self.check_room(path, size)
        return self.tree.begin_file(path)

    def put_in_place(self, path: RelativePath, file: NewFile, if_match: str | None) -> Entry:
        """Let a file be seen, see `NewFile.put_in_place`."""
        file.put_in_place(if_match=if_match)
        self.changes.announce(path)
        return self.tree.get_entry(path)

    def check_room(self, path: RelativePath, size: int) -> None:
        """Raise where the area of a path cannot take as many bytes more, see `Room.check`."""
        area, _ = within_area(path)
        self.room.check(area, size)

    def make_folder(self, path: RelativePath) -> Entry:
        """Make a folder in one that is there, see `Tree.make_folder`."""
        within_area(path)
        self.tree.make_folder(path)
        self.changes.announce(path)
        return self.tree.get_entry(path)

    def move(self, caller: Caller, source: RelativePath, target: RelativePath) -> Entry:
        """Move to where nothing is, also between areas of different quotas.

        Raises:
            LibraryError: as `Tree.move`, and as `Room.check` for another area.
        """
        old, _ = within_area(source)
        new, _ = within_area(target)
        if old != new:
            self.room.check(new, measure(self.tree, source))
        relocate(self.tree, self.staging, source, target)
        self.audit.record(caller, "file.move", source, target=target)
        self.changes.announce(source)
        self.changes.announce(target)
        return self.tree.get_entry(target)

    def copy(self, source: RelativePath, target: RelativePath) -> Entry:
        """Copy to where nothing is; a folder with all in it, links as links.

        Raises:
            LibraryError: what stands in the way; then nothing is at the target.
        """
        area, _ = within_area(target)
        within_area(source)
        if target.names[: len(source.names)] == source.names:
            raise BadPathError(f"{source} is not copied into itself: name another place.")
        copy_to(self.tree, self.staging, source, target, check=partial(self.room.check, area))
        self.changes.announce(target)
        return self.tree.get_entry(target)

    def unpack(self, archive: int, target: RelativePath) -> tuple[int, int]:
        """Unpack an open archive into a new folder; return its entries and their bytes.

        Raises:
            LibraryError: as `unpack` and `Staging.new_folder`; then nothing is at the target.
        """
        area, _ = within_area(target)
        check = partial(self.room.check, area)
        with (
            os.fdopen(os.dup(archive), "rb") as file,
            self.staging.new_folder(target) as folder,
            translated(target),
        ):
            done = unpack(file, folder, self.room.limits, check)
        self.changes.announce(target)
        return done

    def delete(self, caller: Caller, path: RelativePath, *, if_match: str | None = None) -> Removed:
        """Move what is at a path into the bin.

        Raises:
            NotThereError: nothing is there.
            ChangedError: it has another etag.
        """
        area, _ = within_area(path)
        if if_match is not None and self.tree.get_entry(path).etag != if_match:
            raise ChangedError(f"{path} was changed meanwhile: load it anew.")
        removed = self.bin.put(area, path, by=caller.name)
        self.audit.record(caller, "file.delete", path, bin=removed.id)
        self.changes.announce(path)
        return removed

    def throw_away(self, area: Area, path: RelativePath, by: str) -> Callable[[], object]:
        """Move what is at a path into the bin; return what brings it back."""
        return partial(self.bin.restore, area, self.bin.put(area, path, by=by).id)

    def restore(
        self, caller: Caller, area: Area, number: str, *, to: RelativePath | None = None
    ) -> RelativePath:
        """Move something of the bin back, see `Bin.restore`."""
        if to is not None:
            new, _ = within_area(to)
            if new != area:
                self.room.check(new, measure(self.tree, self.bin.get_content(area, number)))
        target = self.bin.restore(area, number, to=to)
        self.audit.record(caller, "file.restore", target, bin=number)
        self.changes.announce(target)
        return target

    def purge(self, caller: Caller, area: Area, number: str) -> None:
        """Remove something of the bin for good, see `Bin.purge`."""
        removed = self.bin.purge(area, number)
        self.audit.record(caller, "file.purge", removed.path, bin=number)


def within_area(path: RelativePath) -> tuple[Area, RelativePath]:
    """Return the area of a path and what follows, which is something.

    Raises:
        NotThereError: it is in no area.
        BadPathError: it is an area itself, which is nobody's to replace.
    """
    area, rest = split_path(path)
    if not rest.names:
        raise BadPathError(f"{path} is an area itself: name a file or folder in it.")
    return area, rest


def measure(tree: Tree, path: RelativePath) -> int:
    """Return the bytes of all files at a path; links are not followed.

    Raises:
        NotThereError: nothing is there.
    """
    entry = tree.get_entry(path)
    if entry.kind is not EntryKind.FOLDER:
        return entry.size
    with _open_folder(tree, path) as folder:
        return sum(found.status.st_size for found in walk(folder) if found.is_file)


def relocate(tree: Tree, staging: Staging, source: RelativePath, target: RelativePath) -> None:
    """Move to where nothing is: by a rename, else by a copy that is whole before the old one goes.

    Raises:
        LibraryError: as `Tree.move`; then all is as it was.
    """
    try:
        tree.move(source, target)
    except OtherVolumeError:
        with contextlib.ExitStack() as copied:
            with staging.discarding(source):
                copy_to(tree, staging, source, target)
                copied.callback(tree.remove, target)
            copied.pop_all()


def copy_to(
    tree: Tree, staging: Staging, source: RelativePath, target: RelativePath,
    *, check: Callable[[int], None] = lambda _: None,
) -> None:  # fmt: skip
    """Copy a file or folder to where nothing is; ``check`` is called with bytes before they are.

    Raises:
        LibraryError: what stands in the way; then nothing is at the target.
    """
    kind = tree.get_entry(source).kind
    if kind is EntryKind.LINK:
        kind = _kind_behind(tree, source)
    if kind is EntryKind.FOLDER:
        with (
            _open_folder(tree, source) as old,
            staging.new_folder(target) as new,
            translated(target),
        ):
            copy_tree(old, new, check)
    elif kind is EntryKind.FILE:
        with _open_file(tree, source) as old, tree.begin_file(target) as file, translated(target):
            check(os.fstat(old).st_size)
            file.size = copy_content(old, file.descriptor)
            file.put_in_place(if_match="")
    else:
        raise RefusedFileError(f"{source} is no file with content: it is not copied.")


def _kind_behind(tree: Tree, path: RelativePath) -> EntryKind:
    with contextlib.suppress(NotThereError), _open_folder(tree, path):
        return EntryKind.FOLDER
    return EntryKind.FILE


@contextlib.contextmanager
def _open_folder(tree: Tree, path: RelativePath) -> Iterator[int]:
    folder = tree.open_folder_descriptor(path)
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def _open_file(tree: Tree, path: RelativePath) -> Iterator[int]:
    file = tree.open_file(path)
    try:
        yield file
    finally:
        os.close(file)


def _purge(kept: Bin) -> None:
    kept.purge_expired(datetime.now(UTC))


def open_files(
    settings: LibrarySettings, tree: Tree, *, changes: Changes, audit: Audit,
    background: Background, quota: Limited,
) -> Files:  # fmt: skip
    """Return the deeds on a tree, after finishing what a killed server had begun."""
    staging = Staging(tree)
    staging.recover()
    kept = Bin(tree, days=settings.bin_days, move=partial(relocate, tree, staging))
    kept.recover()
    background.every(_SECONDS_BETWEEN_PURGES, "bin", partial(_purge, kept))
    return Files(tree, Room(settings.limits, quota), kept, staging, changes, audit)
