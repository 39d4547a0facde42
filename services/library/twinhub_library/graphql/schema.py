"""The schema: that of DTaaS's library microservice, with fields of our own added.

What is added may be left out by every client: ``size``, ``digest`` and ``version``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import strawberry
from graphql import GraphQLError
from strawberry.types import Info  # noqa: TC002  # strawberry reads the annotations

from twinhub_library.graphql.reading import (
    ListingError,
    Reader,
    ReadingError,
    as_name,
    as_text,
)

if TYPE_CHECKING:
    from graphql import GraphQLSchema


@strawberry.type(description="A file, or anything else that is no folder.")
class Blob:
    """A name in a folder that is no folder."""

    name: str
    type: str
    folder: strawberry.Private[str]

    @strawberry.field(description="Bytes of a file; null of a link.")
    def size(self, info: Info[Reader, None]) -> float | None:
        """Return the bytes of the file."""
        return info.context.size_of(self.folder, self.name)

    @strawberry.field(description="The published version that the name says.")
    def version(self) -> str | None:
        """Return the version in the name."""
        return version_in(self.name)


@strawberry.type(description="A folder in a folder.")
class TreeEntry:
    """A name in a folder that is a folder."""

    name: str
    type: str

    @strawberry.field(description="The published version that the name says.")
    def version(self) -> str | None:
        """Return the version in the name."""
        return version_in(self.name)


@strawberry.type
class BlobEdge:
    """An edge to a file."""

    node: Blob


@strawberry.type
class TreeEdge:
    """An edge to a folder."""

    node: TreeEntry


@strawberry.type
class BlobConnection:
    """The files of a folder."""

    edges: list[BlobEdge]


@strawberry.type
class TreeConnection:
    """The folders of a folder."""

    edges: list[TreeEdge]


@strawberry.type
class Tree:
    """What is in a folder."""

    blobs: BlobConnection
    trees: TreeConnection


@strawberry.type(description="A file with its text, read as UTF-8 without space around it.")
class RepositoryBlob:
    """A file with its text."""

    name: str
    raw_blob: str
    raw_text_blob: str
    size: float | None = strawberry.field(default=None, description="Bytes of the file itself.")
    version: str | None = strawberry.field(
        default=None, description="The published version that the path says."
    )
    content: strawberry.Private[bytes] = b""

    @strawberry.field(description="SHA-256 of the bytes, as `sha256:` and hexadecimal digits.")
    def digest(self) -> str | None:
        """Return the address of the content."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"


@strawberry.type
class RepositoryBlobConnection:
    """Files with their text."""

    nodes: list[RepositoryBlob]


@strawberry.type
class Repository:
    """A folder's tree, or a file: the one that was not asked for is not there."""

    tree: Tree
    blobs: RepositoryBlobConnection


@strawberry.type
class Project:
    """The library, in the shape of a project of GitLab."""

    repository: Repository


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field(description="What is in a folder.")
    def list_directory(self, info: Info[Reader, None], path: str) -> Project:
        """List a folder."""
        try:
            entries = info.context.list_folder(path)
        except ListingError as error:
            extensions = {"code": "INTERNAL_SERVER_ERROR"}
            raise GraphQLError(str(error), extensions=extensions) from error
        return _project(tree=_tree(path, entries))

    @strawberry.field(description="The text of a file.")
    def read_file(self, info: Info[Reader, None], path: str) -> Project:
        """Read a file."""
        try:
            content = info.context.read_file(path)
        except ReadingError as error:
            raise GraphQLError(str(error), extensions=_as_nest(str(error))) from error
        text = as_text(content)
        blob = RepositoryBlob(
            name=name_of(path), raw_blob=text, raw_text_blob=text, size=len(content),
            version=next(filter(None, map(version_in, path.split("/"))), None), content=content,
        )  # fmt: skip
        return _project(blobs=RepositoryBlobConnection(nodes=[blob]))


SCHEMA = strawberry.Schema(Query)
"""The schema, as strawberry has it."""


def core_schema() -> GraphQLSchema:
    """Return the schema as graphql-core executes it."""
    return SCHEMA._schema  # noqa: SLF001  # strawberry has no other way to it


def name_of(path: str) -> str:
    """Return the last name of a path, as DTaaS takes it."""
    return path.rpartition("/")[2]


def version_in(name: str) -> str | None:
    """Return what follows the ``@`` of a published version's name."""
    plain, _, version = name.rpartition("@")
    return version if plain and version[:1].isdigit() else None


def _tree(folder: str, entries: list[tuple[str, bool]]) -> Tree:
    blobs = [
        BlobEdge(node=Blob(name=as_name(name), type="blob", folder=folder))
        for name, is_folder in entries
        if not is_folder
    ]
    trees = [
        TreeEdge(node=TreeEntry(name=as_name(name), type="tree"))
        for name, is_folder in entries
        if is_folder
    ]
    return Tree(blobs=BlobConnection(edges=blobs), trees=TreeConnection(edges=trees))


def _project(tree: Tree | None = None, blobs: RepositoryBlobConnection | None = None) -> Project:
    """Return a project; null where something was not asked for is the contract's answer."""
    return Project(repository=Repository(tree=tree, blobs=blobs))  # type: ignore[arg-type]


def _as_nest(message: str) -> dict[str, object]:
    """Return the extensions that NestJS gives an InternalServerErrorException, without a stack."""
    return {
        "code": "INTERNAL_SERVER_ERROR",
        "status": 500,
        "originalError": {"message": message, "statusCode": 500},
    }
