"""What a twin asks for in ``environment``, read, and checked against what a site allows."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.models.environment import Environment
from twinhub_dtconfig.requirement_lines import logical_lines
from twinhub_dtconfig.software import debian_packages, toolchains_without_packages
from twinhub_kit.files.beneath import open_beneath
from twinhub_kit.files.kernel import translated

from twinhub_runner.environments.base import NotMadeError, Wanted
from twinhub_runner.errors import BadSubmissionError
from twinhub_runner.plans import ENVIRONMENT
from twinhub_runner.reading import READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twinhub_kit.files.paths import RelativePath

GUESSED = "environment_is_guessed"
"""Of a plan, whether nobody has written that down."""
IMAGE = "run"
"""The image that twins may name: the one that all runs have."""
_MOST_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS = re.compile(r"[-_.]+")
_HASH = re.compile(r"\s+--hash=(sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Allowed:
    """What a site allows twins to have."""

    python: tuple[str, ...] = ("*",)
    """Patterns of names of Python packages, in small letters and with hyphens."""
    system: tuple[str, ...] = ("*",)
    """Patterns of names of Debian packages."""
    version: str = ""
    """Of Python, such as ``3.11``; empty where that is not known."""
    keep_seconds: float = 30 * 86_400.0
    """How long what was built is kept after its last use."""

    def check(self, twin: str, wanted: Wanted) -> None:
        """Refuse what is not among it.

        Raises:
            NotMadeError: something is not; the text names it and the setting.
        """
        for kind, packages, patterns in (
            ("python", wanted.python, self.python), ("system", wanted.system, self.system),
        ):  # fmt: skip
            for one in packages:
                name = _name_of(one) if kind == "python" else one.partition("=")[0]
                if not any(fnmatchcase(name, pattern) for pattern in patterns):
                    raise NotMadeError(
                        f"{twin} asks for the package {name}, which this site does not allow: an "
                        f"administrator can add it to runner.environments.{kind} in twinhub.yaml."
                    )


def environment_of(plan: Mapping[str, Any]) -> Environment:
    """Return what the twin of a plan asks for."""
    return Environment.model_validate(plan.get(ENVIRONMENT, {}))


def is_plain(asked: Environment) -> bool:
    """Return whether it asks for nothing but what all runs have."""
    return not (asked.packages or asked.requirements or debian_packages(asked))


def check_asked(
    twin: str, data: Mapping[str, Any], allowed: Allowed, *, is_described: bool
) -> None:
    """Refuse a twin at once that asks for software that no run has here.

    What a folder that nobody has described seems to need is a guess, and refuses nothing.

    Raises:
        BadSubmissionError: it does; the text names the key.
    """
    asked = environment_of(data)
    if not is_described:
        return
    faults: dict[str, str] = {}
    if asked.image not in {None, IMAGE}:
        faults["image"] = f"there is no image {asked.image!r} for runs here, only {IMAGE!r}"
    if asked.python is not None and allowed.version not in {"", asked.python}:
        faults["python"] = f"runs have Python {allowed.version} here, not {asked.python}"
    for name in toolchains_without_packages(asked):
        faults["toolchains"] = f"{name} cannot be had here"
    for key, what in faults.items():
        raise BadSubmissionError(f"{twin}: {what}: see {ENVIRONMENT}.{key} in its twin.yaml.")
    try:
        allowed.check(twin, Wanted(asked.packages or (), debian_packages(asked)))
    except NotMadeError as error:
        raise BadSubmissionError(str(error)) from error


def read_wanted(asked: Environment, requirements: bytes | None, file: str) -> Wanted:
    """Return what an environment has; messages call the file of requirements by a name.

    Raises:
        NotMadeError: a line of the file is no package.
    """
    python: Sequence[str] = asked.packages or ()
    if requirements is not None:
        python = [*_lines(requirements, file)]
    return Wanted(tuple(sorted({*python})), tuple(sorted({*debian_packages(asked)})))


def read_requirements(folder: int, name: str, path: RelativePath) -> bytes:
    """Return the content of a file in an open folder; ``path`` is for messages.

    Raises:
        FileError: it is not there, or leads out of the folder.
        NotMadeError: it is no file with some lines.
    """
    with translated(path):
        descriptor = open_beneath(folder, name, READ)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        content = file.read(_MOST_BYTES + 1) if is_file else b""
    if not is_file or len(content) > _MOST_BYTES:
        raise NotMadeError(f"{path} is no list of packages: name one in environment.requirements.")
    return content


def _lines(content: bytes, file: str) -> Iterator[str]:
    for number, line in logical_lines(content.decode("utf-8", "replace")):
        requirement, *hashes = _HASH.split(line)
        rest = [one for one in hashes[1::2] if one.strip()]
        if rest or " -" in requirement or not _NAME.match(requirement):
            raise NotMadeError(
                f"{file}:{number}: {line[:80]!r} is no package of the index: list packages alone, "
                "with versions and hashes if you like."
            )
        yield " ".join([requirement, *(f"--hash={one}" for one in hashes[::2])])


def _name_of(requirement: str) -> str:
    found = _NAME.match(requirement)
    return _SEPARATORS.sub("-", found.group() if found else requirement).lower().rstrip("-")
