"""What every index of assets does, whatever it is built of; and the words that it is asked in.

A document is found by its words: a word matches those that it begins, a phrase the same words in a
row. Only when nothing at all is found for the caller, words may have one typo. Nothing of a
document outside of what a caller may read is in any answer: no hit, count, facet or suggestion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from twinhub_library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

FEWEST_LETTERS_OF_A_START = 2
"""A shorter word begins no other."""
FEWEST_LETTERS_OF_A_START_IN_TEXT = 3
"""A shorter one begins words of a name, title or keyword alone."""
FEWEST_LETTERS_WITH_A_TYPO = 4
MOST_FACET_VALUES = 20
FULL = "The disk is full: search goes on by itself once there is room. Tell an administrator."
FURTHEST_HIT = 10_000
"""Hits after so many are not reached: narrow the search instead."""


class SearchIndexError(LibraryError):
    """Base of what is wrong with an index."""

    code = "search-failed"
    status = 503


class IndexDamagedError(SearchIndexError):
    """Its files are not what an index leaves: it is to be built anew."""

    code = "search-damaged"


class IndexBusyError(SearchIndexError):
    """Another process writes it."""

    code = "search-busy"


class IndexFullError(SearchIndexError):
    """There is no room for what is to be kept."""

    code = "search-full"


class Facet(StrEnum):
    """What hits are counted and narrowed by."""

    KIND = "kind"
    AREA = "area"
    OWNER = "owner"
    KEYWORD = "keyword"
    LICENCE = "licence"
    REQUIRES = "requires"


Filters = Mapping[Facet, frozenset[str]]
"""Of each facet, values of which a document has one at least."""


class Sort(StrEnum):
    """Order of hits."""

    RELEVANCE = "relevance"
    NAME = "name"
    CHANGED = "changed"
    """The newest first."""


class Place(StrEnum):
    """Where a word is in a document; the first counts most."""

    NAME = "name"
    HEADING = "heading"
    """Title and keywords."""
    SUMMARY = "summary"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Document:
    """An asset, as it is found and shown."""

    key: str
    """Path of the asset without its version, of a withdrawn one with it.

    Another document of that key is replaced.
    """
    stamp: str
    """Another one when what the document is made of has changed."""
    path: str
    area: str
    kind: str
    name: str
    changed_at: datetime
    title: str = ""
    summary: str = ""
    version: str = ""
    licence: str = ""
    owner: str = ""
    keywords: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    text: str = ""
    is_withdrawn: bool = False
    """Found by those alone whose access names its key."""

    @property
    def folder(self) -> str:
        """The folder that its key is in."""
        return self.key.rpartition("/")[0]

    def text_of(self, place: Place) -> str:
        """Return what words are looked for in."""
        match place:
            case Place.NAME:
                return self.name
            case Place.HEADING:
                return " ".join((self.title, *self.keywords))
            case Place.SUMMARY:
                return self.summary
            case Place.TEXT:
                return self.text

    def values_of(self, facet: Facet) -> tuple[str, ...]:
        """Return what it counts for; empty values for nothing."""
        match facet:
            case Facet.KEYWORD:
                values: tuple[str, ...] = self.keywords
            case Facet.REQUIRES:
                values = self.requires
            case _:
                values = (str(getattr(self, facet.value)),)
        return tuple(value for value in dict.fromkeys(values) if value)


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase that is looked for; ``words`` are as the index knows them."""

    words: tuple[str, ...]
    is_exact: bool = False
    """In quotes: the last word begins no other, and none has a typo."""
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may read: areas, and the withdrawn versions that they have pinned, by keys."""

    areas: frozenset[str]
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; without terms it is everything."""

    access: Access
    terms: tuple[Term, ...] = ()
    filters: Filters = field(default_factory=dict)
    facets: tuple[Facet, ...] = ()
    """Which facets are counted: what there would be without the filter of that facet itself."""
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of text, and where in it words were found."""

    text: str
    ranges: tuple[tuple[int, int], ...] = ()
    """Start and end, in code points, in order."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found; its ``text`` is empty."""

    document: Document
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many hits have a value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Results:
    """What was found."""

    hits: tuple[Hit, ...]
    count: int
    """All hits, of this page and others."""
    facets: Mapping[Facet, tuple[FacetCount, ...]] = field(default_factory=dict)
    """Values with most hits first."""
    has_typos: bool = False
    """Nothing has the very words; these have words with one typo."""
    suggestions: tuple[str, ...] = ()
    """Known words nearest to those that nothing was found for."""


class Index(Protocol):
    """Documents that can be searched; what is written is found after `commit`.

    One thread at a time writes; any number searches meanwhile.
    """

    def upsert(self, document: Document) -> None:
        """Put a document in place of one with its key."""

    def remove(self, key: str) -> None:
        """Take the document of a key out, if there is one."""

    def commit(self) -> None:
        """Have everything so far found, and kept through a crash.

        Raises:
            SearchIndexError: it could not be kept.
        """

    def search(self, query: Query) -> Results:
        """Return what a query finds.

        Raises:
            IndexDamagedError: its files cannot be read.
        """

    def list_stamps(self, start: str = "") -> Mapping[str, str]:
        """Return the stamps of committed documents whose keys begin so, by key."""

    def find_stamp(self, key: str) -> str | None:
        """Return the stamp of the committed document of a key; None if there is none."""

    def list_folders(self, start: str = "") -> Iterable[str]:
        """Return the folders, which begin so, that keys of committed documents are in."""

    def count(self) -> int:
        """Return how many documents are committed."""

    def rest(self) -> None:
        """Give back the memory that writing takes, until something is written again."""

    def clear(self) -> None:
        """Take all documents out."""

    def close(self) -> None:
        """Give up what is not committed, and all files."""
