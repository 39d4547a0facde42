"""The labels of an image: what it is, what it was made from, and for whom each is meant."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_hub.builds import INPUTS_LABEL

if TYPE_CHECKING:
    from pathlib import Path

_GIT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Facts:
    """What labels are made from."""

    name: str
    summary: str
    version: str
    inputs: str
    parent: str
    uid: int
    jupyterhub: str | None = None
    revision: str | None = None


def render_labels(facts: Facts) -> dict[str, str]:
    """Return all labels of an image; a fact that is not known has none.

    They say where nothing comes from: an image names no address. When it was made, the engine says.
    """
    known = {
        INPUTS_LABEL: facts.inputs,
        "org.twinhub.image": facts.name,
        "org.twinhub.version": facts.version,
        "org.twinhub.uid": str(facts.uid),
        "org.twinhub.jupyterhub": facts.jupyterhub,
        "org.opencontainers.image.title": f"TwinHub {facts.name}",
        "org.opencontainers.image.description": facts.summary,
        "org.opencontainers.image.version": facts.version,
        "org.opencontainers.image.revision": facts.revision,
        "org.opencontainers.image.licenses": "BSD-3-Clause",
        "org.opencontainers.image.base.name": facts.parent,
    }
    return {name: value for name, value in known.items() if value}


def find_revision(checkout: Path) -> str | None:
    """Return the git commit of a checkout, with ``-dirty`` where files differ; None elsewhere."""
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        done = subprocess.run(
            [*command, "--exclude=*"], capture_output=True, text=True, check=True,
            timeout=_GIT_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
