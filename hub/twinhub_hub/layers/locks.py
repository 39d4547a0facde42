"""Files with Python packages of exact versions and hashes, as ``workspace.layers[].lock`` names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from twinhub_dtconfig.requirement_lines import logical_lines

from twinhub_hub.layers.errors import LayerError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 2**20
_HASHED = re.compile(r"(?P<requirement>.+?)(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})+)")


def read_lock(path: Path) -> str:
    """Return a lock, one package a line and without comments.

    Raises:
        LayerError: it cannot be read, or a line is anything else than a package with hashes.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise LayerError(f"{path} cannot be read ({error.strerror}): name a lock file") from error
    if len(raw) > _MOST_BYTES:
        raise LayerError(f"{path} is longer than {_MOST_BYTES} bytes: name a lock file")
    try:
        lines = list(logical_lines(raw.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise LayerError(f"{path} is no text in UTF-8: name a lock file") from error
    return "".join(f"{_pinned(line, f'{path}:{number}')}\n" for number, line in lines)


def _pinned(line: str, place: str) -> str:
    """Return a requirement of one version and its hashes, in their plain form."""
    match = _HASHED.fullmatch(line)
    requirement = _parse(match["requirement"]) if match else None
    if match is None or requirement is None or not _has_one_version(requirement):
        raise LayerError(
            f"{place}: this is no package with version and hashes: write it with "
            "`uv pip compile --generate-hashes --no-emit-index-url`"
        )
    return " ".join([str(requirement), *match["hashes"].split()])


def _parse(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _has_one_version(requirement: Requirement) -> bool:
    operators = [specifier.operator for specifier in requirement.specifier]
    return operators == ["=="] and "*" not in str(requirement.specifier) and not requirement.url
