"""Likely secrets in what would be pushed: a dry run tells them, a push is refused for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twinhub_kit.files.paths import RelativePath

from twinhub_library.repositories.errors import SecretFoundError
from twinhub_library.repositories.reports import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from twinhub_library.publishing.secrets import SecretFinding
    from twinhub_library.repositories.reports import FileChange

_NAMED_IN_MESSAGE = 3


def find_pushed_secrets(
    find: Callable[[RelativePath], Iterable[SecretFinding]], place: RelativePath,
    changes: Iterable[FileChange], allowed: Collection[str],
) -> tuple[SecretFinding, ...]:  # fmt: skip
    """Return what a search finds in the files that would be sent, by paths in the place."""
    sent = (one.path for one in changes if one.kind is not ChangeKind.REMOVED)
    return tuple(
        replace(finding, file=path)
        for path in sent
        if path not in allowed
        for finding in find(RelativePath((*place.names, *path.split("/"))))
    )


def refuse_secrets(found: Sequence[SecretFinding]) -> None:
    """Let nothing be pushed where something was found.

    Raises:
        SecretFoundError: it names the first places.
    """
    if not found:
        return
    more = len(found) - _NAMED_IN_MESSAGE
    named = "; ".join(map(str, found[:_NAMED_IN_MESSAGE]))
    raise SecretFoundError(
        f"Nothing was pushed, for there is likely a secret in {named}"
        f"{f'; and {more} more' if more > 0 else ''}. Take it out, name its file in .gitignore, or,"
        " if it is none, allow that file."
    )
