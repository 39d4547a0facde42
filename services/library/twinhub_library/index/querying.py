"""What somebody writes into a search field, as terms and filters; any text is a search."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_library.index.base import Facet, Term
from twinhub_library.index.words import normalise, split_words

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CHARACTERS = 1000
MOST_TERMS = 16
MOST_WORDS_OF_A_PHRASE = 16

_PIECE = re.compile(
    r"""(?P<no>-)?(?:(?P<facet>[a-z]{3,9}):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))"""
)
_FACETS = {facet.value: facet for facet in Facet} | {"license": Facet.LICENCE}


@dataclass(frozen=True, slots=True)
class Request:
    """What a text asks for."""

    terms: tuple[Term, ...]
    filters: Mapping[Facet, frozenset[str]]
    is_cut: bool
    """The text is longer than what is looked at."""


def read_request(text: str) -> Request:
    """Return what a text asks for: words, ``"phrases"``, ``-without``, ``kind:models``."""
    terms: list[Term] = []
    filters: dict[Facet, frozenset[str]] = {}
    for piece in _PIECE.finditer(normalise(text[:MOST_CHARACTERS])):
        value = piece["phrase"] if piece["phrase"] is not None else piece["word"]
        facet = _FACETS.get(piece["facet"] or "")
        if facet and value and not piece["no"]:
            filters[facet] = filters.get(facet, frozenset()) | {value}
            continue
        whole = value if piece["facet"] is None else f"{piece['facet']} {value}"
        if words := tuple(split_words(whole)[:MOST_WORDS_OF_A_PHRASE]):
            is_exact = piece["phrase"] is not None
            terms.append(Term(words, is_exact=is_exact, is_excluded=bool(piece["no"])))
    is_cut = len(text) > MOST_CHARACTERS or len(terms) > MOST_TERMS
    return Request(tuple(terms[:MOST_TERMS]), filters, is_cut)


def split_for_typos(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return the terms with the words of joined ones by themselves, as typos are looked for."""
    split: list[Term] = []
    for term in terms:
        if term.is_exact or term.is_excluded:
            split.append(term)
        else:
            split += [Term((word,)) for word in term.words]
    return tuple(split)


def suggest(terms: tuple[Term, ...], known: list[str]) -> tuple[str, ...]:
    """Return the words of the terms with the nearest known ones in place; at most one text."""
    words = [word for term in terms if not term.is_excluded for word in term.words]
    better = [(difflib.get_close_matches(word, known, 1) or [word])[0] for word in words]
    return (" ".join(better),) if better != words else ()
