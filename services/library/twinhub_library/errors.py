"""What can be wrong with what somebody asks of the library; the text is for people."""

from __future__ import annotations

from twinhub_kit.errors import ServiceError


class LibraryError(ServiceError):
    """Base of all errors of the library; the text says what is wrong and what to do."""

    code = "library-error"
    status = 500


class BadPathError(LibraryError):
    """A path that no file of the library can have."""

    code = "bad-path"
    status = 400


class NotThereError(LibraryError):
    """Nothing is there, or nothing that the caller may know of."""

    code = "not-found"
    status = 404


class RefusedFileError(LibraryError):
    """Something is there that the library does not open: a device, a pipe, a way out."""

    code = "refused-file"
    status = 409


class ExistsError(LibraryError):
    """Something else is there already."""

    code = "exists"
    status = 409


class ChangedError(LibraryError):
    """It is not what the caller has seen any more."""

    code = "changed"
    status = 412


class FullError(LibraryError):
    """There is no room, by the quota or by the disk."""

    code = "full"
    status = 507


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
