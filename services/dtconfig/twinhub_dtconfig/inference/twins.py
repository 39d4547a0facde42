"""An inferred twin as the same model as a described one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import START, Fault
from twinhub_dtconfig.inference.inferring import infer_data
from twinhub_dtconfig.inference.writing import write_twin
from twinhub_dtconfig.loading import FILE_NAME, LoadedTwin, TwinError, parse_twin

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.inference.guesses import Guess
    from twinhub_dtconfig.inference.inferring import Inference
    from twinhub_dtconfig.inference.reading import ReadingLimits
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Data

_NEEDED = ("format", "name", "phases")


@dataclass(frozen=True, slots=True)
class InferredTwin:
    """A twin that a folder without ``twin.yaml`` is taken for, and why.

    ``text`` is the ``twin.yaml`` that says the same; positions of ``loaded`` are those in it.
    ``notes`` are warnings about files of the folder, named from there.
    """

    loaded: LoadedTwin
    text: str
    guesses: tuple[Guess, ...]
    notes: tuple[Fault, ...]

    @property
    def twin(self) -> Twin:
        """Return the twin."""
        return self.loaded.twin


def infer_twin(folder: Path, limits: ReadingLimits | None = None) -> InferredTwin:
    """Return the twin that a folder is taken for; nothing in it is executed or changed.

    Raises:
        TwinError: it is no folder, or cannot be read.
    """
    if not folder.is_dir():
        remedy = "give the folder of a twin"
        raise TwinError([Fault(str(folder), *START, "this is no folder", remedy)])
    inference = infer_data(folder, limits)
    file = str(folder / FILE_NAME)
    try:
        return _twin(inference, inference.data, file)
    except TwinError:
        return _twin(inference, _usable(inference, file), file)


def _twin(inference: Inference, data: dict[str, Data], file: str) -> InferredTwin:
    guesses = tuple(guess for guess in inference.guesses if guess.path[0] in data)
    text = write_twin(data, guesses, inference.notes)
    return InferredTwin(parse_twin(text.encode(), file), text, guesses, inference.notes)


def _usable(inference: Inference, file: str) -> dict[str, Data]:
    """Return the sections that are valid: a wrong guess costs only its section."""
    data = {key: inference.data[key] for key in _NEEDED}
    for key, value in inference.data.items():
        try:
            parse_twin(write_twin({**data, key: value}, (), ()).encode(), file)
        except TwinError:
            continue
        data[key] = value
    return {key: data[key] for key in inference.data if key in data}
