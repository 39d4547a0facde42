"""A twin as a flowchart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.library.assets import Graph
from twinhub_dtconfig.documents import DEFAULT_LIMITS
from twinhub_dtconfig.graph import draw_twin
from twinhub_dtconfig.loading import FILE_NAME, TwinError, parse_twin
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import NotThereError

from twinhub_library.details.errors import UnreadablePartError
from twinhub_library.metadata import read_start

if TYPE_CHECKING:
    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree


def draw_graph(tree: Tree, asset: Asset) -> Graph:
    """Return the flowchart of a twin that a ``twin.yaml`` describes.

    Raises:
        NotThereError: it is no twin, or nothing describes it.
        UnreadablePartError: its ``twin.yaml`` has faults, which are named.
    """
    if asset.kind is not AssetKind.DIGITAL_TWINS or not asset.is_folder:
        raise NotThereError(f"{asset.path} is no digital twin.")
    path = asset.path / FILE_NAME
    try:
        content = read_start(tree, path, DEFAULT_LIMITS.size_bytes + 1)
    except NotThereError as error:
        raise NotThereError(f"{path} is not there: `twin init` writes it.") from error
    try:
        twin = parse_twin(content, str(path)).twin
    except TwinError as error:
        raise UnreadablePartError("\n".join(map(str, error.faults[:10]))) from error
    return Graph(mermaid=draw_twin(twin))
