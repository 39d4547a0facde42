"""Assets in a notebook: find them, use their files, copy them and bring the copies up to date.

``path`` works on the files of the workspace alone. Everything else asks the library, as whoever
runs the notebook. What is wrong is an `AssetsError`, whose text says what to do.
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_api.client.places import Places
from twinhub_dtconfig.assets import AssetError, AssetTree
from twinhub_dtconfig.references import BadReferenceError, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from twinhub_api.client.library import LibraryClient
    from twinhub_api.library.assets import AssetDetails
    from twinhub_api.library.imports import Import, UpdateReport
    from twinhub_api.library.search import AssetHit, SearchPage
    from twinhub_api.operations import Operation

__all__ = ["Asset", "AssetsError", "Found", "Update", "import_", "path", "search", "show", "update"]

_WORKSPACE = Path("/workspace")
_ROOT = "TWINHUB_WORKSPACE"


class AssetsError(Exception):
    """Something that stops what was asked for; the text says what is wrong and what to do."""


class Asset:
    """One asset: its ``path``, its ``name``, and what is known about it."""

    def __init__(self, reference: str, known: AssetHit | AssetDetails) -> None:
        """Hold what the library says of an asset."""
        self.reference = reference
        """As it is written in twins and here, such as ``common/models/tank``."""
        self.name = known.name
        self.kind: str = known.kind
        self.title = known.title
        self.summary = known.summary
        self.version = known.version or None
        """The published version; None where there is none."""
        self.licence = known.licence
        self.keywords = known.keywords
        self.details = known
        """Everything that the library has answered."""

    @property
    def path(self) -> Path:
        """Where it lies in the workspace.

        Raises:
            AssetsError: it is not there.
        """
        return path(self.reference)

    def __repr__(self) -> str:
        """Return the asset as a line."""
        version = f"@{self.version}" if self.version else ""
        return f"Asset({self.reference}{version})"

    def _repr_html_(self) -> str:
        """Return the asset as a table, for notebooks; all of it is text."""
        rows = {
            "asset": self.reference, "title": self.title, "summary": self.summary,
            "version": self.version or "", "licence": self.licence,
            "keywords": ", ".join(self.keywords),
        }  # fmt: skip
        return _table([[name, text] for name, text in rows.items() if text])


class Found:
    """What a search has found, in order; like a list of `Asset`."""

    def __init__(self, assets: Sequence[Asset], page: SearchPage) -> None:
        """Hold the assets and what the library has answered."""
        self._assets = tuple(assets)
        self.count = page.count
        """How many there are, with those that were not asked for."""
        self.suggestions = page.suggestions
        """What else to look for when there is nothing."""

    def __len__(self) -> int:
        """Return how many were asked for and found."""
        return len(self._assets)

    def __iter__(self) -> Iterator[Asset]:
        """Return the assets one by one."""
        return iter(self._assets)

    def __getitem__(self, at: int) -> Asset:
        """Return one of the assets."""
        return self._assets[at]

    def __repr__(self) -> str:
        """Return a line for each."""
        return "\n".join(map(repr, self._assets)) or self._nothing()

    def _repr_html_(self) -> str:
        """Return a table, for notebooks; all of it is text."""
        if not self._assets:
            return escape(self._nothing())
        rows = [[one.reference, one.version or "", one.title, one.summary] for one in self._assets]
        return _table(rows, ["asset", "version", "title", "summary"])

    def _nothing(self) -> str:
        hints = ", ".join(self.suggestions)
        return f"Nothing was found; did you mean {hints}?" if hints else "Nothing was found."


class Update:
    """What an update has done to each file; ``conflicts`` lists those to look at."""

    def __init__(self, report: UpdateReport) -> None:
        """Hold what the library has answered."""
        self.report = report
        self.version = report.version
        self.conflicts = [one.path for one in report.files if one.outcome == "conflict"]
        """Files that both sides changed; yours is kept beside each, see ``report``."""

    def __repr__(self) -> str:
        """Return a line for each file that was not simply left."""
        files = [one for one in self.report.files if one.outcome != "unchanged"]
        lines = [f"{one.outcome:>9}  {one.path}" for one in files]
        now = "would be" if self.report.dry_run else "is"
        return "\n".join([*lines, f"{self.report.path} {now} at {self.version or 'the newest'}"])

    def _repr_html_(self) -> str:
        """Return a table, for notebooks; all of it is text."""
        files = [one for one in self.report.files if one.outcome != "unchanged"]
        rows = [[one.path, one.outcome, one.copy_path or "", one.note] for one in files]
        return _table(rows, ["file", "outcome", "your copy", "note"])


def path(reference: str) -> Path:
    """Return where an asset, or a file in it, lies in this workspace.

    ``common/data/x@1`` is the newest version 1.x, ``common/data/x/levels.csv`` a file in the newest
    version, ``data/x`` your own and ``teams/<group>/data/x`` a team's. The library is not asked.

    Raises:
        AssetsError: nothing is there; the text names what was probably meant.
    """
    try:
        return AssetTree.below(_root()).locate(Reference.parse(reference))
    except (AssetError, BadReferenceError) as error:
        hint = f"; did you mean {error.nearest}?" if error.nearest else ""
        text = str(error)
        raise AssetsError(
            text if error.nearest and error.nearest in text else text + hint
        ) from error


def search(
    words: str = "",
    *,
    kind: str | Sequence[str] = (),
    area: str | Sequence[str] = (),
    keyword: str | Sequence[str] = (),
    licence: str | Sequence[str] = (),
    limit: int = 20,
) -> Found:
    """Return the assets that have all the words, the nearest first; without words, all assets.

    Words may be ``"a phrase"``, ``-without``, or ``keyword:pump``.

    Raises:
        AssetsError: the library does not answer.
    """
    from twinhub_api.library.search import SearchQuery  # noqa: PLC0415

    with _Asking() as client:
        query = SearchQuery(
            q=words, kind=_several(kind), area=_several(area), keyword=_several(keyword),
            licence=_several(licence), limit=max(1, min(limit, 200)),
        )  # fmt: skip
        page = client.search(query)
        places = _places()
        return Found([Asset(places.shown(hit.path), hit) for hit in page.hits], page)


def show(reference: str) -> Asset:
    """Return one asset with all that the library knows about it, see ``details``.

    Raises:
        AssetsError: it is not there, or the library does not answer.
    """
    with _Asking() as client:
        places = _places()
        path = places.path_of(reference)
        details = client.find_asset(path)
        if details is None:
            nearest = client.find_nearest(path)
            hint = f"; did you mean {places.shown(nearest)}?" if nearest else ""
            raise AssetsError(f"There is no asset {reference}{hint}")
        return Asset(places.shown(details.path), details)


def import_(reference: str, to: str = "") -> Import:
    """Copy an asset into your own files, or to another place of yours, and return the record of it.

    Raises:
        AssetsError: it is not there, something is at the place already, or there is no room.
    """
    from twinhub_api.library.imports import Import as Record  # noqa: PLC0415

    with _Asking() as client:
        places = _places()
        target = places.path_of(to) if to else ""
        started = client.start_import(places.path_of(reference), target)
        return Record.model_validate(_result(client, started))


def update(reference: str, *, version: str = "", dry_run: bool = False) -> Update:
    """Bring a copy that was imported to the newest version, or to one that you name.

    What you have changed stays; see ``conflicts`` of what is returned.

    Raises:
        AssetsError: it was not imported, or the library does not answer.
    """
    from twinhub_api.library.imports import UpdateReport as Report  # noqa: PLC0415

    with _Asking() as client:
        wanted = _places().path_of(reference)
        names = wanted.split("/")
        area = "/".join(names[: 2 if names[0] == "teams" else 1])
        for one in client.list_imports(area):
            if one.path == wanted:
                started = client.start_update(one.id, version=version, dry_run=dry_run)
                return Update(Report.model_validate(_result(client, started)))
    raise AssetsError(f"{reference} was not imported, so there is nothing to update it from")


class _Asking:
    """The client of the library, whose errors become those of this module."""

    def __enter__(self) -> LibraryClient:
        from twinhub_api.client.errors import ClientError  # noqa: PLC0415
        from twinhub_api.client.library import LibraryClient  # noqa: PLC0415

        try:
            self._client = LibraryClient.here()
        except ClientError as error:
            raise AssetsError(str(error)) from error
        return self._client

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        from twinhub_api.client.errors import ClientError  # noqa: PLC0415

        self._client.close()
        if isinstance(error, ClientError):
            raise AssetsError(str(error)) from error


def _places() -> Places:
    return Places.from_environment(os.environ)


def _result(client: LibraryClient, started: Operation) -> dict[str, object]:
    return client.wait(started).result or {}


def _root() -> Path:
    return Path(os.environ.get(_ROOT) or _WORKSPACE)


def _several(values: str | Sequence[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _table(rows: Sequence[Sequence[str]], heads: Sequence[str] = ()) -> str:
    """Return rows as a table of HTML in which all text is text."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in ([head] if head else []) + lines)
    return f"<table>{body}</table>"
