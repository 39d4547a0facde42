"""What can be wrong with a file that somebody names; the text is for people."""

from __future__ import annotations

from twinhub_kit.errors import ServiceError


class FileError(ServiceError):
    """Base of all errors of files; the text says what is wrong and what to do."""

    code = "file-error"


class BadPathError(FileError):
    """A path that no file can have."""

    code = "bad-path"
    status = 400


class NotThereError(FileError):
    """Nothing is there, or nothing that the caller may know of."""

    code = "not-found"
    status = 404


class RefusedFileError(FileError):
    """Something is there that is not opened: a device, a pipe, a way out."""

    code = "refused-file"
    status = 409


class ExistsError(FileError):
    """Something else is there already."""

    code = "exists"
    status = 409


class ChangedError(FileError):
    """It is not what the caller has seen any more."""

    code = "changed"
    status = 412


class FullError(FileError):
    """There is no room, by the quota or by the disk."""

    code = "full"
    status = 507
