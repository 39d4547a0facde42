"""Queries of tantivy for what is looked for; beside `tantivy` the only module that knows it.

Where a word is decides the order, by fixed scores; how often a text has it, less than any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tantivy import Occur
from tantivy import Query as Part

from twinhub_library.index.base import (
    FEWEST_LETTERS_OF_A_START,
    FEWEST_LETTERS_OF_A_START_IN_TEXT,
    FEWEST_LETTERS_WITH_A_TYPO,
    Facet,
    Place,
    Query,
    Term,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tantivy import Schema

_SCORES = {Place.NAME: 8.0, Place.HEADING: 4.0, Place.SUMMARY: 2.0, Place.TEXT: 1.0}
_OF_A_START, _OF_A_TYPO, _OF_A_PHRASE, _OF_THE_WHOLE_NAME = 0.75, 0.5, 1.0, 16.0
_OF_OFTEN = 1 / 64
"""BM25 of a word in a text stays below 40, so that this much of it stays below 1."""
_OF_FURTHER_PLACES = 0.1
_FURTHEST_KNOWN = 2


class Queries:
    """Makes queries for one schema."""

    def __init__(self, schema: Schema, columns: Mapping[Facet, str]) -> None:
        """Make queries for a schema whose facets have these columns."""
        self._schema, self._columns = schema, columns

    def make(
        self, query: Query, terms: Sequence[Term], *,
        with_typos: bool, without: Facet | None = None,
    ) -> Part:  # fmt: skip
        """Return what finds the terms among what may be read, ``without`` the filter of a facet."""
        parts = self._limits(query, without)
        for term in terms:
            may_be_typo = with_typos and not term.is_excluded
            occur = Occur.MustNot if term.is_excluded else Occur.Must
            parts.append((occur, self._term(term, with_typos=may_be_typo)))
        asked = " ".join(word for term in terms if not term.is_excluded for word in term.words)
        if asked:
            whole = Part.const_score_query(self._exactly("whole", asked), _OF_THE_WHOLE_NAME)
            parts.append((Occur.Should, whole))
        return Part.boolean_query(parts)

    def make_near(self, query: Query, terms: Sequence[Term]) -> Part:
        """Return what finds names and headings, among what may be read, near to the words."""
        near = [
            (Occur.Should, Part.fuzzy_term_query(self._schema, place, word, _FURTHEST_KNOWN))
            for term in terms
            if not term.is_excluded
            for word in term.words
            if len(word) >= FEWEST_LETTERS_WITH_A_TYPO
            for place in (Place.NAME.value, Place.HEADING.value)
        ]
        wanted = Part.boolean_query(near) if near else Part.empty_query()
        return Part.boolean_query([*self._limits(query, None), (Occur.Must, wanted)])

    def _limits(self, query: Query, without: Facet | None) -> list[tuple[Occur, Part]]:
        readable = [self._exactly("reader", area) for area in sorted(query.access.areas)]
        readable += [self._exactly("key", key) for key in sorted(query.access.keys)]
        parts = [(Occur.Must, _unscored(_any_of(readable)))]
        for facet, values in query.filters.items():
            if facet is not without:
                wanted = [self._exactly(self._columns[facet], value) for value in sorted(values)]
                parts.append((Occur.Must, _unscored(_any_of(wanted))))
        return parts

    def _term(self, term: Term, *, with_typos: bool) -> Part:
        parts = []
        for place in Place:
            if len(term.words) > 1:
                parts.append(_scored(self._phrase(place, term), _SCORES[place] * _OF_A_PHRASE))
            else:
                parts += self._word(place, term, with_typos=with_typos)
        return Part.disjunction_max_query(parts, _OF_FURTHER_PLACES)

    def _word(self, place: Place, term: Term, *, with_typos: bool) -> list[Part]:
        word, score = term.words[0], _SCORES[place]
        if place is Place.TEXT:
            often = Part.term_query(self._schema, place.value, word, "freq")
            parts = [Part.boost_query(often, _OF_OFTEN)]
        else:
            parts = [_scored(self._exactly(place.value, word), score)]
        if term.is_exact:
            return parts
        if len(word) >= _fewest_letters(place):
            start = Part.fuzzy_term_query(self._schema, place.value, word, 0, prefix=True)
            of_a_start = _OF_OFTEN if place is Place.TEXT else score * _OF_A_START
            parts.append(_scored(start, of_a_start))
        if with_typos and len(word) >= FEWEST_LETTERS_WITH_A_TYPO:
            near = Part.fuzzy_term_query(self._schema, place.value, word, 1)
            parts.append(_scored(near, score * _OF_A_TYPO))
        return parts

    def _phrase(self, place: Place, term: Term) -> Part:
        words: list[str | tuple[int, str]] = [*term.words]
        if term.is_exact:
            return Part.phrase_query(self._schema, place.value, words)
        return Part.phrase_prefix_query(self._schema, place.value, words)

    def _exactly(self, field: str, value: str) -> Part:
        return Part.term_query(self._schema, field, value, "basic")


def _fewest_letters(place: Place) -> int:
    in_text = place in {Place.SUMMARY, Place.TEXT}
    return FEWEST_LETTERS_OF_A_START_IN_TEXT if in_text else FEWEST_LETTERS_OF_A_START


def _any_of(parts: Sequence[Part]) -> Part:
    return Part.boolean_query([(Occur.Should, part) for part in parts])


def _scored(part: Part, score: float) -> Part:
    return Part.const_score_query(part, score)


def _unscored(part: Part) -> Part:
    return Part.const_score_query(part, 0.0)
