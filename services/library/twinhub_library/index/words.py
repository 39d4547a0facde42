"""Words of a text as the index knows them: small letters, without accents, parts by themselves."""

from __future__ import annotations

import re
import unicodedata

MOST_LETTERS = 64
"""Longer runs of letters are digests and encoded data, nothing that people look for."""

_RUN = re.compile(r"[^\W_]+")
_INNER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONG = re.compile(rf"[^\W_]{{{MOST_LETTERS + 1}}}")
_WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff]|[^\u3040-\u30ff\u3400-\u9fff]+")


class _Folding(dict[int, int]):
    """One character for each: the base letter, small; so that places in a text stay the same."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        base = unicodedata.normalize("NFKD", character)
        base = "".join(one for one in base if not unicodedata.combining(one)).lower()
        self[code] = ord(base) if len(base) == 1 else code
        return self[code]


_FOLDING = _Folding()


def normalise(text: str) -> str:
    """Return a text in which a letter and its accent are one character, without lone surrogates."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())


def fold(text: str) -> str:
    """Return a normalised text in small letters without accents, of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def split_words(text: str) -> list[str]:
    """Return the words of a text in order; ``HeatedTank`` is two, a sign of Chinese is one."""
    words: list[str] = []
    for run in _RUN.findall(normalise(text)):
        words += _split_run(run)
    return words


def index_words(text: str) -> str:
    """Return the words of a text with a space between them, then those that were made of parts."""
    if text.isascii() and not _INNER.search(text) and not _LONG.search(text):
        return " ".join(_RUN.findall(text.lower()))  # the same, an order of magnitude faster
    words: list[str] = []
    whole: list[str] = []
    for run in _RUN.findall(normalise(text)):
        parts = _split_run(run)
        words += parts
        if len(parts) > 1 and len(run) <= MOST_LETTERS and run.isascii():
            whole.append(fold(run))
    return " ".join((*words, *whole))


def _split_run(run: str) -> list[str]:
    if len(run) > MOST_LETTERS:
        return []
    if not run.isascii():
        parts = [one for part in _INNER.split(run) for one in _WITHOUT_SPACES.findall(part)]
    elif run.islower() or run.isupper():
        return [run.lower()]
    else:
        parts = _INNER.split(run)
    return [fold(part) for part in parts]


def are_near(one: str, other: str) -> bool:
    """Return whether a letter more, less, another, or two exchanged make one word the other."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    at = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    rest, other_rest = one[at:], other[at:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[1::-1] == other_rest[:2] and rest[2:] == other_rest[2:])
    )
