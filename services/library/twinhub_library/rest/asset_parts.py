"""What is dear to tell about an asset: each part at an address of its own, after ``/-/``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from twinhub_api.library.assets import (
    AssetSize,
    AssetUsers,
    Graph,
    History,
    Model,
    ModelQuery,
    Notebook,
    Requirements,
    Table,
    TreePage,
    TreeQuery,
)
from twinhub_kit.files.errors import NotThereError

from twinhub_library.access import readable_areas
from twinhub_library.details import images, readme
from twinhub_library.details.graphs import draw_graph
from twinhub_library.details.models import read_model
from twinhub_library.details.notebooks import read_notebook
from twinhub_library.details.parts import IMAGE, MODEL, NOTEBOOK, TABLE, find_file, find_readme
from twinhub_library.details.tables import read_table
from twinhub_library.details.users import find_users
from twinhub_library.details.walking import list_tree, measure
from twinhub_library.metadata import read_metadata
from twinhub_library.requirements import Resolver
from twinhub_library.rest.answers import answer_bytes, answer_with_etag
from twinhub_library.rest.assets import TheAsset, requirements_of
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams

router = APIRouter(tags=["assets"])

_BELOW = "/api/assets/{path:path}/-"
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-site",
}

File = Annotated[str, Query(description="A file in the asset; without it the first that fits.")]
_TreeQuery = Annotated[TreeQuery, Query()]
_ModelQuery = Annotated[ModelQuery, Query()]
After = Annotated[str, Query(description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get(f"{_BELOW}/readme", response_class=HTMLResponse)
def get_readme(
    asset: TheAsset,
    request: Request,
    library: TheLibrary,
) -> Response:
    """Return the text of an asset as a page for a sandboxed frame."""
    text = find_readme(library.tree, asset)
    if text is None:
        raise NotThereError(f"{asset.path} has no text: write README.md.")
    prefix = library.settings.public_address
    page = readme.render_readme(library.tree, asset, text, prefix=prefix)
    headers = {**_SAFE, "Content-Security-Policy": readme.POLICY}
    return answer_bytes(request, page.encode(), "text/html; charset=utf-8", headers)


@router.get(f"{_BELOW}/tree", response_model=TreePage)
def get_tree(
    asset: TheAsset, request: Request, library: TheLibrary, query: _TreeQuery,
) -> Response:  # fmt: skip
    """Return what is in an asset, folder by folder."""
    page = list_tree(library.tree, asset, depth=query.depth, after=query.after, limit=query.limit)
    return answer_with_etag(request, page)


@router.get(f"{_BELOW}/size", response_model=AssetSize)
def get_size(
    asset: TheAsset,
    request: Request,
    library: TheLibrary,
) -> Response:
    """Return how large an asset is."""
    return answer_with_etag(request, measure(library.tree, asset))


@router.get(f"{_BELOW}/history", response_model=History)
def get_history(
    asset: TheAsset, request: Request, library: TheLibrary, after: After = "", limit: Limit = 100,
) -> Response:  # fmt: skip
    """Return what has happened to an asset: versions, commits."""
    entries, following = library.history.list_page(asset, after=after, limit=limit)
    return answer_with_etag(request, History(entries=tuple(entries), next=following))


@router.get(f"{_BELOW}/requires", response_model=Requirements)
def get_requires(
    asset: TheAsset,
    request: Request,
    library: TheLibrary,
    caller: KnownCaller,
) -> Response:
    """Return what an asset needs, and whether it is there for the caller."""
    requires = requirements_of(library, caller, read_metadata(library.tree, asset))
    return answer_with_etag(request, Requirements(requires=requires))


@router.get(f"{_BELOW}/used-by", response_model=AssetUsers)
def get_users(
    asset: TheAsset,
    request: Request,
    library: TheLibrary,
    caller: KnownCaller,
) -> Response:
    """Return which assets need this one, among those that the caller may read."""
    teams = list_teams(library)
    resolver = Resolver(library.tree, library.listing, caller, teams)
    users = find_users(resolver, readable_areas(caller, teams), asset, library.search)
    return answer_with_etag(request, users)


@router.get(f"{_BELOW}/model", response_model=Model)
def get_model(
    asset: TheAsset, request: Request, library: TheLibrary, query: _ModelQuery,
) -> Response:  # fmt: skip
    """Return what an FMU says about itself, and its variables by name."""
    found = find_file(library.tree, asset, query.file, MODEL)
    model = read_model(library.tree, found, after=query.after, limit=query.limit)
    return answer_with_etag(request, model)


@router.get(f"{_BELOW}/table", response_model=Table)
def get_table(asset: TheAsset, request: Request, library: TheLibrary, file: File = "") -> Response:
    """Return the head of a CSV file, and what its columns hold."""
    found = find_file(library.tree, asset, file, TABLE)
    return answer_with_etag(request, read_table(library.tree, found))


@router.get(f"{_BELOW}/notebook", response_model=Notebook)
def get_notebook(
    asset: TheAsset, request: Request, library: TheLibrary, file: File = ""
) -> Response:
    """Return the outline of a notebook."""
    found = find_file(library.tree, asset, file, NOTEBOOK)
    return answer_with_etag(request, read_notebook(library.tree, found))


@router.get(f"{_BELOW}/image", response_class=Response)
def get_image(asset: TheAsset, request: Request, library: TheLibrary, file: File = "") -> Response:
    """Return a picture, to be shown as a picture or in a sandboxed frame."""
    found = find_file(library.tree, asset, file, IMAGE)
    name = found.name if asset.is_folder else asset.name
    content, media = images.read_image(library.tree, found, name)
    headers = {**_SAFE, "Content-Security-Policy": images.POLICY}
    return answer_bytes(request, content, media, headers)


@router.get(f"{_BELOW}/graph", response_model=Graph)
def get_graph(
    asset: TheAsset,
    request: Request,
    library: TheLibrary,
) -> Response:
    """Return a twin as the source of a Mermaid flowchart."""
    return answer_with_etag(request, draw_graph(library.tree, asset))
