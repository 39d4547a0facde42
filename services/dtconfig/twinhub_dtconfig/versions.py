"""Versions of common assets, and pins that choose among them; semantic versioning 2.0.0.

A pin is one of ``1`` (the newest 1.x), ``1.2`` (the newest 1.2.x), ``1.2.0`` (that one), ``^1.2``
(up to the next incompatible one), ``~1.2`` (up to the next minor one), a range ``>=1.2,<2``, or the
digest of a content ``sha256:<64 hexadecimal digits>``. Pre-releases fit only a pin that names a
pre-release of the same three numbers, so nobody gets one unasked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import total_ordering
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_IDENTIFIER = "(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_NUMBER = "(0|[1-9][0-9]{0,8})"
_FULL = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+([0-9A-Za-z.-]+))?"
)
_PARTIAL = re.compile(rf"{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?")
_TERM = re.compile(r"(\^|~|>=|<=|>|<|==|=|)\s*(\S+)")
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_LONGEST = 200
_FORMS = "write 1, 1.2, 1.2.0, ^1.2, ~1.2, a range such as >=1.2,<2, or sha256:<64 hex digits>"


class BadVersionError(ValueError):
    """Text that is no version or no pin; holds what is wrong and the remedy."""

    def __init__(self, what: str, remedy: str = _FORMS) -> None:
        """Hold what is wrong and what to do."""
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One semantic version; those that differ in build metadata alone are equal."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: tuple[str, ...] = ()
    build: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that three numbers and what may follow them stand for.

        Raises:
            BadVersionError: the text is no semantic version.
        """
        found = _FULL.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None:
            raise BadVersionError(f"{text[:40]!r} is no version", "write three numbers: 1.2.0")
        major, minor, patch = (int(number) for number in found.group(1, 2, 3))
        pre = tuple(found[4].split(".")) if found[4] else ()
        return cls(major, minor, patch, pre, found[5] or "")

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The three numbers, without what marks a pre-release."""
        return self.major, self.minor, self.patch

    @property
    def release(self) -> Version:
        """The version without what marks a pre-release or a build."""
        return Version(*self.numbers)

    @property
    def precedence(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        """What versions are compared by: a pre-release comes before its release."""
        pre = tuple((not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in self.pre)
        return self.numbers, not self.pre, pre

    def __eq__(self, other: object) -> bool:
        """Tell whether neither comes before the other."""
        return isinstance(other, Version) and self.precedence == other.precedence

    def __lt__(self, other: Version) -> bool:
        """Tell whether this one comes before the other."""
        return self.precedence < other.precedence

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self.precedence)

    def __str__(self) -> str:
        """Return the version as it is written."""
        pre, build = ".".join(self.pre), self.build
        numbers = f"{self.major}.{self.minor}.{self.patch}"
        return numbers + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")


_FIRST = Version(0)


@dataclass(frozen=True, slots=True)
class VersionPin:
    """Which versions are good enough; equal pins are written alike.

    ``digest`` is set for a pin on a content (``sha256:…``), which no version number fits.
    """

    text: str
    digest: str | None = field(default=None, compare=False)
    _lowest: Version = field(default=_FIRST, compare=False, repr=False)
    _below: Version | None = field(default=None, compare=False, repr=False)
    _exact: Version | None = field(default=None, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> VersionPin:
        """Return the pin that text stands for.

        Raises:
            BadVersionError: the text is no pin, or no version could ever fit it.
        """
        if len(text) > _LONGEST:
            raise BadVersionError(f"a version has {len(text)} characters")
        if text.startswith("sha256:"):
            if not _DIGEST.fullmatch(text):
                raise BadVersionError(
                    "a digest is 64 hexadecimal digits",
                    "write what `sha256sum` prints, after 'sha256:'",
                )
            return cls(text, digest=text)
        if _FULL.fullmatch(text):
            return cls(text, _exact=Version.parse(text))
        return cls._range(text)

    @classmethod
    def _range(cls, text: str) -> VersionPin:
        lowest, below = _FIRST, None
        for term in text.split(","):
            start, end = _bounds(term.strip())
            lowest = max(lowest, start)
            below = end if below is None or (end is not None and end < below) else below
        if below is not None and lowest >= below:
            raise BadVersionError(f"no version fits {text!r}", "widen the range")
        return cls(text, _lowest=lowest, _below=below)

    def matches(self, version: Version | str) -> bool:
        """Tell whether a version is good enough; text that is no version never is."""
        if isinstance(version, str):
            if not _FULL.fullmatch(version):
                return False
            version = Version.parse(version)
        if self.digest is not None:
            return False
        if self._exact is not None:
            return version == self._exact
        if version.pre and not self._asks_for_pre(version):
            return False
        return version >= self._lowest and (self._below is None or version < self._below)

    def _asks_for_pre(self, version: Version) -> bool:
        named = (bound for bound in (self._lowest, self._below) if bound is not None and bound.pre)
        return any(bound.numbers == version.numbers for bound in named)

    def pick(self, versions: Iterable[str]) -> str | None:
        """Return the newest version that fits, or None."""
        fitting = [Version.parse(version) for version in versions if self.matches(version)]
        return str(max(fitting)) if fitting else None

    def __str__(self) -> str:
        """Return the pin as it was written."""
        return self.text


def newest(versions: Iterable[str]) -> str | None:
    """Return the newest release, or the newest pre-release if there is no release, or None."""
    known = [Version.parse(version) for version in versions if _FULL.fullmatch(version)]
    return str(max(known, key=lambda version: (not version.pre, version))) if known else None


def _bounds(term: str) -> tuple[Version, Version | None]:
    """Return the first version that fits one term of a range, and the first that is too new."""
    found = _TERM.fullmatch(term)
    if found is None:
        raise BadVersionError(f"{term[:40]!r} is no version")
    operator, text = found.group(1, 2)
    first, count = _first_of(text)
    after = _after(first, count - 1)
    match operator:
        case "^":
            telling = next(
                (i for i, number in enumerate(first.numbers[:count]) if number), count - 1
            )
            return first, _after(first.release, telling)
        case "~":
            return first, _after(first.release, min(1, count - 1))
        case ">=":
            return first, None
        case ">":
            return after, None
        case "<" | "<=":
            return _FIRST, first if operator == "<" else after
        case _:
            return first, after


def _after(version: Version, kept: int) -> Version:
    """Return what comes next when the number at the given place, and what follows, may grow."""
    if version.pre:
        return Version(*version.numbers, (*version.pre, "0"))
    major, minor, patch = version.numbers
    match kept:
        case 0:
            return Version(major + 1)
        case 1:
            return Version(major, minor + 1)
        case _:
            return Version(major, minor, patch + 1)


_WHOLE = 3


def _first_of(text: str) -> tuple[Version, int]:
    """Return the first version that begins with the given numbers, and how many were given."""
    if _FULL.fullmatch(text):
        return Version.parse(text), _WHOLE
    found = _PARTIAL.fullmatch(text)
    if found is None:
        if text[:1] in {"v", "V"} and _PARTIAL.match(text[1:]):
            raise BadVersionError(f"{text[:40]!r} is no version", f"leave out the {text[0]!r}")
        raise BadVersionError(f"{text[:40]!r} is no version")
    major, minor, patch = (int(number or 0) for number in found.groups())
    return Version(major, minor, patch), sum(number is not None for number in found.groups())
