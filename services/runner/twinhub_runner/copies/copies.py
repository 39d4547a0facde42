"""Working copies of twins, one for each person and twin.

What runs in a copy may have made anything of it. So a copy is walked over no link, and its record
lies beside it, where no sandbox sees it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinhub_kit.files.copying import copy_content, copy_tree
from twinhub_kit.files.errors import RefusedFileError
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.walking import remove_tree

from twinhub_runner.copies.digests import (
    Holes,
    digest_of_file,
    digest_of_folder,
    signature_of_folder,
)
from twinhub_runner.copies.inputs import Required
from twinhub_runner.errors import BadTwinError
from twinhub_runner.folders import opened_folder
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.reading import READ, read_description
from twinhub_runner.saves.overlaying import overlay
from twinhub_runner.twins import open_in_area

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from twinhub_kit.files.paths import RelativePath

    from twinhub_runner.copies.inputs import Input

_RECORD, _TWIN, _INPUTS = "copy.json", "twin", "inputs"
_NAME_DIGITS = 32


def name_of_copy(owner: str, twin: str) -> str:
    """Return the name of the copy of a twin that somebody's runs work in."""
    return hashlib.sha256(f"{owner}\0{twin}".encode()).hexdigest()[:_NAME_DIGITS]


def digest_of_text(text: str) -> str:
    """Return the SHA-256 of a description."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Pin:
    """One thing that was copied or is required, as it was then."""

    path: str
    """In the library."""
    digest: str
    """SHA-256 of it, see `digest_of_folder`; of a file that of its content."""

    def as_data(self) -> dict[str, str]:
        """Return it as JSON."""
        return {"path": self.path, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Copy:
    """One working copy."""

    id: str
    """Another one for each time that it is made."""
    folder: Path
    text: str
    """The description of the twin that it was made of."""
    signature: str
    """What the twin's folder was when it was copied, see `signature_of_folder`."""
    twin: Pin
    required: Required
    pins: tuple[Pin, ...]
    """What its inputs were."""
    made_at: float

    @property
    def twin_folder(self) -> Path:
        """Where the runs work."""
        return self.folder / _TWIN

    def folder_of(self, at: int) -> Path:
        """Return where the copy of an input is, by its place among the inputs."""
        return self.folder / _INPUTS / str(at)

    def as_data(self) -> dict[str, Any]:
        """Return what is written down of it."""
        return {
            "id": self.id, "text": self.text, "signature": self.signature,
            "twin": self.twin.as_data(), "required": self.required.as_data(),
            "pins": [one.as_data() for one in self.pins], "made_at": self.made_at,
        }  # fmt: skip

    @classmethod
    def from_data(cls, data: Mapping[str, Any], folder: Path) -> Copy:
        """Return what `as_data` was made of."""
        return cls(
            data["id"], folder, data["text"], data["signature"], Pin(**data["twin"]),
            Required.from_data(data["required"]), tuple(Pin(**one) for one in data["pins"]),
            data["made_at"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copies:
    """All working copies."""

    root: Path
    """The assets root."""
    folder: Path
    """Where they are, which no sandbox sees as a whole."""

    def find(self, name: str) -> Copy | None:
        """Return a copy; None where there is none."""
        try:
            data = json.loads((self.folder / name / _RECORD).read_bytes())
        except FileNotFoundError:
            return None
        return Copy.from_data(data, self.folder / name)

    def make(
        self, name: str, twin: RelativePath, required: Required, wanted: str,
        state: Path | None = None,
    ) -> Copy:  # fmt: skip
        """Make a copy of a twin and of what it requires, in place of the one that there is.

        What is everybody's stays where it is: only its digest is noted. ``wanted`` is the digest of
        the description that the twin has to have, see `digest_of_text`. The files below ``state``,
        if any, are put over those of the twin.

        Raises:
            FileError: something is not there, leads out of its area, or cannot be copied.
            BadTwinError: the description is another one by now.
            OSError: the disk has no room, or the like.
        """
        self.remove_unfinished(name)
        new = self.folder / f"{name}.new"
        (new / _INPUTS).mkdir(parents=True)
        text, signature, digest = self._copy_twin(twin, new / _TWIN)
        if digest_of_text(text) != wanted:
            raise BadTwinError(f"{twin} was changed while the run waited: ask for it again.")
        if state is not None:
            with opened_folder(new / _TWIN) as folder:
                overlay(state, folder)
        places = [(one, new / _INPUTS / str(at)) for at, one in enumerate(required.inputs)]
        pins = tuple(self._pin(one, place) for one, place in places)
        made = Copy(
            make_run_id(), self.folder / name, text, signature, Pin(str(twin), digest),
            required, pins, time.time(),
        )  # fmt: skip
        (new / _RECORD).write_text(json.dumps(made.as_data()))
        self.remove(name)
        new.rename(made.folder)
        return made

    def remove(self, name: str) -> None:
        """Remove a copy, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / name / _RECORD).unlink()  # what is half removed is no copy
        self._remove(name)

    def remove_unfinished(self, name: str) -> None:
        """Remove what was made of a copy, if that was cut off."""
        self._remove(f"{name}.new")

    def list_unfinished(self) -> list[str]:
        """Return the copies that are being made, or whose making was cut off."""
        return self._list_with(".new")

    def put_aside(self, name: str) -> None:
        """Have a copy be none any more, at once; `remove_aside` removes it."""
        self.remove_aside(name)  # of an earlier time that was cut off
        with contextlib.suppress(FileNotFoundError):
            (self.folder / name).rename(self.folder / f"{name}.old")

    def remove_aside(self, name: str) -> None:
        """Remove what was put aside, if anything was."""
        self._remove(f"{name}.old")

    def list_aside(self) -> list[str]:
        """Return what was put aside and not removed, as by a runner that was killed."""
        return self._list_with(".old")

    def written_at(self, name: str) -> float | None:
        """Return when a copy was put here; None where there is none."""
        try:
            return (self.folder / name / _RECORD).stat().st_mtime
        except FileNotFoundError:
            return None

    def digest(self, place: RelativePath) -> str:
        """Return the digest of what is at a path of the library now.

        Raises:
            FileError: it is not there, leads out of its area, or is no file or folder.
        """
        with self._opened(place) as opened:
            return _digest(opened, place)

    def signature(self, twin: RelativePath) -> str:
        """Return what changes when a twin's folder does.

        Raises:
            FileError: it is not there, or leads out of its area.
        """
        with self._opened(twin) as opened:
            return signature_of_folder(opened)

    def _copy_twin(self, twin: RelativePath, target: Path) -> tuple[str, str, str]:
        target.mkdir()
        with self._opened(twin) as opened, opened_folder(target) as copy:
            signature = signature_of_folder(opened)
            copy_tree(opened, copy)
            return read_description(copy, twin).text, signature, digest_of_folder(copy)

    def _pin(self, one: Input, target: Path) -> Pin:
        with self._opened(one.place) as opened:
            if one.is_common:
                return Pin(str(one.place), _digest(opened, one.place))
            return Pin(str(one.place), _copy(opened, one.place, target))

    @contextlib.contextmanager
    def _opened(self, place: RelativePath) -> Iterator[int]:
        with translated(place):
            opened = open_in_area(self.root, place, READ)
        try:
            yield opened
        finally:
            os.close(opened)

    def _list_with(self, suffix: str) -> list[str]:
        found = self.folder.glob(f"*{suffix}") if self.folder.is_dir() else ()
        return [one.name.removesuffix(suffix) for one in found]

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError), opened_folder(self.folder) as folder:
            remove_tree(folder, name)


def _copy(opened: int, place: RelativePath, target: Path) -> str:
    """Copy an open file or folder to where nothing is; return its digest."""
    if stat.S_ISDIR(os.fstat(opened).st_mode):
        target.mkdir()
        with opened_folder(target) as copy:
            copy_tree(opened, copy)
            return digest_of_folder(copy)
    _check_file(opened, place)
    Holes().take(opened, str(place))
    with target.open("xb") as file:
        copy_content(opened, file.fileno())
        os.fchmod(file.fileno(), 0o644 | os.fstat(opened).st_mode & 0o111)
    with target.open("rb") as file:
        return digest_of_file(file.fileno())


def _digest(opened: int, place: RelativePath) -> str:
    if stat.S_ISDIR(os.fstat(opened).st_mode):
        return digest_of_folder(opened)
    _check_file(opened, place)
    Holes().take(opened, str(place))
    return digest_of_file(opened)


def _check_file(opened: int, place: RelativePath) -> None:
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        raise RefusedFileError(f"{place} is no file with content: remove it from `uses`.")
