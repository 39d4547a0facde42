"""Folders that appear whole or not at all, also when the server is killed while it makes one."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.newfile import TEMPORARY, make_temporary_name
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.files.renaming import rename_without_replacing, sync_file_system
from twinhub_kit.files.walking import remove_tree

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)

_RECORDS = RelativePath((OWN_FOLDER, "unfinished"))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Staging:
    """Makes folders beside where they will be, under a name that listings leave out."""

    def __init__(self, tree: Tree) -> None:
        """Make folders in a tree."""
        self._tree = tree

    @contextlib.contextmanager
    def new_folder(self, target: RelativePath) -> Iterator[int]:
        """Make a folder: the block fills its descriptor; then it has its name, or is not there.

        Raises:
            NotThereError: the folder that it is to be in is not there.
            ExistsError: something is at the target.
        """
        parent = self._tree.open_folder_descriptor(target.parent)
        try:
            name = make_temporary_name()
            with self._recorded(target.parent / name):
                try:
                    with translated(target), _made(parent, name) as folder:
                        yield folder
                    with translated(target):
                        rename_without_replacing(parent, name, parent, target.name)
                        os.fsync(parent)
                except BaseException:
                    remove_tree(parent, name)
                    raise
        finally:
            os.close(parent)

    @contextlib.contextmanager
    def _recorded(self, folder: RelativePath) -> Iterator[None]:
        record = self._record(folder)
        try:
            yield
        finally:
            self._tree.remove(record)

    def _record(self, folder: RelativePath) -> RelativePath:
        """Write down what `recover` is to remove; return where."""
        record = _RECORDS / folder.name.removeprefix(TEMPORARY)
        self._tree.ensure_folder(_RECORDS)
        self._tree.write_file(record, [str(folder).encode()], if_match="")
        return record

    @contextlib.contextmanager
    def discarding(self, path: RelativePath) -> Iterator[None]:
        """Remove what is at a path for good after the block: from one moment on it is not there.

        The room for that is taken before the block. What cannot be removed then is hidden, and
        removed at the next start.

        Raises:
            LibraryError: what stands in the way; then all of it is still there.
        """
        aside = path.parent / make_temporary_name()
        record = self._record(aside)
        try:
            yield
            self._tree.move(path, aside)
        except BaseException:
            self._tree.remove(record)
            raise
        try:
            self._tree.remove(aside)
        except LibraryError:
            _log.warning("not removed yet path=%s", aside, exc_info=True)
        else:
            self._tree.remove(record)

    def recover(self) -> None:
        """Remove what a killed server was making, and what it was removing."""
        try:
            records = self._tree.list_folder(_RECORDS)
        except NotThereError:
            return
        for one in records:
            record = _RECORDS / one.name
            with os.fdopen(self._tree.open_file(record), "rb") as file:
                text = file.read().decode(errors="replace")
            try:
                self._tree.remove(RelativePath.parse(text))
            except (NotThereError, BadPathError):
                pass
            except LibraryError:
                _log.warning("not removed yet path=%s", text, exc_info=True)
                continue
            self._tree.remove(record)


@contextlib.contextmanager
def _made(parent: int, name: str) -> Iterator[int]:
    os.mkdir(name, 0o755, dir_fd=parent)
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        yield folder
        sync_file_system(folder)
    finally:
        os.close(folder)
