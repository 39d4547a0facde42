"""Reading a save: all of it is checked before anything is made of it, and nobody is believed.

Whoever wrote an archive may have changed it. So of its text only names and values are used, which
are checked against the twin; its files are bounded by what it says of them, and have their digests.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from pydantic import ValidationError
from twinhub_kit.files.errors import BadPathError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.files.zipping import LongListError, open_zip

from twinhub_runner.errors import BadSaveError
from twinhub_runner.reading import READ
from twinhub_runner.saves.manifest import MOST_BYTES, MOST_FILES, NAME, STATE, Manifest
from twinhub_runner.twins import open_in_area

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.saves.manifest import SavedFile

_CHUNK = 1 << 20
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error,
    ValueError, OverflowError, KeyError,
)  # fmt: skip


class Save:
    """An open archive whose description was read."""

    def __init__(self, archive: zipfile.ZipFile, place: RelativePath) -> None:
        """Read what it says of itself.

        Raises:
            BadSaveError: it is damaged, or no save.
        """
        self._archive, self._place = archive, place
        with _translated(place):
            about = archive.getinfo(NAME)
            if about.file_size > MOST_BYTES:
                raise BadSaveError(f"{place} is no save: its description is too long.")
            with archive.open(about) as file:
                text = file.read(MOST_BYTES + 1)
        try:
            self.manifest = Manifest.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise BadSaveError(f"{place} is no save: {where}: {first['msg']}.") from error

    def unpack(self, folder: Path) -> None:
        """Write its files below a folder that is made; each is what it was when it was saved.

        Raises:
            BadSaveError: it is damaged.
            OSError: the disk has no room, or the like.
        """
        folder.mkdir(parents=True)
        for one in self.manifest.files:
            target = folder.joinpath(*self._path(one).names)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                file = target.open("xb")
            except (FileExistsError, NotADirectoryError) as error:
                what = f"{self._place} is damaged: {one.path} is twice in it."
                raise BadSaveError(what) from error
            with file, _translated(self._place):
                self._copy(one, file)

    def _path(self, one: SavedFile) -> RelativePath:
        try:
            path = RelativePath.parse(one.path)
        except BadPathError as error:
            raise BadSaveError(f"{self._place} is damaged: {one.path!r} is no path.") from error
        if str(path) != one.path or not path.names:
            raise BadSaveError(f"{self._place} is damaged: {one.path!r} is no path.")
        return path

    def _copy(self, one: SavedFile, file: IO[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        with self._archive.open(f"{STATE}{one.path}") as content:
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                if size > one.size:
                    break
                digest.update(chunk)
                file.write(chunk)
        if size != one.size or digest.hexdigest() != one.sha256:
            raise BadSaveError(f"{self._place} is damaged: {one.path} is not what was saved.")


@contextlib.contextmanager
def opened_save(root: Path, place: RelativePath) -> Iterator[Save]:
    """Open a save in the library, over no link that leads out of its area.

    Raises:
        FileError: it is not there, or leads out.
        BadSaveError: it is damaged, or no save.
    """
    with translated(place):
        descriptor = open_in_area(root, place, READ)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadSaveError(f"{place} is no save: it is no file.")
        with _translated(place):
            try:
                archive = open_zip(file, most_entries=MOST_FILES + 1)
            except LongListError as error:
                raise BadSaveError(f"{place} is no save: it has too many files.") from error
        with archive:
            yield Save(archive, place)


@contextlib.contextmanager
def _translated(place: RelativePath) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise BadSaveError(f"{place} is damaged, or no save: {error}.") from error
