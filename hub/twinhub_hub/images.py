"""Which images the settings offer to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.settings.images import OWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from twinhub_hub.settings.images import Image
    from twinhub_hub.settings.models import Settings

RUN = "run"
"""Short name of the image that runs of twins execute in."""


def images_for(settings: Settings, groups: Collection[str]) -> Sequence[Image]:
    """Return what a member of some groups may choose, the default first.

    It is what those groups list, all together; what `workspace` lists, where none of them does.
    """
    rules = [rule for rule in settings.groups if rule.name in groups and rule.images]
    listed = [image for rule in rules for image in rule.images or ()]
    return _once(listed or settings.workspace.images)


def all_images(settings: Settings) -> Sequence[Image]:
    """Return what anybody may choose."""
    of_groups = [image for rule in settings.groups for image in rule.images or ()]
    return _once([*settings.workspace.images, *of_groups])


def own_names(settings: Settings) -> Sequence[str]:
    """Return the short names of TwinHub's own images that anybody may choose, or layers stand on.

    They are in the order of building.
    """
    offered = {image.image for image in all_images(settings)}
    offered |= {layer.base_tag for layer in settings.workspace.layers}
    return [name for name, image in OWN.items() if image.image in offered]


def is_own(tag: str) -> bool:
    """Return whether an image is one of TwinHub's, which `make images` builds."""
    return tag in {image.image for image in OWN.values()}


def _once(images: Iterable[Image]) -> Sequence[Image]:
    """Return each image once, as it is described first."""
    found: dict[str, Image] = {}
    for image in images:
        found.setdefault(image.image, image)
    return list(found.values())
