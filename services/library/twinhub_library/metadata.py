"""What is said about an asset, by its ``asset.yaml``, its ``twin.yaml`` or its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_library.assets import Metadata

if TYPE_CHECKING:
    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree


def read_metadata(tree: Tree, asset: Asset) -> Metadata:
    """Return what is said about an asset; bad content is told in the faults and never raised."""
    del tree
    return Metadata(title=asset.name)
