"""Deprecated versions, as lists, details and hits tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from twinhub_library.areas import COMMON

if TYPE_CHECKING:
    from twinhub_library.library import Library


class DeprecationFields(TypedDict):
    """What a wire model of an asset has about it."""

    is_deprecated: bool
    deprecated_why: str
    successor: str


def deprecation_of(
    library: Library, area: str, *, kind: str, name: str, version: str | None
) -> DeprecationFields:
    """Return what has been said of the version of an asset; ``area`` is the path of its area."""
    versions = library.publishing.publisher.versions
    found = versions.find_deprecation(kind, name, version) if area == COMMON and version else None
    return {
        "is_deprecated": found is not None,
        "deprecated_why": found.why if found else "",
        "successor": found.successor if found else "",
    }
