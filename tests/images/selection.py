"""Which images a folder of tests is run with."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from images.builder.hierarchy import Hierarchy, Image

TESTED = "TWINHUB_TEST_IMAGES"
"""Variable: tags of the images to test, ``all``, or nothing for what ``make test`` does."""

_OWN = "workspace"
"""The tests of an image that is not in the list: one of a site's own."""


def select_tags(hierarchy: Hierarchy, folder: str, *, is_once: bool, wanted: str = "") -> list[str]:
    """Return the tags to run a test of a folder with.

    Without a wish: all images that the folder binds, but those that only inherit it not with a test
    that is marked ``once``. With ``all`` also those; with tags only the images that they name.
    """
    bound = {i.name: i for i in hierarchy.images if folder in hierarchy.tests_of(i)}
    if wanted not in {"", "all"}:
        return [t for t in wanted.split() if _is_bound(t, folder, bound, hierarchy)]
    chosen = [
        image
        for image in bound.values()
        if image.shipped and (wanted == "all" or not is_once or folder in image.tests)
    ]
    return [f"twinhub/{image.name}:{version('twinhub-hub')}" for image in chosen]


def _is_bound(tag: str, folder: str, bound: dict[str, Image], hierarchy: Hierarchy) -> bool:
    name = tag.rpartition("/")[2].partition(":")[0]
    is_listed = any(image.name == name for image in hierarchy.images)
    return name in bound or (not is_listed and folder == _OWN)
