"""What is sent to a repository: what somebody wants, what may not go, and the sending."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twinhub_library.paths import RelativePath
from twinhub_library.repositories.errors import SecretFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from twinhub_kit.callers import Caller

    from twinhub_library.publishing.secrets import SecretFinding
    from twinhub_library.repositories.desk import Changes, Desk
    from twinhub_library.repositories.remotes import Remote
    from twinhub_library.tree import Tree

    FindSecrets = Callable[[Tree, RelativePath], Sequence[SecretFinding]]

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


def refuse_secrets(
    desk: Desk, differs: Changes, allowed: Collection[str], find_secrets: FindSecrets
) -> None:
    """Raise where what differs holds a secret, in other files than those that are allowed.

    Raises:
        SecretFoundError: it does.
    """
    found: list[SecretFinding] = []
    for path in differs.written:
        if path not in allowed:
            place = RelativePath((*desk.place.names, *path.split("/")))
            found += [replace(one, file=path) for one in find_secrets(desk.tree, place)]
    if found:
        raise SecretFoundError(
            f"Nothing was pushed, for there is likely a secret in {_named(found)}. Take it "
            "out, name its file in .gitignore, or, if it is none, allow that file."
        )


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


def _named(findings: Sequence[SecretFinding]) -> str:
    more = len(findings) - _NAMED_IN_MESSAGE
    return "; ".join(map(str, findings[:_NAMED_IN_MESSAGE])) + (
        f"; and {more} more" if more > 0 else ""
    )
