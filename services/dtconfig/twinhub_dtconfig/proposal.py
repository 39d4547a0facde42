"""Makes the first ``twin.yaml`` of a folder: from what is in it, or from a template."""

from __future__ import annotations

import os
from importlib.resources import files
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.inference import infer_twin
from twinhub_dtconfig.inference.guesses import slug
from twinhub_dtconfig.loading import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

TEMPLATES: Mapping[str, str] = {
    "minimal": "one program, in three lines",
    "python": "parameters, a scenario, results and their analysis, in Python",
    "cosimulation": "two models computed together, with parameters bound to their variables",
    "service": "a live twin: a simulation that is watched and steered over HTTP",
}
"""What each template is, by its name."""

_NAME = "name: my-twin\n"


class ProposalError(Exception):
    """No first file can be made there; holds what is wrong, the remedy and the nearest name."""

    def __init__(self, what: str, remedy: str, nearest: str | None = None) -> None:
        """Hold what is wrong, what to do, and what was probably meant."""
        hint = f"did you mean {nearest!r}?" if nearest else ""
        super().__init__("; ".join(part for part in (what, hint, remedy) if part))
        self.what = what
        self.remedy = remedy
        self.nearest = nearest


def propose(folder: Path) -> str:
    """Return the text of a ``twin.yaml`` for what is in a folder, valid, with each guess explained.

    Raises:
        TwinError: it is no folder.
    """
    return infer_twin(folder).text


def template_files(template: str, name: str) -> dict[str, str]:
    """Return the files of a template by their paths, for a twin of that name.

    Raises:
        ProposalError: there is no such template.
    """
    if template not in TEMPLATES:
        nearest = nearest_key(template, TEMPLATES)
        what = f"there is no template {template!r}"
        raise ProposalError(what, f"choose one of {', '.join(TEMPLATES)}", nearest)
    found = _texts(files("twinhub_dtconfig") / "templates" / template, "")
    found[FILE_NAME] = found[FILE_NAME].replace(_NAME, f"name: {slug(name)}\n", 1)
    return found


def init_twin(folder: Path, template: str | None = None) -> list[Path]:
    """Write the first files of a twin; return them. Without a template they come from the folder.

    Raises:
        ProposalError: there is no such template, or a file is there already or cannot be written.
        TwinError: without a template: it is no folder.
    """
    if template is None:
        _refuse_described(folder)
        made = {FILE_NAME: propose(folder)}
    else:
        made = template_files(template, folder.resolve().name)
    taken = [path for path in made if os.path.lexists(folder / path)]
    if taken:
        what = f"{', '.join(str(folder / path) for path in taken)} would be overwritten"
        raise ProposalError(what, "choose an empty folder, or move what is there")
    return [_write(folder / path, text) for path, text in made.items()]


def _refuse_described(folder: Path) -> None:
    file = folder / FILE_NAME
    if os.path.lexists(file):
        what = f"{file} is there already"
        raise ProposalError(what, "change it, or move it away to have one proposed")


def _texts(folder: Traversable, inside: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir() and entry.name != "__pycache__":
            found.update(_texts(entry, f"{inside}{entry.name}/"))
        elif entry.is_file():
            found[f"{inside}{entry.name}"] = entry.read_text(encoding="utf-8")
    return found


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:  # never over another's work
            stream.write(text)
        if text.startswith("#!"):
            path.chmod(0o755)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ProposalError(
            f"{path} cannot be written: {reason}", "choose another folder"
        ) from error
    return path
