"""What a version may be, and which name an asset may have."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from twinhub_dtconfig.layout import is_asset_name, split_version
from twinhub_dtconfig.references import BadReferenceError, Reference
from twinhub_dtconfig.versions import BadVersionError, Version

from twinhub_library.publishing.errors import NotPublishableError, VersionTakenError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_library.assets import Asset

_LONGEST_NAME = 200
"""Bytes of a name, so that ``name@version`` is one too."""

_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE"})
"""Scripts with letters that look like those of one another (UTS #39, whole-script confusables)."""


def check_name(asset: Asset) -> None:
    """Refuse an asset that could not be referred to.

    Raises:
        NotPublishableError: its name is too long, or no reference can have it.
    """
    name = asset.name
    try:
        reference = Reference.parse(f"common/{asset.kind}/{name}")
    except BadReferenceError as error:
        raise NotPublishableError(f"{name} cannot be published: {error}.") from error
    if reference.version is not None or split_version(name)[1] or "@" in name:
        raise NotPublishableError(f"{name} cannot be published: rename it without '@'.")
    if len(name.encode()) > _LONGEST_NAME or not is_asset_name(name):
        raise NotPublishableError(
            f"{name[:60]} cannot be published under that name: rename it, with at most "
            f"{_LONGEST_NAME} bytes."
        )
    if unicodedata.normalize("NFKC", name) != name or len(_scripts(name) & _ALIKE) > 1:
        raise NotPublishableError(
            f"{name} cannot be published: some of its letters look like others. Write it in the "
            "letters of one script."
        )


def _scripts(name: str) -> set[str]:
    return {unicodedata.name(one, "").partition(" ")[0] for one in name if one.isalpha()}


def choose_version(asked: str, written: str, file: str) -> str:
    """Return the version to publish: the asked one, or the one that the asset says it has.

    Raises:
        NotPublishableError: there is none, both differ, or it is no version.
    """
    if asked and written and asked != written:
        raise NotPublishableError(
            f"{file} says version {written}, and {asked} was asked for: change one of them."
        )
    text = asked or written
    if not text:
        raise NotPublishableError(
            "It has no version: ask for one, as by `--version 1.0.0`, or write it into its "
            "asset.yaml: `version: 1.0.0`."
        )
    try:
        version = Version.parse(text)
    except BadVersionError as error:
        raise NotPublishableError(f"{error}.") from error
    if version.build:
        raise NotPublishableError(f"{text} names a build: publish {version.release} instead.")
    return str(version)


def check_version(text: str, taken: Iterable[str]) -> None:
    """Refuse a version that is not the newest of its line.

    Of the versions 1.2.x the next one is higher; 1.3.0 is a new line, and higher than all 1.x; a
    new first number is free. So 1.2.4 may follow 2.0.0, and 1.1.0 never follows 1.2.0.

    Raises:
        VersionTakenError: it was published before, or is lower than it has to be.
    """
    version = Version.parse(text)
    known = [Version.parse(one) for one in taken]
    same_major = [one for one in known if one.major == version.major]
    same_line = [one for one in same_major if one.minor == version.minor]
    highest = max(same_line or same_major, default=None)
    if version in known:
        raise VersionTakenError(f"{text} was published before: {_next(known)} is free.")
    if highest is not None and version < highest:
        raise VersionTakenError(
            f"{text} is lower than {highest}, which was published before: {_next(known)} is free."
        )


def _next(known: Iterable[Version]) -> str:
    highest = max(known)
    return str(Version(highest.major, highest.minor, highest.patch + (not highest.pre)))
