"""All parts of the library, put together once, when it starts."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_kit.audit import Audit
from twinhub_kit.background import Background
from twinhub_kit.database import Database
from twinhub_kit.health import Health, check_database
from twinhub_kit.metrics import Metrics
from twinhub_kit.migrations import migrate
from twinhub_kit.operations import Operations

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.changes import Changes
from twinhub_library.details.history import History
from twinhub_library.files import Files, open_files
from twinhub_library.index.service import Search
from twinhub_library.listing import Listing
from twinhub_library.nearness import is_near
from twinhub_library.opening.part import open_opening
from twinhub_library.publishing.part import Publishing, open_publishing
from twinhub_library.publishing.past import PublishingHistory
from twinhub_library.publishing.surroundings import Surroundings
from twinhub_library.repositories.following import Following, open_following
from twinhub_library.repositories.histories import CommitHistory
from twinhub_library.repositories.parts import Repositories, open_repositories
from twinhub_library.snapshots.restores import Restores
from twinhub_library.snapshots.snapshots import Snapshots, open_snapshots
from twinhub_library.teams import Teams
from twinhub_library.tree import Tree
from twinhub_library.uploads import Uploads, open_uploads
from twinhub_library.usage.quota import Quota
from twinhub_library.usage.usage import Usage, open_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_library.opening.opening import Opening
    from twinhub_library.repositories.credentials import CredentialSource
    from twinhub_library.settings import LibrarySettings


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Library:
    """The parts that routes use."""

    settings: LibrarySettings
    tree: Tree
    is_near: bool
    """Whether its files lie on this machine: small ones are then read without another thread."""
    database: Database
    operations: Operations
    """Long work that people ask for."""
    background: Background
    """Work beside the requests: a part adds its own when it is opened."""
    audit: Audit
    changes: Changes
    health: Health
    """What has to be ready; a part adds its own."""
    metrics: Metrics
    """What is counted; a part adds its own to the registry."""
    listing: Listing
    """Which assets there are."""
    teams: Teams
    history: History
    """What has happened to assets; a part adds itself to it."""
    files: Files
    """What people do with files and folders."""
    search: Search
    snapshots: Snapshots
    restores: Restores
    usage: Usage
    quota: Quota
    publishing: Publishing
    """Versions, proposals, imports and pins."""
    uploads: Uploads
    """Files that arrive piece by piece."""
    repositories: Repositories
    """Git repositories that places are synced with."""
    following: Following
    """Common assets that follow a repository."""
    changing: threading.Lock
    """Held while somebody changes what they have seen and nobody else is to change."""
    opening: Opening
    """Links that open what is published in the workspace of whoever follows."""


@dataclass(frozen=True)
class _Ground:
    """What every part stands on."""

    tree: Tree
    database: Database
    changes: Changes
    audit: Audit
    background: Background
    logins: CredentialSource | None


@contextlib.contextmanager
def open_library(
    settings: LibrarySettings, *, clock: Callable[[], datetime] = _now,
    logins: CredentialSource | None = None,
) -> Iterator[Library]:  # fmt: skip
    """Open a library; what is missing of its folders and tables is made.

    ``logins`` knows the tokens of people's logins; without it none is used for repositories.
    """
    for folder in (settings.root, settings.root / OWN_FOLDER, settings.state):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as opened:
        yield _put_together(settings, _open_ground(settings, opened, logins), opened, clock)


def _open_ground(
    settings: LibrarySettings, opened: contextlib.ExitStack, logins: CredentialSource | None
) -> _Ground:
    tree = opened.enter_context(Tree(settings.root))
    database = Database(settings.database)
    opened.callback(database.close)
    migrate(database, "twinhub_library")
    changes = Changes()
    opened.callback(changes.close)
    return _Ground(tree, database, changes, Audit(), Background(), logins)


def _put_together(
    settings: LibrarySettings,
    ground: _Ground,
    opened: contextlib.ExitStack,
    clock: Callable[[], datetime],
) -> Library:
    """Open the parts in the order in which one needs the other; each recovers what a crash left."""
    tree, database, background = ground.tree, ground.database, ground.background
    operations = _open_operations(database, opened)
    teams = Teams(tree, database)
    teams.recover()
    kept = _open_kept(settings, ground, clock)
    search = _open_search(settings, ground, opened)
    repositories = open_repositories(
        settings, tree, database, announce=ground.changes.announce,
        check_room=kept.files.check_room, logins=ground.logins,
    )  # fmt: skip
    publishing = _open_publishing(ground, kept.files, repositories)
    metrics = Metrics("library")
    _count_watches(metrics, search)
    return Library(
        settings=settings,
        tree=tree,
        is_near=is_near(settings.root),
        database=database,
        operations=operations,
        background=background,
        audit=ground.audit,
        health=_open_health(database, search),
        metrics=metrics,
        changes=ground.changes,
        listing=Listing(tree),
        teams=teams,
        history=_open_history(publishing, repositories),
        files=kept.files,
        search=search,
        snapshots=kept.snapshots,
        restores=kept.restores,
        usage=kept.usage,
        quota=kept.quota,
        publishing=publishing,
        uploads=open_uploads(settings, kept.files, background),
        repositories=repositories,
        changing=threading.Lock(),
        opening=open_opening(tree, database, publishing, repositories, kept.quota, clock),
        following=open_following(tree, repositories, publishing, background),
    )


@dataclass(frozen=True)
class _Kept:
    """What is kept of files, past and present, and what it takes."""

    snapshots: Snapshots
    restores: Restores
    usage: Usage
    quota: Quota
    files: Files


def _open_kept(settings: LibrarySettings, ground: _Ground, clock: Callable[[], datetime]) -> _Kept:
    tree, background = ground.tree, ground.background
    snapshots = open_snapshots(tree, settings.snapshots, clock, background)
    restores = Restores(tree, snapshots)
    restores.recover()
    usage = open_usage(tree, snapshots.shelf, clock, background, settings.quota)
    quota = Quota(tree, usage, settings.quota)
    files = open_files(
        settings, tree, changes=ground.changes, audit=ground.audit, background=background,
        quota=quota,
    )  # fmt: skip
    return _Kept(snapshots, restores, usage, quota, files)


def _open_operations(database: Database, opened: contextlib.ExitStack) -> Operations:
    operations = Operations(database)
    opened.callback(operations.close)
    return operations


def _open_health(database: Database, search: Search) -> Health:
    health = Health({"database": check_database(database)})
    health.add_warning("search", search.warn)
    return health


def _open_history(publishing: Publishing, repositories: Repositories) -> History:
    return History(
        [
            PublishingHistory(publishing.publisher, publishing.imports),
            CommitHistory(repositories.connections, repositories.looking),
        ]
    )


def _open_search(
    settings: LibrarySettings, ground: _Ground, opened: contextlib.ExitStack
) -> Search:
    search = Search(ground.tree, ground.changes, settings.state / "index")
    opened.callback(search.close)
    stopping = ground.background.stopping
    ground.background.keep("search", lambda: search.run(stopping))
    return search


def _count_watches(metrics: Metrics, search: Search) -> None:
    metrics.show(
        "search_watched_folders", "Folders whose changes are seen at once",
        lambda: search.state.watches,
    )  # fmt: skip
    metrics.show(
        "search_short_areas", "Areas with more folders than are watched",
        lambda: len(search.state.short_areas),
    )  # fmt: skip


def _open_publishing(ground: _Ground, files: Files, repositories: Repositories) -> Publishing:
    around = Surroundings(
        throw_away=files.throw_away,
        check_room=files.check_room,
        announce=ground.changes.announce,
        end_other=repositories.syncing.end_merge,
    )
    return open_publishing(ground.tree, ground.database, ground.audit, around, ground.background)
