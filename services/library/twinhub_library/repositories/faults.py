"""What git says when something fails, in plain words; its own text reaches the log at most."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import FullError

from twinhub_library.repositories.errors import (
    BehindError,
    BranchGoneError,
    GitUnavailableError,
    HostileRepositoryError,
    LargeFileMissingError,
    RemoteError,
    RemoteRefusedError,
    TooLargeError,
    UnknownHostKeyError,
)

if TYPE_CHECKING:
    from twinhub_library.errors import LibraryError

_FAULTS: tuple[tuple[str, type[LibraryError], str], ...] = (
    (
        r"Object does not exist|Cannot find any of the requested objects|\[404\]",
        LargeFileMissingError,
        "A large file is not at the Git LFS server of {host}: whoever has it pushes it again.",
    ),
    (
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED",
        UnknownHostKeyError,
        "{host} shows another SSH key than the one that was confirmed: ask who runs it whether it "
        "was changed, then confirm the new fingerprint.",
    ),
    (
        r"No space left on device|Disk quota exceeded",
        FullError,
        "There is no room left: remove files that nobody needs.",
    ),
    (
        r"File too large|File size limit|file size limit exceeded",
        TooLargeError,
        "The repository is larger than this installation allows: make it smaller, or ask an "
        "administrator.",
    ),
    (
        r"Authentication failed|could not read (Username|Password)|HTTP Basic: Access denied|"
        r"Permission denied \(|error: 40[13]|Invalid username or (password|token)|"
        r"Authentication required|Authorization error|Repository or object not found",
        RemoteRefusedError,
        "{host} does not let you in: {remedy}",
    ),
    (
        r"redirect|unable to update url base|returned error: 30[1278]",
        RemoteRefusedError,
        "{host} sends git to another address: write the address that it sends to, which often "
        "ends in .git.",
    ),
    (
        r"fetch first|non-fast-forward|incorrect old value|failed to update ref|"
        r"cannot lock ref|stale info",
        BehindError,
        "{host} has commits that are not here yet: pull first, or sync.",
    ),
    (
        r"protected branch|pre-receive hook declined|hook declined|GH00\d|"
        r"\[remote rejected\]|remote unpack failed|shallow update not allowed",
        RemoteRefusedError,
        "{host} did not take what was pushed: the branch may be protected, or a rule of the "
        "repository forbids it. Ask its maintainer, or push to another branch.",
    ),
    (
        r"couldn't find remote ref|Remote branch .* not found",
        BranchGoneError,
        "The branch is not at {host} any more: choose another, or push to make it anew.",
    ),
    (
        r"[Rr]epository .*not found|does not appear to be a git repository|not found:|"
        r"error: 404|not exported|HTTP code = 404",
        RemoteRefusedError,
        "There is no such repository at {host}, or {who} may not see it.",
    ),
    (
        r"fsck error|in fsck|hasDot|Invalid path|invalid path|gitmodules|"
        r"is a .*symlink|bad tree|unexpected object|index-pack failed|invalid index-pack|"
        r"bad object|corrupt|inflate|bad pack|unpack-objects",
        HostileRepositoryError,
        "The repository holds what git refuses to take in, or was damaged on its way: have "
        "`git fsck` look at it.",
    ),
    (
        r"Could not resolve host|Temporary failure in name|Name or service not known|"
        r"Failed to connect|Connection (refused|timed out|reset|closed)|Network is unreachable|"
        r"No route to host|Operation timed out|unable to access|early EOF|hung up|"
        r"RPC failed|dial tcp|transfer closed|timed? ?out|Operation too slow",
        RemoteError,
        "{host} does not answer: look whether the address is right and try again later.",
    ),
    (
        r"transport '.*' not allowed",
        RemoteRefusedError,
        "The repository leads to an address that is not spoken to.",
    ),
    (
        r"'lfs' is not a git command|git-lfs: not found|git-lfs.*No such file",
        GitUnavailableError,
        "The repository keeps large files with Git LFS, and git-lfs is missing here: an "
        "administrator installs it (apt-get install git-lfs).",
    ),
)


@dataclass(frozen=True)
class By:
    """Where git was, and what was to let it in there."""

    host: str = ""
    by_login: bool = False

    def texts(self, verb: str) -> dict[str, str]:
        """Return what texts say of it."""
        given = f"give a token or key that may {verb} this repository."
        login = (
            f"ask whoever owns this repository for the right to {verb} it. If you have it, sign "
            "out of TwinHub and in again, or give a token for this repository."
        )
        return {
            "host": self.host or "the repository",
            "remedy": login if self.by_login else given,
            "who": "your account there" if self.by_login else "the token or key",
        }


def fault_of(status: int, said: str, *, by: By, verb: str) -> LibraryError:
    """Return the error for what git said and how it ended; ``verb`` is read or change."""
    if -status in {signal.SIGXCPU, signal.SIGKILL} or status - 128 in {
        signal.SIGXCPU, signal.SIGKILL,
    }:  # fmt: skip
        return TooLargeError(
            "git took more time or memory than this installation allows: make the repository "
            "smaller, or ask an administrator."
        )
    if -status == signal.SIGXFSZ or status - 128 == signal.SIGXFSZ:
        said = "File too large"
    for pattern, kind, text in _FAULTS:
        if re.search(pattern, said):
            return kind(text.format(**by.texts(verb)))
    return RemoteError(f"git could not do it (exit code {status}): an administrator sees why.")
