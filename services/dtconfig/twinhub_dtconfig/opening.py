"""One way into every twin: described by a ``twin.yaml``, or inferred from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.loading import FILE_NAME, LoadedTwin, load_twin

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.inference import InferredTwin
    from twinhub_dtconfig.models.twin import Twin


@dataclass(frozen=True, slots=True)
class OpenedTwin:
    """A twin with its folder; ``inferred`` says why, where nothing describes it."""

    folder: Path
    loaded: LoadedTwin
    inferred: InferredTwin | None = None

    @property
    def twin(self) -> Twin:
        """Return the twin."""
        return self.loaded.twin

    @property
    def is_described(self) -> bool:
        """Return whether a ``twin.yaml`` describes it."""
        return self.inferred is None


def open_twin(path: Path) -> OpenedTwin:
    """Return the twin in a folder, or the one that a ``twin.yaml`` describes.

    A folder is inferred only where no ``twin.yaml`` is: a broken one is an error, as is a link
    that leads nowhere or out of the folder, whose target may be another's.

    Raises:
        TwinError: there is no twin, or its description cannot be used.
    """
    if not path.is_dir():
        return OpenedTwin(path.parent, load_twin(path))
    file = path / FILE_NAME
    if file.exists() or file.is_symlink():
        return OpenedTwin(path, load_twin(file, is_link_refused=True))
    # imported here, since most twins are described and need none of it
    from twinhub_dtconfig.inference import infer_twin  # noqa: PLC0415

    inferred = infer_twin(path)
    return OpenedTwin(path, inferred.loaded, inferred)
