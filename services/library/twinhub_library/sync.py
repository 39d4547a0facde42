"""Syncs places of the library with git repositories, and loses no byte of a user's.

The last synced commit is ``base``. A pull brings a place from base to what the other side has, by
the same three-way merge as every update of the library; before that, what differs is kept as a
commit of its own. A push makes one commit of what differs, on what the other side has. There are
no local commits between: so nothing that was taken back, such as a secret, is ever pushed later,
and a branch that was rewritten elsewhere brings nothing back.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import ChangedError, NotThereError

from twinhub_library.errors import LibraryError
from twinhub_library.merging import Ending, FileReport, NoContent, Outcome, merge, preview
from twinhub_library.repositories.content import changed_files
from twinhub_library.repositories.credentials import LoginTokenError
from twinhub_library.repositories.desk import BASE, PUSHING, Desk, compare, open_desk
from twinhub_library.repositories.errors import BehindError, BranchGoneError
from twinhub_library.repositories.imports import Author
from twinhub_library.repositories.pushed_secrets import find_pushed_secrets, refuse_secrets
from twinhub_library.repositories.pushing import Push, Wish, send
from twinhub_library.repositories.reports import Pulled, Pushed, Synced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from twinhub_kit.callers import Caller
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.merging import MergeReport
    from twinhub_library.publishing.secrets import SecretFinding
    from twinhub_library.repositories.connections import Connections
    from twinhub_library.repositories.objects import GitFile, Listing
    from twinhub_library.repositories.remotes import Remote
    from twinhub_library.repositories.reports import FileChange
    from twinhub_library.repositories.running import Listener
    from twinhub_library.tree import Tree

    Files = Mapping[str, GitFile]

ENDING = "git"
_TRIES = 3
_QUIET = frozenset({Outcome.KEPT, Outcome.UNCHANGED})


@dataclass(frozen=True)
class Around:
    """What syncing uses of the rest of the library."""

    find_secrets: Callable[[Tree, RelativePath], Sequence[SecretFinding]]
    announce: Callable[[RelativePath], None]
    """Told of each place that has changed."""
    check_room: Callable[[RelativePath, int], None] = lambda _path, _size: None
    """Raises where an area cannot take as many bytes more."""


class Syncing:
    """Pull, push, sync and restore of the connected repositories."""

    def __init__(
        self, tree: Tree, connections: Connections, around: Around, *, email_domain: str
    ) -> None:
        """Work on a tree; authors who give no address have one at the domain."""
        self._tree, self.connections = tree, connections
        self._around, self._email_domain = around, email_domain

    def _desk(
        self, repository_id: str, listener: Listener | None
    ) -> contextlib.AbstractContextManager[Desk]:
        return open_desk(self._tree, self.connections, repository_id, listener)

    @contextlib.contextmanager
    def _noting_faults(self, repository_id: str) -> Iterator[None]:
        """Keep the text of what goes wrong with the repository, for whoever looks at it."""
        try:
            yield
        except LibraryError as error:
            with contextlib.suppress(NotThereError):
                self.connections.change(repository_id, fault=str(error))
            raise

    # -- changing

    def pull(
        self, caller: Caller, repository_id: str, listener: Listener | None = None, *,
        dry_run: bool = False,
    ) -> Pulled:  # fmt: skip
        """Bring a place to what the other side has.

        Raises:
            LibraryError: the other side does not answer or has no such branch; nothing has changed.
        """
        with self._noting_faults(repository_id), self._desk(repository_id, listener) as desk:
            remote = self.connections.remote(caller, desk.row)
            return self._pull(desk, remote, dry_run=dry_run)

    def push(
        self, caller: Caller, repository_id: str, listener: Listener | None = None, *,
        wish: Wish | None = None,
    ) -> Pushed:  # fmt: skip
        """Make one commit of what differs and send it.

        Raises:
            LibraryError: the other side has what is not here, or does not take it; what is to be
                pushed holds a secret. Nothing has changed.
        """
        with self._noting_faults(repository_id), self._desk(repository_id, listener) as desk:
            remote = self.connections.remote(caller, desk.row)
            wish = wish or Wish()
            head = self._head(desk, remote, create_branch=wish.create_branch)
            return self._push(desk, remote, head, Push(caller, wish))

    def sync(
        self, caller: Caller, repository_id: str, listener: Listener | None = None, *,
        wish: Wish | None = None,
    ) -> Synced:  # fmt: skip
        """Pull, then push; where both sides changed a file, a person looks before the push."""
        with self._noting_faults(repository_id), self._desk(repository_id, listener) as desk:
            remote = self.connections.remote(caller, desk.row)
            wish = wish or Wish()
            for tries_left in reversed(range(_TRIES)):
                pulled = self._pull(desk, remote, dry_run=wish.is_dry_run)
                copies = [one.copy for one in pulled.files if one.copy]
                if copies:
                    return Synced(pulled, None, (_look_first(copies),))
                if wish.is_dry_run and pulled.commit:
                    return Synced(pulled, self._foresee_push(desk, pulled.commit, wish))
                try:
                    return Synced(
                        pulled, self._push(desk, remote, pulled.commit, Push(caller, wish))
                    )
                except (BehindError, ChangedError):
                    if not tries_left:
                        raise
        raise AssertionError  # never: the last try returns or raises

    def restore(
        self, repository_id: str, commit: str, listener: Listener | None = None, *,
        path: str = "", caller: Caller | None = None, dry_run: bool = False,
    ) -> Pulled:  # fmt: skip
        """Bring a file, a folder or all back to what a commit has; what was there is kept.

        Raises:
            NotThereError: there is no such commit, or nothing at the path in it.
        """
        with self._desk(repository_id, listener) as desk:
            target = desk.find_commit(commit)
            base = desk.base()
            found = desk.scan(desk.listing(base).files)
            differs = compare(found, desk.listing(base))
            now = desk.keep(differs, base, is_lasting=not dry_run)
            old, new = changed_files(
                _below(desk.listing(now), path), wanted := _below(desk.listing(target), path)
            )
            if path and not old and not wanted:
                raise NotThereError(f"{path} is not in that commit.")
            remote = self.connections.remote(caller, desk.row) if caller else None
            notes = desk.fetch_large(remote, target, new, desk.listing(target).files)
            report = self._merge(desk, old, new, Ending(), dry_run=dry_run)
            return Pulled(target, _loud(report), kept=now, notes=notes)

    def end_merge(self, note: Mapping[str, str]) -> None:
        """End a pull whose merge was ended after a crash; see `merging.recover_merges`."""
        with contextlib.suppress(NotThereError), self._desk(note["repository"], None) as desk:
            desk.repository.refs.change({BASE: note["base"], PUSHING: None})

    # -- parts

    def _head(self, desk: Desk, remote: Remote, *, create_branch: bool) -> str | None:
        try:
            return self._fetch(desk, remote)
        except BranchGoneError:
            if not create_branch:
                raise
        return None

    def _fetch(self, desk: Desk, remote: Remote) -> str | None:
        """Bring what the other side has; None where it has nothing at all.

        Raises:
            BranchGoneError: it has other branches.
        """
        desk.listener.say("Fetching")
        try:
            return desk.repository.fetch(remote, desk.row.branch, desk.listener)
        except BranchGoneError as error:
            found = desk.repository.list_remote(remote)
            if not found.commits:
                return None
            names = ", ".join([found.default or "", *sorted(found.commits)][: _TRIES + 1])
            raise BranchGoneError(
                f"There is no branch {desk.row.branch!r} at {remote.address.host} now. Choose one "
                f"that is there ({names.strip(', ')}), or push with create_branch to make it."
            ) from error

    def _base(self, desk: Desk, head: str) -> str | None:
        """Return the last synced commit; a push that a crash cut off may have arrived."""
        sent = desk.repository.refs.find(PUSHING)
        if sent and desk.repository.is_ancestor(sent, head):
            desk.repository.refs.change({BASE: sent, PUSHING: None})
        return desk.base()

    def _pull(self, desk: Desk, remote: Remote, *, dry_run: bool) -> Pulled:
        head = self._fetch(desk, remote)
        if head is None:
            return Pulled(None, notes=("The repository is empty: a push makes its first commit.",))
        base = self._base(desk, head)
        if base and not desk.has_place():
            raise NotThereError(
                f"{desk.place} is gone here: restore it from the bin, or disconnect the repository."
            )
        old, new = desk.listing(base), desk.listing(head)
        was_rewritten = bool(base and not desk.repository.is_ancestor(base, head))
        gone, come = changed_files(old.files, new.files)
        notes = desk.fetch_large(remote, head, come, new.files)
        made = Pulled(head, (), was_rewritten, None, new.left_out, notes)
        if not dry_run:
            self._around.check_room(desk.place, sum(one.size for one in come.values()))
        if not desk.has_place() and not dry_run:
            desk.write_place(new, head)
            self._done(desk, ())
            return replace(made, files=_added(new))
        if dry_run and not desk.has_place():
            return replace(made, files=_added(new))
        if head == base:
            return made
        return self._merge_pulled(desk, made, gone=gone, come=come, dry_run=dry_run)

    def _merge_pulled(
        self, desk: Desk, made: Pulled, *, gone: Files, come: Files, dry_run: bool
    ) -> Pulled:
        head = made.commit
        assert head  # noqa: S101 - an empty repository came no further
        base, kept = desk.base(), None
        if not dry_run and base:
            listing = desk.listing(base)
            differs = compare(desk.scan(listing.files), listing)
            kept = desk.keep(differs, base) if differs else None

        def end() -> None:
            desk.repository.refs.change({BASE: head, PUSHING: None})

        note = {"kind": ENDING, "repository": desk.row.id, "base": head}
        report = self._merge(desk, gone, come, Ending(note, end), dry_run=dry_run)
        if not dry_run:
            self._done(desk, tuple(one.copy for one in report.conflicts if one.copy))
        return replace(made, files=_loud(report), kept=kept)

    def _merge(
        self, desk: Desk, old: Files, new: Files, ending: Ending, *, dry_run: bool
    ) -> MergeReport:
        desk.listener.say("Merging", 0, len(new))
        base = desk.content(old) if old else NoContent()
        theirs = desk.content(new)
        sides = {"base": base, "theirs": theirs}
        if dry_run:
            return preview(self._tree, desk.place, **sides, label=desk.label, is_shared=True)
        report = merge(
            self._tree, desk.place, **sides, label=desk.label, ending=ending, is_shared=True
        )
        self._around.announce(desk.place)
        return report

    def _push(self, desk: Desk, remote: Remote, head: str | None, push: Push) -> Pushed:
        wish, base = push.wish, self._base(desk, head) if head else None
        if head and head != base:
            raise BehindError(
                f"{remote.address.host} has commits that are not here yet: pull first, or sync."
            )
        listing = desk.listing(base)
        found = desk.scan(listing.files)
        differs = compare(found, listing)
        if not differs:
            return Pushed(None, (), found.left_out)
        secrets = self._find_secrets(desk, differs.listed, wish)
        if wish.is_dry_run:
            return Pushed(None, differs.listed, found.left_out, secrets)
        if not remote.may_write:
            raise LoginTokenError(
                "Logins read repositories here and do not change them: give a token for this "
                "repository, or ask an administrator to set auth.gitlab.git_access to write."
            )
        refuse_secrets(secrets)
        made = desk.commit(
            differs, base, wish.message_for(differs), self._author(desk, push.caller)
        )
        desk.repository.refs.change({PUSHING: made})
        send(desk, remote, made, head=head, differs=differs)
        desk.repository.refs.change({desk.remote_ref: made, BASE: made, PUSHING: None})
        self._done(desk, ())
        return Pushed(made, differs.listed, found.left_out)

    def _foresee_push(self, desk: Desk, head: str, wish: Wish) -> Pushed:
        """Return what would be sent once a commit has been pulled: it differs from both sides."""
        if not desk.has_place():
            return Pushed(None, (), ())
        base = desk.listing(self._base(desk, head))
        found = desk.scan(base.files)
        open_paths = {one.path for one in compare(found, desk.listing(head)).listed}
        own = tuple(one for one in compare(found, base).listed if one.path in open_paths)
        secrets = self._find_secrets(desk, own, wish)
        return Pushed(None, own, found.left_out, secrets)

    def _find_secrets(
        self, desk: Desk, changes: Iterable[FileChange], wish: Wish
    ) -> tuple[SecretFinding, ...]:
        find = partial(self._around.find_secrets, self._tree)
        return find_pushed_secrets(find, desk.place, changes, wish.allowed_secrets)

    def _author(self, desk: Desk, caller: Caller) -> Author:
        name = desk.row.author_name or caller.name
        email = desk.row.author_email or f"{caller.label}@{self._email_domain}"
        return Author(name, email)

    def _done(self, desk: Desk, conflicts: Sequence[str]) -> None:
        self.connections.change(
            desk.row.id, synced_at=datetime.now(UTC), fault="", conflicts="\n".join(conflicts)
        )
        self._around.announce(desk.place)


def _loud(report: MergeReport) -> tuple[FileReport, ...]:
    """Return what a person is told: not the files that nothing happened to."""
    return tuple(one for one in report.files if one.outcome not in _QUIET or one.note)


def _added(listing: Listing) -> tuple[FileReport, ...]:
    return tuple(FileReport(path, Outcome.ADDED) for path in sorted(listing.files))


def _below(listing: Listing, path: str) -> Files:
    """Return the files at a path or below it."""
    if not path:
        return listing.files
    return {
        name: one
        for name, one in listing.files.items()
        if name == path or name.startswith(f"{path}/")
    }


def _look_first(copies: Sequence[str]) -> str:
    return (
        f"Nothing was pushed: both sides have changed files, and yours are kept as "
        f"{', '.join(copies)}. Make one of both, remove the copies, and sync again."
    )
