"""What the workspace image's Dockerfile copies and sets: the process mode follows the same lines.

One list serves both, so that a file or a variable added to the image is there without an engine.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import PurePosixPath
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Copy:
    """One ``COPY``: a file or the contents of a folder of the build context, and where it goes."""

    source: str
    destination: str


@dataclass(frozen=True)
class Recipe:
    """The lines of a Dockerfile that hold without Docker as well."""

    environment: Mapping[str, str]
    copies: Sequence[Copy]


def read_recipe(dockerfile: Path) -> Recipe:
    """Return the ``ENV`` and ``COPY`` lines of a Dockerfile with one stage."""
    environment: dict[str, str] = {}
    copies: list[Copy] = []
    for name, words in _instructions(dockerfile.read_text("utf-8")):
        if name == "ENV":
            for word in words:
                key, _, value = word.partition("=")
                environment[key] = Template(value).safe_substitute(environment)
        elif name == "COPY":
            *sources, destination = (word for word in words if not word.startswith("--"))
            copies += [Copy(source, destination) for source in sources]
    return Recipe(environment, copies)


def _instructions(text: str) -> Iterator[tuple[str, list[str]]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name.upper() in {"ENV", "COPY"}:
            yield name.upper(), shlex.split(rest)


def copy_into(
    contexts: Sequence[Path], copies: Sequence[Copy], targets: Mapping[str, Path]
) -> None:
    """Do those copies whose destination lies below a key of ``targets``, in that key's folder.

    A source is taken from the first of the folders that has it.

    A file that is there already is replaced, never written to: it may be linked elsewhere.
    """
    for copy in copies:
        for top, folder in targets.items():
            if PurePosixPath(copy.destination).is_relative_to(top):
                inside = folder / PurePosixPath(copy.destination).relative_to(top)
                found = [c / copy.source for c in contexts if (c / copy.source).exists()]
                if not found:
                    raise FileNotFoundError(f"the Dockerfile copies {copy.source}, which is absent")
                _copy(found[0], inside, into=copy.destination.endswith("/"))


def _copy(source: Path, target: Path, *, into: bool) -> None:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                _copy_file(path, target / path.relative_to(source))
    else:
        _copy_file(source, target / source.name if into else target)


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy(source, target)


def recipe_files(context: Path, *, besides: Collection[str]) -> list[Path]:
    """Return the files of a build context that the tree is made of, sorted."""
    return sorted(
        path
        for path in context.rglob("*")
        if path.is_file() and not {*besides, "__pycache__"} & {*path.relative_to(context).parts}
    )
