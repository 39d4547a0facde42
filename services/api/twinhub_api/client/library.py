"""The typed client of the asset library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.references import AssetKind

from twinhub_api.client.base import ServiceClient, Values
from twinhub_api.client.errors import ProblemError
from twinhub_api.library.assets import AssetDetails, AssetPage, AssetSummary
from twinhub_api.library.files import FileEntry, FolderListing
from twinhub_api.library.imports import (
    FreshRequest,
    Import,
    ImportList,
    ImportRequest,
    UpdateRequest,
)
from twinhub_api.library.opening import CollectionDetail
from twinhub_api.library.repositories import Repository, RepositoryList, SyncIn
from twinhub_api.library.search import SearchPage, SearchQuery
from twinhub_api.library.usage import AssetUsagePage, UsagePage
from twinhub_api.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twinhub_api.library.publishing import PublishRequest

VARIABLE = "TWINHUB_LIBRARY_URL"
_CHUNK = 2**20
_PAGE = 1000
_KINDS = frozenset(AssetKind)

Told = Callable[[int, int | None], None]
"""Is told how many bytes are through, and of how many where that is known."""


class LibraryClient(ServiceClient):
    """Asks the library as whoever runs this; paths are those of the library, see `Places`."""

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Return the client of this workspace: address and token are in its environment.

        Raises:
            NotSetUpError: there is no address.
        """
        found = os.environ if environment is None else environment
        return cls.from_environment(found, variable=VARIABLE, name="library")

    def list_assets(
        self, *, area: str = "", kinds: Sequence[str] = (), root: str = ""
    ) -> Iterator[AssetSummary]:
        """Yield the assets that one may read, by path."""
        after = ""
        while True:
            values: Values = {"area": area, "kind": tuple(kinds), "root": root, "limit": _PAGE,
                      "after": after}  # fmt: skip
            page = self.get(AssetPage, "/api/assets", values)
            yield from page.assets
            if not page.next:
                return
            after = page.next

    def get_asset(self, path: str) -> AssetDetails:
        """Return everything about an asset that is cheap to tell."""
        return self.get(AssetDetails, f"/api/assets/{quote(path)}")

    def list_folder(self, path: str) -> Iterator[FileEntry]:
        """Yield what is in a folder, by name."""
        after = ""
        while True:
            page = self.get(FolderListing, f"/api/folders/{quote(path)}", {"after": after})
            yield from page.entries
            if page.next is None:
                return
            after = page.next

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the content of a file piece by piece."""
        with self.stream("GET", f"/api/files/{quote(path)}") as answer:
            yield from answer.iter_bytes(_CHUNK)

    def download(self, path: str, target: Path, tell: Told | None = None) -> int:
        """Write a file of the library to a file here, which is seen once it is whole.

        Returns how many bytes it has.
        """
        aside = target.with_name(f".{target.name}.part")
        done = 0
        try:
            with self.stream("GET", f"/api/files/{quote(path)}") as answer:
                length = answer.headers.get("content-length", "")
                total = int(length) if length.isdecimal() else None
                with aside.open("wb") as file:
                    for chunk in answer.iter_bytes(_CHUNK):
                        file.write(chunk)
                        done += len(chunk)
                        if tell is not None:
                            tell(done, total)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        return done

    def upload(
        self, source: Path, path: str, *, replace: bool = False, tell: Told | None = None
    ) -> FileEntry:
        """Write a file from here into the library; it is seen there once it is whole.

        Raises:
            ProblemError: there is one already, and it is not to be replaced; or it is refused.
        """
        total = source.stat().st_size

        def chunks() -> Iterator[bytes]:
            done = 0
            with source.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
                    done += len(chunk)
                    if tell is not None:
                        tell(done, total)

        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(total)}
        if not replace:
            headers["If-None-Match"] = "*"
        with self.stream("PUT", f"/api/files/{quote(path)}", content=chunks(),
                         headers=headers) as answer:  # fmt: skip
            answer.read()
            return self._read(FileEntry, answer)

    def get_usage(self) -> UsagePage:
        """Return how much room one's areas take."""
        return self.get(UsagePage, "/api/usage", {"limit": _PAGE})

    def get_area_usage(self, area: str, *, fresh: bool = False) -> AssetUsagePage:
        """Return how much room the assets of an area take, the largest first; ``fresh``: now."""
        values: Values = {"limit": _PAGE, "fresh": fresh or None}
        return self.get(AssetUsagePage, f"/api/usage/{quote(area)}", values)

    def search(self, query: SearchQuery) -> SearchPage:
        """Return the assets that have all the words, the nearest first."""
        return self.get(SearchPage, "/api/search", query.model_dump(exclude_defaults=True))

    def start_import(self, source: str, target: str = "") -> Operation:
        """Begin to copy an asset into one's own area or a team's; see `wait`."""
        body = ImportRequest(source=source, target=target)
        return self.post(Operation, "/api/imports", body.model_dump())

    def get_collection(self, name: str) -> CollectionDetail:
        """Return what a published collection holds, in its order."""
        return self.get(CollectionDetail, f"/api/collections/{quote(name, safe='@')}")

    def start_copy(self, collection: str) -> Operation:
        """Begin to copy everything of a collection; its result is a `CollectionCopy`."""
        return self.post(Operation, f"/api/collections/{quote(collection, safe='@')}/copy", None)

    def list_imports(self, area: str = "") -> Iterator[Import]:
        """Yield the copies in an area that know where they are from, by path."""
        after: str | None = None
        while True:
            values: Values = {"area": area, "limit": _PAGE, "after": after}
            page = self.get(ImportList, "/api/imports", values)
            yield from page.imports
            if (after := page.next) is None:
                return

    def start_update(self, number: int, *, version: str = "", dry_run: bool = False) -> Operation:
        """Begin to bring a copy to a version; its result is an `UpdateReport`."""
        body = UpdateRequest(version=version, dry_run=dry_run)
        return self.post(Operation, f"/api/imports/{number}/update", body.model_dump())

    def start_fresh(self, number: int, *, version: str = "") -> Operation:
        """Begin to import anew, beside the older copy; its result is an `Import`."""
        body = FreshRequest(version=version, older="beside")
        return self.post(Operation, f"/api/imports/{number}/fresh", body.model_dump())

    def start_publishing(self, request: PublishRequest) -> Operation:
        """Begin to publish an asset as a version; its result is a `Published`."""
        return self.post(Operation, "/api/versions", request.model_dump())

    def list_repositories(self, place: str = "") -> Iterator[Repository]:
        """Yield the repositories of a place and of what is in it, or all that one may read."""
        after: str | None = None
        while True:
            values: Values = {"place": place, "limit": _PAGE, "after": after}
            page = self.get(RepositoryList, "/api/repositories", values)
            yield from page.repositories
            if (after := page.next) is None:
                return

    def start_sync(
        self, repository: str, how: SyncIn, *, way: Literal["sync", "pull", "push"] = "sync"
    ) -> Operation:
        """Begin to pull, then push; or one of both."""
        path = f"/api/repositories/{quote(repository)}/{way}"
        return self.post(Operation, path, how.model_dump())

    def find_nearest(self, path: str) -> str | None:
        """Return the asset whose name is the nearest to one that is not there, beside it."""
        folder, _, name = path.rpartition("/")
        area, _, kind = folder.rpartition("/")
        if kind not in _KINDS:
            return None
        names = {
            one.name: one.path
            for one in self.list_assets(area=area, kinds=[kind])
            if one.path.rpartition("/")[0] == folder
        }
        nearest = nearest_key(name.partition("@")[0], names)
        return names[nearest] if nearest is not None else None

    def has_entry(self, path: str) -> bool:
        """Tell whether there is a file or folder at a path."""
        try:
            self.get(FileEntry, f"/api/entries/{quote(path)}")
        except ProblemError as error:
            if error.code == "not-found":
                return False
            raise
        return True

    def find_asset(self, path: str) -> AssetDetails | None:
        """Return everything about an asset, or None if there is none that one may know of."""
        try:
            return self.get_asset(path)
        except ProblemError as error:
            if error.code == "not-found":
                return None
            raise
