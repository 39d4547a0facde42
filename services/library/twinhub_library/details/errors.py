"""Why a part of an asset cannot be shown."""

from __future__ import annotations

from twinhub_library.errors import LibraryError


class UnreadablePartError(LibraryError):
    """A file that is there and is not what it is taken for, or too large to be shown."""

    code = "unreadable"
    status = 422
