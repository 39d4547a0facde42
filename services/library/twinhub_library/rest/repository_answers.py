"""What the routes of repositories answer, made of what the library knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.library import repositories as wire
from twinhub_kit.database import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_library.repositories.objects import Commit, LeftOut
    from twinhub_library.repositories.reports import (
        FileChange,
        Pulled,
        Pushed,
        Status,
        Synced,
    )
    from twinhub_library.store.repositories import RepositoryRow

MOST_NAMED = 1000
"""Files that an answer names; their number is told beside them."""


def repository(row: RepositoryRow) -> wire.Repository:
    """Return a repository without what lets us in."""
    return wire.Repository.model_validate(
        {
            "id": row.id, "place": row.place, "url": row.address, "branch": row.branch,
            "folder": row.folder, "credential": row.credential_kind,
            "connected_by": row.connected_by, "connected_at": as_utc(row.connected_at),
            "synced_at": as_utc(row.synced_at) if row.synced_at else None, "fault": row.fault,
            "conflicts": tuple(row.conflicts.splitlines()), "follow_path": row.follow_path,
            "follow_seconds": row.follow_seconds, "has_webhook": row.webhook_sealed is not None,
        }
    )  # fmt: skip


def status(found: Status) -> wire.RepositoryStatus:
    """Return how a place and its repository stand to each other."""
    return wire.RepositoryStatus(
        base=found.base, ahead=found.ahead, behind=found.behind,
        was_rewritten=found.was_rewritten, changes=_changes(found.changes),
        changes_count=len(found.changes), left_out=_left_out(found.left_out),
        conflicts=found.conflicts, fault=found.fault,
        synced_at=as_utc(found.synced_at) if found.synced_at else None,
    )  # fmt: skip


def pulled(done: Pulled) -> wire.PullReport:
    """Return what a pull or restore did."""
    files = tuple(
        wire.FileOutcome(
            path=one.path, outcome=one.outcome.value, copy_path=one.copy, note=one.note
        )
        for one in done.files[:MOST_NAMED]
    )
    return wire.PullReport(
        commit=done.commit, files=files, files_count=len(done.files),
        was_rewritten=done.was_rewritten, kept=done.kept, left_out=_left_out(done.left_out),
        notes=done.notes,
    )  # fmt: skip


def pushed(done: Pushed) -> wire.PushReport:
    """Return what a push did."""
    return wire.PushReport(
        commit=done.commit, changes=_changes(done.changes), changes_count=len(done.changes),
        left_out=_left_out(done.left_out),
        secrets=tuple(
            wire.LikelySecret(path=one.file, line=one.line, what=one.what)
            for one in done.secrets[:MOST_NAMED]
        ),
    )  # fmt: skip


def synced(done: Synced) -> wire.SyncReport:
    """Return what a sync did."""
    return wire.SyncReport(
        pulled=pulled(done.pulled), pushed=pushed(done.pushed) if done.pushed else None,
        notes=done.notes,
    )  # fmt: skip


def commit(found: Commit) -> wire.RepositoryCommit:
    """Return one commit."""
    return wire.RepositoryCommit(
        id=found.id, parents=found.parents, author=found.author, at=found.at,
        message=found.message,
    )  # fmt: skip


def _changes(changes: Iterable[FileChange]) -> tuple[wire.ChangedFile, ...]:
    return tuple(
        wire.ChangedFile(path=one.path, kind=one.kind.value) for one in list(changes)[:MOST_NAMED]
    )


def _left_out(left_out: Iterable[LeftOut]) -> tuple[wire.LeftOutFile, ...]:
    return tuple(
        wire.LeftOutFile(path=one.path, reason=one.reason) for one in list(left_out)[:MOST_NAMED]
    )
