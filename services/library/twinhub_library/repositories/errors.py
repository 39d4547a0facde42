"""What can be wrong with a repository; the text is for people and holds no credential."""

from __future__ import annotations

from twinhub_library.errors import LibraryError


class BadAddressError(LibraryError):
    """An address, branch or commit that is not given to git."""

    code = "bad-address"
    status = 400


class GitUnavailableError(LibraryError):
    """git, git-lfs or the walls around them are missing on this machine."""

    code = "git-unavailable"
    status = 503


class RemoteError(LibraryError):
    """The other side does not answer, or not as it should; nothing here has changed."""

    code = "remote-failed"
    status = 502


class RemoteRefusedError(LibraryError):
    """The other side does not let us in, or does not take what was pushed."""

    code = "remote-refused"
    status = 409


class UnknownHostKeyError(LibraryError):
    """Nobody has confirmed yet that the SSH server is the right one."""

    code = "host-key-unknown"
    status = 409


class BranchGoneError(LibraryError):
    """The branch is not there any more, or not yet."""

    code = "branch-gone"
    status = 409


class BehindError(LibraryError):
    """The other side has commits that are not here: they are pulled first."""

    code = "pull-first"
    status = 409


class HostileRepositoryError(LibraryError):
    """Content that git, or the library, refuses to take in."""

    code = "hostile-repository"
    status = 422


class LargeFileMissingError(LibraryError):
    """The Git LFS server has not what a pointer names."""

    code = "large-file-missing"
    status = 409


class TooLargeError(LibraryError):
    """More than the limits of this installation allow."""

    code = "too-large"
    status = 413


class BusyRepositoryError(LibraryError):
    """Something is being done with this repository already."""

    code = "repository-busy"
    status = 409


class ConflictsError(LibraryError):
    """Files that both sides have changed wait for a person."""

    code = "conflicts"
    status = 409


class SecretFoundError(LibraryError):
    """What was to be pushed holds what looks like a secret."""

    code = "secret-found"
    status = 422
