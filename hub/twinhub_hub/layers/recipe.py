"""What one site layer is built from, and the digest that names it; the text of a site is data.

The Dockerfile is a file of TwinHub's. What ``twinhub.yaml`` lists comes beside it as two files, one
package a line, which a script gives to apt and uv after `--`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from twinhub_hub.builds import INPUTS_LABEL, digest_inputs, pack_context
from twinhub_hub.layers.locks import read_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twinhub_hub.settings.layers import Layer
    from twinhub_hub.settings.models import Settings

LAYER_LABEL = "org.twinhub.layer"
"""Label of a layer's image: its name."""

OWNER_LABEL = "org.twinhub.installation"
"""Label of a layer's image: the prefix of the installation that built it."""

_FILES = ("Dockerfile", "install-layer")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the layers of an installation have in common."""

    share: Path
    """Folder of ``images`` and ``requirements``."""
    folder: Path
    """Where relative paths of ``twinhub.yaml`` start."""
    prefix: str
    uid: int

    @classmethod
    def of(cls, settings: Settings, *, share: Path, folder: Path) -> Sources:
        """Return those of an installation."""
        return cls(share, folder, settings.engine.prefix, settings.uid)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that one build needs."""

    tag: str
    archive: bytes
    arguments: Mapping[str, str]
    labels: Mapping[str, str]
    digest: str


def tag_of(prefix: str, layer: str) -> str:
    """Return the tag of a layer's newest build, which no other installation has."""
    return f"{tags_of(prefix)}{layer}:{version('twinhub-hub')}"


def tags_of(prefix: str) -> str:
    """Return what the tags of an installation's layers begin with."""
    return f"{prefix}/layer-"


def layer_in(prefix: str, image: str) -> str | None:
    """Return which layer of an installation an image is, None if it is none."""
    start = tags_of(prefix)
    return image.removeprefix(start).partition(":")[0] if image.startswith(start) else None


def make_recipe(layer: Layer, sources: Sources, *, base: str, base_id: str) -> Recipe:
    """Return the recipe of a layer on the image that has an id now; equal inputs, equal digest.

    Raises:
        LayerError: its lock cannot be used.
    """
    archive = pack_context(_context(layer, sources), ["install-layer"])
    arguments = {"PARENT": base, "TWINHUB_UID": str(sources.uid)}
    named = digest_inputs(archive, arguments, [base_id])
    labels = {
        LAYER_LABEL: layer.name,
        OWNER_LABEL: sources.prefix,
        INPUTS_LABEL: named,
        "org.opencontainers.image.title": layer.title,
        "org.opencontainers.image.base.name": base,
    }
    return Recipe(tag_of(sources.prefix, layer.name), archive, arguments, labels, named)


def _context(layer: Layer, sources: Sources) -> dict[str, bytes]:
    folder = sources.share / "images" / "layer"
    lock = sources.share / "requirements" / "bootstrap.txt"
    python = read_lock(sources.folder / layer.lock) if layer.lock else _lines(layer.python)
    return {name: (folder / name).read_bytes() for name in _FILES} | {
        "bootstrap.txt": lock.read_bytes(),
        "system.txt": _lines(layer.system).encode(),
        "python.txt": python.encode(),
    }


def _lines(packages: tuple[str, ...]) -> str:
    return "".join(f"{package}\n" for package in sorted(packages))
