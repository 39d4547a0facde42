"""Repositories: connect places of the library, sync them, look at their history."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from twinhub_api.library import repositories as wire
from twinhub_api.operations import Operation  # noqa: TC002 - FastAPI reads it
from twinhub_kit.callers import Caller
from twinhub_kit.errors import NotAllowedError
from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.numbers import read_number
from twinhub_kit.operations import anybody

from twinhub_library.access import may_read, may_write
from twinhub_library.areas import split_path
from twinhub_library.repositories.addresses import check_branch
from twinhub_library.repositories.connections import Wanted
from twinhub_library.repositories.credentials import Credential, CredentialKind
from twinhub_library.repositories.pushing import Wish
from twinhub_library.rest import repository_answers as answers
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams, writable_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_api.wire import Wire
    from twinhub_kit.operations import Progress

    from twinhub_library.library import Library
    from twinhub_library.store.repositories import RepositoryRow
    from twinhub_library.sync import Syncing

router = APIRouter(prefix="/api/repositories", tags=["repositories"])

_MOST_OF_A_WEBHOOK = 5 << 20

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("")
def list_repositories(
    library: TheLibrary, caller: KnownCaller, limit: Limit = 100, after: str = "", place: str = ""
) -> wire.RepositoryList:
    """Return the repositories of places that you may read; of one place, or what is in it."""
    teams = list_teams(library)
    rows = [
        row
        for row in library.repositories.connections.list()
        if row.place > after
        and _is_in(row.place, place)
        and may_read(caller, split_path(RelativePath.parse(row.place))[0], teams)
    ]
    found = tuple(answers.repository(row) for row in rows[:limit])
    return wire.RepositoryList(
        repositories=found, next=found[-1].place if len(rows) > limit else None
    )


@router.post("", status_code=status.HTTP_201_CREATED)
def connect_repository(
    wanted: wire.ConnectIn, library: TheLibrary, caller: KnownCaller
) -> wire.Repository:
    """Connect a place with a repository; pull to fill it. Files that are there stay there."""
    place = writable_path(library, caller, wanted.place)
    if not place.names:
        raise BadPathError("Name an area, or an asset in it.")
    row = library.repositories.connections.connect(
        caller,
        Wanted(
            place, wanted.url, wanted.branch, wanted.folder,
            _credential(wanted.credential) if wanted.credential else None,
            wanted.host_key, wanted.author_name, wanted.author_email,
        ),
    )  # fmt: skip
    library.audit.record(caller, "repository.connect", place, url=row.address, branch=row.branch)
    return answers.repository(row)


@router.get("/{repository_id}")
def get_repository(repository_id: str, library: TheLibrary, caller: KnownCaller) -> wire.Repository:
    """Return one repository."""
    return answers.repository(_readable(library, caller, repository_id))


@dataclass(frozen=True)
class _Changing:
    """A repository whose place a caller may write."""

    library: Library
    caller: Caller
    row: RepositoryRow

    @property
    def syncing(self) -> Syncing:
        """What pulls and pushes."""
        return self.library.repositories.syncing

    def start(self, verb: str, work: Callable[[Caller, Progress], Wire]) -> Operation:
        """Write down what begins, and begin it for whoever may still change the place."""
        self.record(verb)
        return self.library.operations.start(
            self.caller, f"repository.{verb}", f"{verb.capitalize()} {self.row.place}",
            lambda caller: _changing(self.row.id, self.library, caller), work,
        )  # fmt: skip

    def record(self, verb: str) -> None:
        """Write down what is done."""
        self.library.audit.record(
            self.caller, f"repository.{verb}", self.row.place, url=self.row.address,
            branch=self.row.branch,
        )  # fmt: skip


def _changing(repository_id: str, library: TheLibrary, caller: KnownCaller) -> _Changing:
    """Return a repository that the caller may change.

    Raises:
        NotThereError: there is none such, or it is not the caller's.
        NotAllowedError: they may only read it.
    """
    row = _readable(library, caller, repository_id)
    area, _ = split_path(RelativePath.parse(row.place))
    if not may_write(caller, area, list_teams(library)):
        raise NotAllowedError(f"{row.place} is for reading only.")
    return _Changing(library, caller, row)


Changing = Annotated[_Changing, Depends(_changing)]


@router.patch("/{repository_id}")
def change_repository(change: wire.RepositoryChange, one: Changing) -> wire.Repository:
    """Set another branch, author or credential; a credential is tried first."""
    row, connections = one.row, one.library.repositories.connections
    if change.credential:
        credential = _credential(change.credential)
        row = connections.replace_credential(one.caller, row.id, credential, change.host_key)
    values: dict[str, object] = {
        "author_name": change.author_name, "author_email": change.author_email,
        "branch": check_branch(change.branch) if change.branch else None,
    }  # fmt: skip
    named = {name: value for name, value in values.items() if value is not None}
    if named:
        row = connections.change(row.id, **named)
    replace(one, row=row).record("change")
    return answers.repository(row)


@router.delete("/{repository_id}", status_code=status.HTTP_204_NO_CONTENT)
def disconnect_repository(one: Changing) -> Response:
    """Forget a repository, its history here and its credential; the files stay."""
    one.library.repositories.connections.disconnect(one.row.id)
    one.record("disconnect")
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/{repository_id}/status")
def get_repository_status(
    repository_id: str, library: TheLibrary, caller: KnownCaller, *, fetch: bool = False
) -> wire.RepositoryStatus:
    """Return how files and repository stand to each other; `fetch` asks the other side first."""
    row = _readable(library, caller, repository_id)
    return answers.status(library.repositories.looking.status(caller, row.id, fetch=fetch))


@router.get("/{repository_id}/commits")
def list_repository_commits(
    repository_id: str, library: TheLibrary, caller: KnownCaller, limit: Limit = 50,
    after: str = "", path: str = "",
) -> wire.CommitList:  # fmt: skip
    """Return the branch's commits, the newest first; with a path those that changed it."""
    row = _readable(library, caller, repository_id)
    skip = read_number(after) or 0
    found = library.repositories.looking.history(row.id, path=path, skip=skip, count=limit + 1)
    more = str(skip + limit) if len(found) > limit else None
    return wire.CommitList(commits=tuple(map(answers.commit, found[:limit])), next=more)


@router.get("/{repository_id}/kept")
def list_kept_states(
    repository_id: str, library: TheLibrary, caller: KnownCaller
) -> wire.CommitList:
    """Return what was here before pulls and restores; each can be restored."""
    row = _readable(library, caller, repository_id)
    found = library.repositories.looking.kept(row.id)
    return wire.CommitList(commits=tuple(map(answers.commit, found)), next=None)


@router.get("/{repository_id}/difference")
def get_repository_difference(
    repository_id: str, library: TheLibrary, caller: KnownCaller, path: str, commit: str = ""
) -> wire.FileDifference:
    """Return what differs in a file: since the last sync, or from a commit's parent to it."""
    row = _readable(library, caller, repository_id)
    text = library.repositories.looking.difference(row.id, path, commit or None)
    return wire.FileDifference(path=path, text=text)


@router.post("/{repository_id}/pull", status_code=status.HTTP_202_ACCEPTED)
def pull_repository(how: wire.SyncIn, one: Changing) -> Operation:
    """Bring the files to what the other side has; what you changed stays."""
    pull = partial(one.syncing.pull, dry_run=how.dry_run)
    return one.start("pull", lambda caller, told: answers.pulled(pull(caller, one.row.id, told)))


@router.post("/{repository_id}/push", status_code=status.HTTP_202_ACCEPTED)
def push_repository(how: wire.SyncIn, one: Changing) -> Operation:
    """Send what you changed as one commit."""
    push = partial(one.syncing.push, wish=_wish(how))
    return one.start("push", lambda caller, told: answers.pushed(push(caller, one.row.id, told)))


@router.post("/{repository_id}/sync", status_code=status.HTTP_202_ACCEPTED)
def sync_repository(how: wire.SyncIn, one: Changing) -> Operation:
    """Pull, then push; nothing is pushed while a conflict waits for you."""
    sync = partial(one.syncing.sync, wish=_wish(how))
    return one.start("sync", lambda caller, told: answers.synced(sync(caller, one.row.id, told)))


@router.post("/{repository_id}/restore", status_code=status.HTTP_202_ACCEPTED)
def restore_from_repository(what: wire.RestoreIn, one: Changing) -> Operation:
    """Bring files back to what a commit has; what was there is kept."""
    restore = partial(
        one.syncing.restore, one.row.id, what.commit, path=what.path, dry_run=what.dry_run
    )
    return one.start("restore", lambda caller, told: answers.pulled(restore(told, caller=caller)))


@router.put("/{repository_id}/follow")
def follow_repository(how: wire.FollowIn, one: Changing) -> wire.Repository:
    """Publish an asset of the place whenever the repository has a new version of it."""
    path = writable_path(one.library, one.caller, how.path)
    row = one.library.following.set_up(
        one.caller, one.row, path, every_seconds=how.every_seconds, secret=how.webhook_secret
    )
    one.record("follow")
    return answers.repository(row)


@router.delete("/{repository_id}/follow")
def unfollow_repository(one: Changing) -> wire.Repository:
    """Publish nothing of the repository by itself any more."""
    row = one.library.following.stop(one.row)
    one.record("unfollow")
    return answers.repository(row)


@router.post("/{repository_id}/webhook", status_code=status.HTTP_204_NO_CONTENT)
async def tell_of_push(repository_id: str, request: Request, library: TheLibrary) -> Response:
    """Take a webhook of GitLab (`X-Gitlab-Token`) or GitHub (`X-Hub-Signature-256`); for nobody.

    It is public on purpose: who knows the secret may have the repository looked at.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_OF_A_WEBHOOK:
            raise BadPathError("A webhook has at most 5 MB.")
    await asyncio.to_thread(_tell, library, repository_id, request, body)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _tell(library: Library, repository_id: str, request: Request, body: bytes) -> None:
    row = library.following.check_webhook(repository_id, request.headers, body)

    def work(_: Caller, progress: Progress) -> wire.FollowReport:
        done = library.following.follow(row, progress)
        return wire.FollowReport(commit=done.commit, version=done.version)

    caller = Caller(row.follow_by)
    library.operations.start(caller, "repository.follow", f"Follow {row.address}", anybody, work)


def _wish(how: wire.SyncIn) -> Wish:
    return Wish(how.message, how.create_branch, how.dry_run, how.allowed_secrets)


def _is_in(place: str, wanted: str) -> bool:
    return not wanted or place == wanted or place.startswith(f"{wanted}/")


def _credential(given: wire.CredentialIn) -> Credential:
    return Credential(CredentialKind(given.kind), given.user, given.secret)


def _readable(library: Library, caller: Caller, repository_id: str) -> RepositoryRow:
    """Return a repository whose place a caller may read.

    Raises:
        NotThereError: there is none such, or it is not the caller's.
    """
    row = library.repositories.connections.get(repository_id)
    area, _ = split_path(RelativePath.parse(row.place))
    if not may_read(caller, area, list_teams(library)):
        raise NotThereError(f"There is no repository {repository_id!r} here.")
    return row
