"""What is sent to a repository: what somebody wants, and the sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.repositories.desk import Changes, Desk
    from twinhub_library.repositories.remotes import Remote

_NAMED_IN_MESSAGE = 3


@dataclass(frozen=True)
class Wish:
    """How somebody wants a push to be done."""

    message: str = ""
    """Of the commit; empty for one that names some files."""
    create_branch: bool = False
    """Whether a branch that is not there may be made."""
    is_dry_run: bool = False
    allowed_secrets: tuple[str, ...] = ()
    """Files in which what looks like a secret is none."""

    def message_for(self, differs: Changes) -> str:
        """Return the message of the commit."""
        if self.message.strip():
            return self.message.strip() + "\n"
        names = [one.path for one in differs.listed[:_NAMED_IN_MESSAGE]]
        more = len(differs.listed) - len(names)
        return f"Update {', '.join(names)}{f' and {more} more' if more else ''}\n"


@dataclass(frozen=True)
class Push:
    """A push that somebody wants."""

    caller: Caller
    wish: Wish


def send(desk: Desk, remote: Remote, made: str, *, head: str | None, differs: Changes) -> None:
    """Send a commit that was made on what the other side has, with its large files.

    Raises:
        LibraryError: the other side does not take it.
    """
    large = [one.pointer.digest for one in differs.written.values() if one.pointer]
    if large:
        desk.listener.say("Sending large files")
        desk.repository.push_large(remote, sorted(set(large)), desk.listener)
    desk.listener.say("Sending")
    desk.repository.push(remote, made, desk.row.branch, expected=head, listener=desk.listener)
