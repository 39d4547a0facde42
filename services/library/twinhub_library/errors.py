"""What can be wrong with what somebody asks of the library; the text is for people."""

from __future__ import annotations

from twinhub_kit.files.errors import FileError

LibraryError = FileError
"""Base of all errors of the library: those of its files are its own."""


class OtherVolumeError(LibraryError):
    """Two places that nothing is renamed between: it is copied instead."""

    code = "other-volume"
    status = 409


class TooMuchError(LibraryError):
    """More than the library takes or gives in one go."""

    code = "too-much"
    status = 413


class BadArchiveError(LibraryError):
    """An archive that is not unpacked: broken, or with entries that lead elsewhere."""

    code = "bad-archive"
    status = 422


class BadRequestError(LibraryError):
    """A request that does not say what it must."""

    code = "bad-request"
    status = 400
