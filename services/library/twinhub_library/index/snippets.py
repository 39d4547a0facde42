"""Pieces of text around what was found; plain text and places in it, never markup."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from twinhub_library.index.base import (
    FEWEST_LETTERS_OF_A_START,
    FEWEST_LETTERS_WITH_A_TYPO,
    Snippet,
    Term,
)
from twinhub_library.index.words import are_near, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_CHARACTERS = 240
_BEFORE = 60
_LOOKED_AT_FOR_TYPOS = 8_000
_WORD = re.compile(r"[^\W_]+")
_NOTHING = re.compile(r"(?!)")


class Snippets:
    """Makes the snippets of one search."""

    def __init__(self, terms: Sequence[Term], *, with_typos: bool = False) -> None:
        """Look for the words of terms, ``with_typos`` for those that are near to them too."""
        words = [word for term in terms if not term.is_excluded for word in term.words]
        self._words, self._with_typos = words, with_typos
        self._starts, self._ends = _halves_of(words)
        self._seen: set[str] = set()
        self._near: set[str] = set()
        self._whole = _any_of(map(_from_its_start, words), before=r"(?<![^\W_])")

    @functools.cached_property
    def _inside(self) -> re.Pattern[str]:
        longer = [word for word in self._words if len(word) >= FEWEST_LETTERS_WITH_A_TYPO]
        return _any_of(map(re.escape, longer), before=r"[^\W_]*", after=r"[^\W_]*")

    def make(self, texts: Sequence[str]) -> Snippet:
        """Return a piece of the first of the normalised texts that has one of the words.

        If none has, the piece is the start of the first that is not empty.
        """
        for text in texts:
            place = self._find(text)
            if place is not None:
                return self._cut(text, place)
        return self._cut(next((text for text in texts if text), ""), 0)

    def _find(self, text: str) -> int | None:
        if not self._words or not text:
            return None
        if self._with_typos:
            places = self._near_places(fold(text[:_LOOKED_AT_FOR_TYPOS]))
            return next((start for start, _ in places), None)
        folded = fold(text)
        is_inside = False
        for word in self._words:
            at = folded.find(word)
            is_inside |= at >= 0
            while at > 0 and folded[at - 1].isalnum():
                at = folded.find(word, at + 1)
            if at >= 0:
                return at
        found = self._inside.search(folded) if is_inside else None  # the second part of HeatedTank
        return found.start() if found else None

    def _cut(self, text: str, place: int) -> Snippet:
        start = max(0, place - _BEFORE)
        if start and (space := text.find(" ", start, place)) >= 0:
            start = space + 1
        piece = " ".join(text[start : start + MOST_CHARACTERS * 2].split())
        if len(piece) > MOST_CHARACTERS:
            end = piece.rfind(" ", MOST_CHARACTERS // 2, MOST_CHARACTERS)
            piece = piece[: end if end > 0 else MOST_CHARACTERS]
        folded = fold(piece)
        if self._with_typos:
            return Snippet(piece, tuple(self._near_places(folded)))
        ranges = [found.span() for found in self._whole.finditer(folded)]
        if not ranges and any(word in folded for word in self._words):
            ranges = [found.span() for found in self._inside.finditer(folded)]
        return Snippet(piece, tuple(ranges))

    def _near_places(self, folded: str) -> Iterable[tuple[int, int]]:
        words = set(_WORD.findall(folded))
        fresh = words - self._seen  # texts share most of their words
        self._seen |= fresh
        starts, ends = self._starts, self._ends
        self._near |= {
            found
            for found in fresh
            if (found.startswith(starts) or found.endswith(ends)) and self._is_near(found)
        }
        if self._near.isdisjoint(words):
            return ()
        return (run.span() for run in _WORD.finditer(folded) if run[0] in self._near)

    def _is_near(self, found: str) -> bool:
        return any(
            found == word
            or (
                abs(len(found) - len(word)) <= 1
                and len(word) >= FEWEST_LETTERS_WITH_A_TYPO
                and are_near(found, word)
            )
            for word in self._words
        )


def _halves_of(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a word near to one of these begins or ends with: a typo spares one half."""
    shorter = [word for word in words if len(word) < FEWEST_LETTERS_WITH_A_TYPO]
    longer = [(word, (len(word) - 1) // 2) for word in words if word not in shorter]
    starts = (word[:half] for word, half in longer)
    return (*shorter, *starts), tuple(word[-half:] for word, half in longer)


def _from_its_start(word: str) -> str:
    rest = r"[^\W_]*" if len(word) >= FEWEST_LETTERS_OF_A_START else r"(?![^\W_])"
    return re.escape(word) + rest


def _any_of(patterns: Iterator[str], *, before: str, after: str = "") -> re.Pattern[str]:
    found = "|".join(patterns)
    return re.compile(f"{before}(?:{found}){after}") if found else _NOTHING
