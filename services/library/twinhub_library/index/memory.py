"""An index in memory that looks at every document: the double of the real one, for tests."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from twinhub_library.index.base import (
    FEWEST_LETTERS_OF_A_START,
    FEWEST_LETTERS_OF_A_START_IN_TEXT,
    FEWEST_LETTERS_WITH_A_TYPO,
    MOST_FACET_VALUES,
    Document,
    Facet,
    FacetCount,
    Hit,
    Place,
    Query,
    Results,
    Sort,
    Term,
)
from twinhub_library.index.querying import split_for_typos, suggest
from twinhub_library.index.shown import without_text
from twinhub_library.index.snippets import Snippets
from twinhub_library.index.words import are_near, index_words, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WEIGHTS = {Place.NAME: 8.0, Place.HEADING: 4.0, Place.SUMMARY: 2.0, Place.TEXT: 1.0}


class MemoryIndex:
    """Documents in a dictionary; see `base.Index`."""

    def __init__(self) -> None:
        """Begin without documents."""
        self._written: dict[str, Document] = {}
        self._found: dict[str, Document] = {}

    @property
    def documents(self) -> Mapping[str, Document]:
        """The committed documents by their keys."""
        return self._found

    def upsert(self, document: Document) -> None:
        """Put a document in place of one with its key."""
        self._written[document.key] = document

    def remove(self, key: str) -> None:
        """Take the document of a key out."""
        self._written.pop(key, None)

    def commit(self) -> None:
        """Have everything so far found."""
        self._found = dict(self._written)

    def search(self, query: Query) -> Results:
        """Return what a query finds."""
        terms, has_typos = query.terms, False
        hits = self._find(query, terms)
        if not hits and any(not term.is_excluded for term in terms):
            terms = split_for_typos(terms)
            hits = self._find(query, terms, with_typos=True)
            has_typos = bool(hits)
        hits.sort(key=lambda hit: _order(query.sort, *hit))
        snippets = Snippets(terms, with_typos=has_typos)
        page = hits[query.offset : query.offset + query.limit]
        return Results(
            tuple(
                Hit(without_text(one), snippets.make((one.summary, one.text))) for _, one in page
            ),
            len(hits),
            {facet: self._count(query, facet, terms, has_typos=has_typos)
             for facet in query.facets},
            has_typos,
            () if hits or not terms else suggest(terms, self._known(query)),
        )  # fmt: skip

    def list_stamps(self, start: str = "") -> Mapping[str, str]:
        """Return the stamps of keys that begin so."""
        return {key: one.stamp for key, one in self._found.items() if key.startswith(start)}

    def find_stamp(self, key: str) -> str | None:
        """Return the stamp of a key."""
        found = self._found.get(key)
        return found.stamp if found else None

    def list_folders(self, start: str = "") -> Iterable[str]:
        """Return the folders of keys."""
        folders = {document.folder for document in self._found.values()}
        return sorted(folder for folder in folders if folder.startswith(start))

    def count(self) -> int:
        """Return how many documents there are."""
        return len(self._found)

    def rest(self) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Take all documents out."""
        self._written.clear()

    def close(self) -> None:
        """Give up what is not committed."""
        self._written = dict(self._found)

    def _find(
        self, query: Query, terms: Sequence[Term], *,
        with_typos: bool = False, without: Facet | None = None,
    ) -> list[tuple[float, Document]]:  # fmt: skip
        hits = []
        for document in self._found.values():
            if not _may_see(query, document) or not _passes(query, document, without):
                continue
            score = _score(document, terms, with_typos=with_typos)
            if score is not None:
                hits.append((score, document))
        return hits

    def _count(
        self, query: Query, facet: Facet, terms: Sequence[Term], *, has_typos: bool
    ) -> tuple[FacetCount, ...]:
        counts = Counter(
            value
            for _, document in self._find(query, terms, with_typos=has_typos, without=facet)
            for value in document.values_of(facet)
        )
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return tuple(FacetCount(*one) for one in ordered[:MOST_FACET_VALUES])

    def _known(self, query: Query) -> list[str]:
        seen = [document for document in self._found.values() if _may_see(query, document)]
        texts = [one.text_of(place) for one in seen for place in (Place.NAME, Place.HEADING)]
        return list(dict.fromkeys(word for text in texts for word in split_words(text)))


def _order(sort: Sort, score: float, document: Document) -> tuple[float | str, str]:
    match sort:
        case Sort.RELEVANCE:
            return -score, document.key
        case Sort.NAME:
            return document.name.casefold(), document.key
        case Sort.CHANGED:
            return -document.changed_at.timestamp(), document.key


def _may_see(query: Query, document: Document) -> bool:
    if document.key in query.access.keys:
        return True
    return document.area in query.access.areas and not document.is_withdrawn


def _passes(query: Query, document: Document, without: Facet | None) -> bool:
    return all(
        facet is without or not values.isdisjoint(document.values_of(facet))
        for facet, values in query.filters.items()
    )


def _score(document: Document, terms: Sequence[Term], *, with_typos: bool) -> float | None:
    total = 0.0
    for term in terms:
        best = max(
            (weight * _match(document, term, place, with_typos=with_typos)
             for place, weight in _WEIGHTS.items()),
        )  # fmt: skip
        if (best > 0) is term.is_excluded:
            return None
        total += 0 if term.is_excluded else best
    asked = [word for term in terms for word in term.words]
    return total + (16 if asked and asked == split_words(document.name) else 0)


def _match(document: Document, term: Term, place: Place, *, with_typos: bool) -> float:
    words = index_words(document.text_of(place)).split()
    if len(term.words) > 1:
        return 1.0 if _has_phrase(words, term) else 0.0
    word = term.words[0]
    if word in words:
        return 1.0
    if term.is_exact:
        return 0.0
    in_text = place in {Place.SUMMARY, Place.TEXT}
    fewest = FEWEST_LETTERS_OF_A_START_IN_TEXT if in_text else FEWEST_LETTERS_OF_A_START
    if len(word) >= fewest and any(one.startswith(word) for one in words):
        return 0.75
    may_be_typo = with_typos and not term.is_excluded and len(word) >= FEWEST_LETTERS_WITH_A_TYPO
    return 0.5 if may_be_typo and any(are_near(one, word) for one in words) else 0.0


def _has_phrase(words: Sequence[str], term: Term) -> bool:
    *first, last = term.words
    for at in range(len(words) - len(first)):
        end = words[at + len(first)]
        if list(words[at : at + len(first)]) == first and (
            end == last or (not term.is_exact and end.startswith(last))
        ):
            return True
    return False
