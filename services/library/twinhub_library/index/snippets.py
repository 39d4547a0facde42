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
_SPACE = re.compile(r"\s+")


def make_snippet(
    texts: Sequence[str], terms: Sequence[Term], *, with_typos: bool = False
) -> Snippet:
    """Return a piece of the first of the normalised texts that has one of the words.

    If none has, the piece is the start of the first that is not empty.
    """
    words = [word for term in terms if not term.is_excluded for word in term.words]
    for text in texts:
        place = _find(text, words, with_typos=with_typos)
        if place is not None:
            return _cut(text, place, words, with_typos=with_typos)
    return _cut(next((text for text in texts if text), ""), 0, [], with_typos=False)


def _find(text: str, words: Sequence[str], *, with_typos: bool) -> int | None:
    if with_typos:
        places = _near_places(text[:_LOOKED_AT_FOR_TYPOS], words)
        return next((start for start, _ in places), None)
    folded = fold(text)
    for word in words:
        at = _find_start(folded, word)
        if at >= 0:
            return at
    inside = (folded.find(word) for word in words if len(word) >= FEWEST_LETTERS_WITH_A_TYPO)
    return next((at for at in inside if at >= 0), None)  # the second part of HeatedTank


def _find_start(folded: str, word: str) -> int:
    """Return where a word begins that begins so; -1 if none does."""
    at = folded.find(word)
    while at > 0 and folded[at - 1].isalnum():
        at = folded.find(word, at + 1)
    return at


def _cut(text: str, place: int, words: Sequence[str], *, with_typos: bool) -> Snippet:
    start = max(0, place - _BEFORE)
    if start and (space := text.find(" ", start, place)) >= 0:
        start = space + 1
    piece = _SPACE.sub(" ", text[start : start + MOST_CHARACTERS * 2]).strip()
    if len(piece) > MOST_CHARACTERS:
        end = piece.rfind(" ", MOST_CHARACTERS // 2, MOST_CHARACTERS)
        piece = piece[: end if end > 0 else MOST_CHARACTERS]
    places = _near_places(piece, words) if with_typos else _places(piece, words)
    return Snippet(piece, tuple(places) or tuple(_inner_places(piece, words)))


def _places(piece: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    folded = fold(piece)
    for run in _WORD.finditer(folded):
        for word in words:
            is_start = len(word) >= FEWEST_LETTERS_OF_A_START and run[0].startswith(word)
            if is_start or run[0] == word:
                yield run.start(), run.end()
                break


def _near_places(piece: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for run in _WORD.finditer(fold(piece)):
        for word in words:
            if run[0] == word or (
                len(word) >= FEWEST_LETTERS_WITH_A_TYPO and are_near(run[0], word)
            ):
                yield run.start(), run.end()
                break


def _inner_places(piece: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for run in _WORD.finditer(fold(piece)):
        if any(len(word) >= FEWEST_LETTERS_WITH_A_TYPO and word in run[0] for word in words):
            yield run.start(), run.end()
