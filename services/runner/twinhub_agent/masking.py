"""Keeping secrets out of a log: their values, and the usual ways to write them, become ``***``.

What comes out of a process comes in pieces. So as much of the end of a piece is held back as may be
the beginning of a secret, at most the longest one's length.
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = b"***"
_LEAST = 4
"""Bytes of what is looked for: anything shorter is everywhere."""
_TELLING = 8
"""Bytes of a beginning that is seldom anywhere else."""
_LEAST_LINE = 8
"""The same of one line of a value that has several."""


class Hidden:
    """All that is not to be seen in a log."""

    def __init__(self, values: Iterable[str]) -> None:
        """Hide values, and each of them in base64, percent-encoded, hexadecimal and in JSON."""
        forms = {form for value in values for form in _forms(value) if len(form) >= _LEAST}
        self._words = sorted(forms, key=lambda word: (-len(word), word))
        self._longest = max(map(len, self._words), default=0)
        self._pattern = re.compile(_pattern_of(self._words) if self._words else rb"(?!)")

    def new_masker(self) -> Masker:
        """Return what masks one stream."""
        return Masker(self)

    def split(self, text: bytes) -> tuple[bytes, bytes]:
        """Return the masked beginning of a text, and its end that may go on to be a secret."""
        parts: list[bytes] = []
        at = 0
        hold = self._open_from(text, 0)
        while True:
            match = self._pattern.search(text, at)
            if match is None or match.start() >= hold:
                return b"".join((*parts, text[at:hold])), text[hold:]
            parts += [text[at : match.start()], MASK]
            at = match.end()
            if at > hold:
                hold = self._open_from(text, at)

    def mask(self, text: bytes) -> bytes:
        """Return a text after which nothing comes, masked."""
        return self._pattern.sub(MASK, text)

    def _open_from(self, text: bytes, start: int) -> int:
        """Return from where on a text may be the beginning of a longer word; else its length."""
        first = max(start, len(text) - self._longest + 1)
        return min((self._open_in(text, first, word) for word in self._words), default=len(text))

    @staticmethod
    def _open_in(text: bytes, first: int, word: bytes) -> int:
        at = max(first, len(text) - len(word) + 1)
        while (at := text.find(word[:_TELLING], at)) >= 0:
            if word.startswith(text[at:]):
                return at
            at += 1
        last = range(max(first, len(text) - _TELLING + 1), len(text))
        return next((one for one in last if word.startswith(text[one:])), len(text))


class Masker:
    """Masks one stream, piece by piece."""

    def __init__(self, hidden: Hidden) -> None:
        """Hide what is hidden."""
        self._hidden = hidden
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece; return what may be seen by now."""
        seen, self._held = self._hidden.split(self._held + chunk)
        return seen

    def end(self) -> bytes:
        """Return what was held back: nothing comes any more."""
        rest, self._held = self._hidden.mask(self._held), b""
        return rest


def _pattern_of(words: list[bytes]) -> bytes:
    """Return a pattern for words, the longest first, that tries few of them at each place."""
    if len(words) == 1:
        return re.escape(words[0])
    first, last = min(words), max(words)
    differ = (at for at, (one, other) in enumerate(zip(first, last)) if one != other)
    start = first[: next(differ, len(first))]
    rests: dict[bytes, list[bytes]] = {}
    for word in words:
        rest = word[len(start) :]
        rests.setdefault(rest[:1], []).append(rest)
    is_word = rests.pop(b"", None) is not None
    branches = b"|".join(map(_pattern_of, rests.values()))
    return re.escape(start) + b"(?:" + branches + b")" + (b"?" if is_word else b"")


def _forms(value: str) -> Iterator[bytes]:
    raw = value.encode("utf-8", "surrogateescape")
    yield raw
    yield json.dumps(value)[1:-1].encode()
    yield json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for text in {quote(raw, safe=""), quote(raw), quote_plus(raw)}:
        yield text.encode()
        yield re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), text).encode()
    yield from _in_base64(raw)
    lines = raw.splitlines()
    if len(lines) > 1:
        yield b"\r\n".join(lines)
        yield from (line.strip() for line in lines if len(line.strip()) >= _LEAST_LINE)


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Yield the digits that stand for a value within a longer text, wherever in it it is."""
    for before in range(3):
        first = -(-before * 8 // 6)
        end = (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + raw)[first:end]
