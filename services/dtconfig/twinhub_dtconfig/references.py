"""References to assets: ``[common/|teams/<group>/]<kind>/<name>[/<path in it>][@<version>]``."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.versions import BadVersionError, VersionPin


class Area(StrEnum):
    """A part of the library: one user's own, a group's, everybody's."""

    PRIVATE = "private"
    TEAM = "team"
    COMMON = "common"


class AssetKind(StrEnum):
    """A kind of asset, by the name of its folder."""

    DATA = "data"
    MODELS = "models"
    FUNCTIONS = "functions"
    TOOLS = "tools"
    DIGITAL_TWINS = "digital_twins"


class BadReferenceError(ValueError):
    """Text that refers to no asset; holds what is wrong, the remedy and the nearest known word."""

    def __init__(self, what: str, remedy: str = "", nearest: str | None = None) -> None:
        """Hold what is wrong, what to do, and the word that was probably meant."""
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class Reference:
    """One asset, or one file in it, and which of its versions are good enough.

    ``group`` is set for a team's asset alone; ``path`` leads from a folder asset to what is in it
    and is empty for the asset itself; without a ``version`` the newest one is meant.
    """

    area: Area
    group: str | None
    kind: AssetKind
    name: str
    path: str = ""
    version: VersionPin | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Return the reference that text stands for.

        Raises:
            BadReferenceError: the text leads out of the library, or does not have the form above.
        """
        _check_text(text)
        place, at, pin = text.rpartition("@") if "@" in text else (text, "", "")
        _check_pin_is_last(place, pin)
        segments = place.split("/")
        _check_segments(text, segments)
        area, group, rest = _area(segments)
        kind = _kind(rest[0])
        if len(rest) == 1:
            raise BadReferenceError(f"{text!r} names no asset", f"write '{text}/<name>'")
        if rest[1].startswith("."):
            raise BadReferenceError(f"{rest[1]!r} is no asset: names do not begin with '.'")
        version = _version(pin, area) if at else None
        return cls(area, group, kind, rest[1], "/".join(rest[2:]), version)

    @property
    def folder(self) -> str:
        """Where the asset is: ``models``, ``common/models`` or ``teams/<group>/models``."""
        match self.area:
            case Area.COMMON:
                return f"common/{self.kind}"
            case Area.TEAM:
                return f"teams/{self.group}/{self.kind}"
            case Area.PRIVATE:
                return str(self.kind)

    @property
    def asset(self) -> str:
        """The asset itself: the reference without a path in it and without a version."""
        return f"{self.folder}/{self.name}"

    def __str__(self) -> str:
        """Return the reference as it is written."""
        path = f"/{self.path}" if self.path else ""
        version = f"@{self.version}" if self.version else ""
        return f"{self.asset}{path}{version}"


_LONGEST = 1024
_LONGEST_NAME = 255  # bytes, as file systems count
_FORM = "write '<kind>/<name>', 'common/<kind>/<name>' or 'teams/<group>/<kind>/<name>'"
_KINDS = "the kinds are data, models, functions, tools and digital_twins"
_FIRST_WORDS = (*map(str, AssetKind), "common", "teams")
_OTHER_WORDS = {"twin": "digital_twins", "twins": "digital_twins", "dt": "digital_twins",
                "dts": "digital_twins", "fmu": "models", "fmus": "models"}  # fmt: skip


def _check_text(text: str) -> None:
    if not text.strip():
        raise BadReferenceError("the reference is empty", _FORM)
    if len(text) > _LONGEST:
        what = f"the reference has {len(text):,} characters"
        raise BadReferenceError(what, f"at most {_LONGEST:,} are allowed")
    odd = next((c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}), None)
    if odd is not None:
        what = f"the reference holds the invisible character U+{ord(odd):04X}"
        raise BadReferenceError(what, "remove it")
    if text != text.strip():
        raise BadReferenceError(f"{text!r} has spaces around it", "remove them", text.strip())
    if "\\" in text:
        what = f"{text!r} holds a backslash"
        raise BadReferenceError(what, "separate folders with '/'", text.replace("\\", "/"))
    if "://" in text:
        what = f"{text!r} is an address, not an asset"
        raise BadReferenceError(what, "give it as `url:` with its sha256")
    if text.startswith(("/", "~")):
        nearest = text.removeprefix("/workspace/") if text.startswith("/workspace/") else None
        raise BadReferenceError(f"{text!r} is a path of one machine", _FORM, nearest)


def _check_pin_is_last(place: str, pin: str) -> None:
    """Refuse ``common/models/tank@1.2/tank.fmu``, which leads to a folder but reads like a pin."""
    if "/" in pin:
        version, _, path = pin.partition("/")
        what = f"the version {version!r} stands before the path {path!r}"
        raise BadReferenceError(what, "write the version at the end", f"{place}/{path}@{version}")


def _check_segments(text: str, segments: list[str]) -> None:
    if ".." in segments:
        remedy = "name the asset from its kind on, without '..'"
        raise BadReferenceError(f"{text!r} leads out of its folder", remedy)
    if segments[0] == ".":
        raise BadReferenceError(f"{text!r} begins with '.'", _FORM, "/".join(segments[1:]))
    if "" in segments or "." in segments:
        kept = "/".join(part for part in segments if part not in {"", "."})
        raise BadReferenceError(f"{text!r} has an empty part", "remove the '/' too many", kept)
    for segment in segments:
        if len(segment.encode()) > _LONGEST_NAME:
            what = f"the name {segment[:20]!r}… has {len(segment.encode())} bytes"
            raise BadReferenceError(what, f"at most {_LONGEST_NAME} are allowed")
        if segment != segment.strip():
            raise BadReferenceError(f"the name {segment!r} has spaces around it", "remove them")


def _area(segments: list[str]) -> tuple[Area, str | None, list[str]]:
    """Return the area, the group of a team's asset, and what follows, which is never empty."""
    match segments:
        case ["common", *rest] if rest:
            return Area.COMMON, None, rest
        case ["teams", group, *rest] if rest:
            return Area.TEAM, group, rest
        case ["common" | "teams", *_]:
            raise BadReferenceError(f"{'/'.join(segments)!r} names no asset", _FORM)
        case ["private", *rest] if rest:
            remedy = "leave out 'private/': assets of your own begin with their kind"
            raise BadReferenceError("there is no area 'private'", remedy, "/".join(rest))
        case _:
            return Area.PRIVATE, None, segments


def _kind(word: str) -> AssetKind:
    if word in tuple(AssetKind):
        return AssetKind(word)
    nearest = _OTHER_WORDS.get(word.casefold()) or nearest_key(
        word, [*AssetKind, "common", "teams"]
    )
    raise BadReferenceError(f"{word!r} is no kind of asset", _KINDS, nearest)


def _version(pin: str, area: Area) -> VersionPin:
    try:
        version = VersionPin.parse(pin)
    except BadVersionError as error:
        raise BadReferenceError(error.what, error.remedy) from error
    if area is not Area.COMMON and version.digest is None:
        remedy = f"remove '@{pin}', or use the asset from 'common/'"
        raise BadReferenceError("only common assets have versions", remedy)
    return version
