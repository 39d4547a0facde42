"""What its publisher has said of a version, as lists, details and hits tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from twinhub_dtconfig.layout import split_version

from twinhub_library.areas import COMMON
from twinhub_library.rest.needs import sees
from twinhub_library.withdrawn import find_withdrawn, kind_of_folder

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.assets import Asset
    from twinhub_library.library import Library


class SaidFields(TypedDict):
    """What a wire model of an asset has about it."""

    is_deprecated: bool
    deprecated_why: str
    successor: str
    is_withdrawn: bool
    withdrawn_why: str


def said_of(
    library: Library, area: str, *, kind: str, name: str, version: str | None
) -> SaidFields:
    """Return what has been said of the version of an asset; ``area`` is the path of its area."""
    versions = library.publishing.publisher.versions
    is_published = area == COMMON and bool(version)
    found = versions.find_deprecation(kind, name, version or "") if is_published else None
    why = versions.find_withdrawal(kind, name, version or "") if is_published else None
    return {
        "is_deprecated": found is not None,
        "deprecated_why": found.why if found else "",
        "successor": found.successor if found else "",
        "is_withdrawn": why is not None,
        "withdrawn_why": why or "",
    }


def find_kept(library: Library, caller: Caller, path: RelativePath) -> Asset | None:
    """Return the withdrawn version that a path names, for those who use or own it; else None."""
    kind = kind_of_folder(path.parent) if path.names else None
    name, version = split_version(path.name) if kind else ("", None)
    if kind is None or version is None:
        return None
    rows = library.publishing.publisher.versions.list_of(kind, name)
    row = next((one for one in rows if one.version == version and one.is_withdrawn), None)
    if row is None or not sees(library, caller, row):
        return None
    return find_withdrawn(library.tree, kind, name, version)
