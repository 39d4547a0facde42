"""The site layers that the hub offers: a file that a build replaces, read at each start.

So a layer that was built is there at the next start, without a restart of the hub.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from twinhub_hub.files import write_private
from twinhub_hub.layers.recipe import tag_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from twinhub_hub.settings.layers import Layer


@dataclass(frozen=True, slots=True)
class Offered:
    """A layer as the hub offers it."""

    name: str
    image: str
    """Tag of its newest build."""
    base: str
    """Tag of the image that it stands in for."""
    title: str
    summary: str
    groups: tuple[str, ...]

    def is_for(self, groups: Collection[str]) -> bool:
        """Whether a member of some groups gets it instead of its base."""
        return not set(self.groups).isdisjoint(groups)


def offer(layer: Layer, prefix: str, base: str) -> Offered:
    """Return how a layer on an image is offered."""
    image = tag_of(prefix, layer.name)
    return Offered(layer.name, image, base, layer.title, layer.summary, layer.groups)


def write_offered(path: Path, layers: Iterable[Offered]) -> None:
    """Replace the list; a crash leaves the old one or the new."""
    write_private(path, json.dumps([asdict(layer) for layer in layers], indent=1))


def read_offered(path: Path) -> Sequence[Offered]:
    """Return the list, in the order of ``twinhub.yaml``; none before the first build."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(Offered(**{**one, "groups": tuple(one["groups"])}) for one in found)
