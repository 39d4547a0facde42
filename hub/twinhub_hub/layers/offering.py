"""Who gets which site layer: it stands in for the image that it is built on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.settings.images import Image

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from twinhub_hub.layers.records import Offered


def with_layers(
    images: Sequence[Image], layers: Sequence[Offered], groups: Collection[str]
) -> Sequence[Image]:
    """Return what a member of some groups may choose, the default first.

    Layers of these groups stand before all images, and those that they are built on are not
    offered beside them. Layers without groups stand after all images.
    """
    own = [layer for layer in layers if layer.is_for(groups)]
    bases = {layer.base for layer in own}
    return [
        *(_as_image(layer, images) for layer in own),
        *(image for image in images if image.image not in bases),
        *(_as_image(layer, images) for layer in layers if not layer.groups),
    ]


def starts_of(
    images: Sequence[Image], layers: Sequence[Offered], groups: Collection[str]
) -> Mapping[str, str]:
    """Return which image each choice starts, the default first.

    Who has chosen an image once, and has a layer on it now, gets the layer: JupyterHub repeats
    choices.
    """
    offered = [image.image for image in with_layers(images, layers, groups)]
    bases = {layer.base: layer.image for layer in reversed(layers) if layer.is_for(groups)}
    return {image: image for image in offered} | bases


def _as_image(layer: Offered, images: Sequence[Image]) -> Image:
    """Return a layer as the start page shows it: with the picture and tools of its base."""
    base = next((image for image in images if image.image == layer.base), None)
    own = Image(image=layer.image, title=layer.title, summary=layer.summary)
    look = {"tools": base.tools, "picture": base.picture} if base else {}
    return own.model_copy(update=look)
