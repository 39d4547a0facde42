"""Where snapshots lie, and opening what is in one: by descriptors, and never through a link."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from twinhub_kit.files.beneath import open_beneath
from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON, OWN_FOLDER, TEAMS, Area, split_path
from twinhub_library.snapshots.marks import read_marks
from twinhub_library.snapshots.times import time_of
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.tree import Tree

SHELF = RelativePath((OWN_FOLDER, "snapshots"))
FILES = "files"
_LAST = ".last"
_NEW_LAST = f"{_LAST}.new"


class NoVersionError(NotThereError):
    """There is no such previous version."""

    code = "no-such-version"


class Shelf:
    """The snapshots of all areas."""

    def __init__(self, tree: Tree) -> None:
        """Make the folder of snapshots if it is missing."""
        self._tree = tree
        with contextlib.suppress(FileExistsError), self.opened_root() as root:
            os.mkdir(SHELF.name, 0o700, dir_fd=root)

    @contextlib.contextmanager
    def opened_root(self) -> Iterator[int]:
        """Open the library's own folder."""
        with _closing(self._tree.open_folder_itself(SHELF.parent)) as found:
            yield found

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """Open the folder of all snapshots."""
        with _closing(self._tree.open_folder_itself(SHELF)) as found:
            yield found

    def list_areas(self) -> list[Area]:
        """Return the private and team areas that there are."""
        areas = [self._area(one.name) for one in self._folders(RelativePath()) if one]
        teams = self._folders(RelativePath((TEAMS,)))
        return [*areas, *(split_path(RelativePath((TEAMS, one.name)))[0] for one in teams)]

    def _folders(self, path: RelativePath) -> list[RelativePath]:
        try:
            entries = self._tree.list_folder(path)
        except NotThereError:
            return []
        reserved = set() if path.names else {COMMON, TEAMS}
        return [
            RelativePath((one.name,)) for one in entries
            if one.kind is EntryKind.FOLDER
            and not one.name.startswith(".") and one.name not in reserved
        ]  # fmt: skip

    @staticmethod
    def _area(name: str) -> Area:
        return split_path(RelativePath((name,)))[0]

    @contextlib.contextmanager
    def opened_area(self, area: Area) -> Iterator[int]:
        """Open the folder of the snapshots of an area, which is made if it is missing."""
        with contextlib.ExitStack() as opened:
            at = opened.enter_context(self.opened())
            for name in area.path.names:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=at)
                at = opened.enter_context(_closing(open_beneath(at, name, _FOLDER, follow=False)))
            yield at

    def list_times(self, area: Area) -> list[str]:
        """Return the names of the snapshots of an area, the newest first."""
        try:
            found = self._tree.open_folder_itself(_path_of(area))
        except NotThereError:
            return []
        with _closing(found):
            names = os.listdir(found)  # noqa: PTH208 - a descriptor
        return sorted((name for name in names if time_of(name)), reverse=True)

    def find_last_taken(self, area: Area) -> str | None:
        """Return the name of the snapshot that was taken last, whatever the clock said then."""
        times = self.list_times(area)
        with self.opened_area(area) as folder:
            try:
                last = os.readlink(_LAST, dir_fd=folder)
            except OSError:
                last = ""
        return last if last in times else next(iter(times), None)

    @staticmethod
    def note_last_taken(folder: int, time: str) -> None:
        """Prepare to remember in an area's open folder which snapshot was taken last.

        It counts from `keep_note` on, which needs no room.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_NEW_LAST, dir_fd=folder)
        os.symlink(time, _NEW_LAST, dir_fd=folder)

    @staticmethod
    def keep_note(folder: int) -> None:
        """Remember what was prepared."""
        os.rename(_NEW_LAST, _LAST, src_dir_fd=folder, dst_dir_fd=folder)

    @contextlib.contextmanager
    def opened_snapshot(self, area: Area, time: str) -> Iterator[int]:
        """Open the folder of one snapshot.

        Raises:
            NoVersionError: there is none of that time.
        """
        if not time_of(time):
            raise NoVersionError(f"{time!r} is the time of no version: take one from the list.")
        try:
            found = self._tree.open_folder_itself(_path_of(area) / time)
        except NotThereError as error:
            raise NoVersionError(
                f"There is no version of {time} any more: old ones are thinned out."
            ) from error
        with _closing(found):
            yield found

    @contextlib.contextmanager
    def opened_version(self, area: Area, time: str, path: RelativePath) -> Iterator[int]:
        """Open a file or folder of a snapshot, by its path below the area.

        Raises:
            NoVersionError: there is none, or it was a link.
        """
        with self.opened_snapshot(area, time) as snapshot:
            try:
                within = "/".join((FILES, *path.names))
                found = open_beneath(snapshot, within, os.O_RDONLY | os.O_NOFOLLOW, follow=False)
            except OSError as error:
                raise NoVersionError(f"{path} is not in the version of {time}.") from error
            with _closing(found):
                yield found

    def read_marks(self, area: Area, time: str) -> dict[str, str]:
        """Return what a snapshot knows of the files of its area.

        Raises:
            NoVersionError: there is none of that time.
        """
        with self.opened_snapshot(area, time) as snapshot:
            return read_marks(snapshot)


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def _path_of(area: Area) -> RelativePath:
    return RelativePath((*SHELF.names, *area.path.names))


@contextlib.contextmanager
def _closing(found: int) -> Iterator[int]:
    try:
        yield found
    finally:
        os.close(found)


def check_kept(area: Area) -> None:
    """Refuse an area that has no previous versions.

    Raises:
        BadPathError: it is the common one, whose versions are published.
    """
    if area.path.names == (COMMON,):
        raise BadPathError("The common area has published versions: list those of the asset.")
