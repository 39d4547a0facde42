"""Pieces of text around what was found; plain text and places in it, never markup."""

from __future__ import annotations

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
    from collections.abc import Iterator, Sequence

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
        longer = [word for word in words if len(word) >= FEWEST_LETTERS_WITH_A_TYPO]
        self._whole = _any_of(map(_from_its_start, words), before=r"(?<![^\W_])")
        self._inside = _any_of(map(re.escape, longer), before=r"[^\W_]*", after=r"[^\W_]*")

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
        for word in self._words:
            at = folded.find(word)
            while at > 0 and folded[at - 1].isalnum():
                at = folded.find(word, at + 1)
            if at >= 0:
                return at
        found = self._inside.search(folded)  # the second part of HeatedTank
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
        return Snippet(
            piece, tuple(ranges or (one.span() for one in self._inside.finditer(folded)))
        )

    def _near_places(self, folded: str) -> Iterator[tuple[int, int]]:
        for run in _WORD.finditer(folded):
            found = run[0]
            for word in self._words:
                if found == word or (
                    abs(len(found) - len(word)) <= 1
                    and len(word) >= FEWEST_LETTERS_WITH_A_TYPO
                    and are_near(found, word)
                ):
                    yield run.span()
                    break


def _from_its_start(word: str) -> str:
    rest = r"[^\W_]*" if len(word) >= FEWEST_LETTERS_OF_A_START else r"(?![^\W_])"
    return re.escape(word) + rest


def _any_of(patterns: Iterator[str], *, before: str, after: str = "") -> re.Pattern[str]:
    found = "|".join(patterns)
    return re.compile(f"{before}(?:{found}){after}") if found else _NOTHING
