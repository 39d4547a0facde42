"""Whether the images of an installation are built, and from what they should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twinhub_hub.builds import INPUTS_LABEL
from twinhub_hub.layers.building import find_image
from twinhub_hub.layers.recipe import make_recipe, tag_of

if TYPE_CHECKING:
    from docker import APIClient

    from twinhub_hub.layers.recipe import Recipe, Sources
    from twinhub_hub.settings.layers import Layer

State = Literal["current", "outdated", "absent"]


@dataclass(frozen=True, slots=True)
class Built:
    """The image that has a tag."""

    id: str
    created: str
    """When, as Docker tells it."""
    size: int
    """Bytes, with the layers that it shares with others; 0 when it is not told."""
    inputs: str
    """Digest of what it was made from; empty where its label is missing."""


def find_built(client: APIClient, tag: str) -> Built | None:
    """Return the image with a tag, None if there is none.

    Raises:
        EngineError: Docker does not answer.
    """
    found = find_image(client, tag)
    if found is None:
        return None
    labels = found["Config"].get("Labels") or {}
    return Built(
        found["Id"], found.get("Created") or "", found.get("Size") or 0,
        labels.get(INPUTS_LABEL, ""),
    )  # fmt: skip


def recipe_of(client: APIClient, layer: Layer, sources: Sources) -> Recipe | None:
    """Return what a layer is to be built from now, None while its base is not on the machine.

    Raises:
        LayerError: its lock cannot be used.
        EngineError: Docker does not answer.
    """
    base = find_built(client, layer.base_tag)
    if base is None:
        return None
    return make_recipe(layer, sources, base=layer.base_tag, base_id=base.id)


def state_of(client: APIClient, layer: Layer, sources: Sources) -> tuple[State, Built | None]:
    """Return whether a layer's newest build is what `twinhub.yaml` asks for, and that build.

    Raises:
        LayerError: its lock cannot be used.
        EngineError: Docker does not answer.
    """
    built = find_built(client, tag_of(sources.prefix, layer.name))
    if built is None:
        return "absent", None
    recipe = recipe_of(client, layer, sources)
    return ("current" if recipe and recipe.digest == built.inputs else "outdated"), built
