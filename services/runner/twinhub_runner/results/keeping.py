"""Declared outputs of a run, kept with their digests where no sandbox reaches them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinhub_api.runner.results import Artefact
from twinhub_dtconfig.patterns import matches
from twinhub_kit.files.copying import copy_content
from twinhub_kit.files.errors import FileError, RefusedFileError
from twinhub_kit.files.walking import walk

from twinhub_runner.copies.digests import Holes, digest_of_file
from twinhub_runner.folders import opened_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twinhub_kit.files.walking import Found

MOST_FILES = 10_000
"""Of one run; of more, those that come first by name."""
_MOST_REFUSED = 3
"""Of files that are not kept, those that are told of."""
_FOLDER, _LIST = "results", "results.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """The results of one run."""

    folder: Path
    """Where their files are, by the paths that they had in the twin's folder."""
    artefacts: tuple[Artefact, ...] = ()
    missing: tuple[str, ...] = ()
    """Patterns that no file has fitted."""
    fault: str = ""
    """Why not all could be kept, for people."""

    def find(self, path: str) -> Artefact | None:
        """Return the result of a path."""
        return next((one for one in self.artefacts if one.path == path), None)


def keep_results(source: Path, patterns: Sequence[str], place: Path) -> Kept:
    """Copy the files below a folder that fit patterns to a run's own place; may be repeated.

    What is in the folder was made by a twin, so no link is followed. Where not all can be kept, the
    others are, and why is noted.
    """
    new = place / f"{_FOLDER}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    found: list[Artefact] = []
    refused: list[str] = []
    fault = ""
    try:
        for artefact in _copy(source, patterns, new, refused):
            found.append(artefact)
            if len(found) == MOST_FILES:
                fault = f"Only the first {MOST_FILES:,} results are kept: declare fewer outputs."
                break
    except FileError as error:
        fault = str(error)
    except OSError as error:
        fault = f"Not all results could be kept: {error.strerror}."
    fault = " ".join((*refused[:_MOST_REFUSED], fault)).strip()
    missing = [one for one in patterns if not any(matches(made.path, one) for made in found)]
    shutil.rmtree(place / _FOLDER, ignore_errors=True)
    new.rename(place / _FOLDER)
    kept = Kept(place / _FOLDER, tuple(found), tuple(missing), fault)
    _write(place / _LIST, kept)
    return kept


def read_results(place: Path) -> Kept:
    """Return the results of a run's place; none where nothing was kept."""
    try:
        data = json.loads((place / _LIST).read_bytes())
    except FileNotFoundError:
        return Kept(place / _FOLDER)
    artefacts = tuple(Artefact(**one) for one in data["artefacts"])
    return Kept(place / _FOLDER, artefacts, tuple(data["missing"]), data["fault"])


def _is_text(path: str) -> bool:
    """Return whether a path can be told: file systems take any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _write(path: Path, kept: Kept) -> None:
    data: dict[str, Any] = {
        "artefacts": [one.model_dump() for one in kept.artefacts],
        "missing": kept.missing, "fault": kept.fault,
    }  # fmt: skip
    new = path.with_suffix(".new")
    new.write_text(json.dumps(data))
    new.rename(path)


def _copy(
    source: Path, patterns: Sequence[str], target: Path, refused: list[str]
) -> Iterator[Artefact]:
    """Yield what was copied; what is said of files that cannot be goes to ``refused``."""
    holes = Holes()
    with opened_folder(source) as folder:
        for found in walk(folder):
            is_wanted = found.is_file and any(matches(found.path, one) for one in patterns)
            if not is_wanted:
                continue
            try:
                artefact = _keep(found, target / found.path, holes)
            except RefusedFileError as error:
                refused.append(str(error))
            else:
                yield from () if artefact is None else (artefact,)


def _keep(found: Found, target: Path, holes: Holes) -> Artefact | None:
    if not _is_text(found.path):
        raise RefusedFileError(f"The name {found.path!r} is no text: have it written otherwise.")
    descriptor = found.open_file()
    if descriptor is None:
        return None
    try:
        holes.take(descriptor, found.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            size = copy_content(descriptor, file.fileno())
        with target.open("rb") as file:
            digest = digest_of_file(file.fileno())
    finally:
        os.close(descriptor)
    return Artefact(path=found.path, size=size, sha256=digest)
