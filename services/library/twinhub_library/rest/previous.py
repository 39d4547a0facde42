"""Previous versions: listed, read, compared and restored."""

from __future__ import annotations

import os
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from twinhub_api.library.previous import (
    PreviousDifference,
    PreviousFolderEntry,
    PreviousFolderPage,
    PreviousRestored,
    PreviousRestoredFile,
    PreviousRestoreRequest,
    PreviousVersion,
    PreviousVersionPage,
)

from twinhub_library.areas import split_path
from twinhub_library.rest.needs import KnownCaller, TheLibrary, readable_path, writable_path
from twinhub_library.snapshots.preparing import Restored
from twinhub_library.snapshots.versions import (
    Version,
    compare,
    list_folder_then,
    list_versions,
    open_version,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.snapshots.restores import RestoreReport

router = APIRouter(tags=["previous versions"])

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at the most.")]
After = Annotated[str, Query(max_length=1024, description="`next` of the page before.")]
_PIECE = 1 << 18
_MOST_FILES = 1000
_OUTCOMES: dict[Restored, Literal["restored", "removed", "unchanged", "kept"]] = {
    Restored.RESTORED: "restored",
    Restored.REMOVED: "removed",
    Restored.UNCHANGED: "unchanged",
    Restored.KEPT: "kept",
}


@router.get("/api/previous/{path:path}")
def list_previous_versions(
    path: str, library: TheLibrary, caller: KnownCaller, limit: Limit = 100, after: After = ""
) -> PreviousVersionPage:
    """Return the previous versions of a file or folder, the newest first."""
    wanted = readable_path(library, caller, path)
    versions = (
        one for one in list_versions(library.tree, library.snapshots.shelf, wanted)
        if not after or one.time < after
    )  # fmt: skip
    found = list(islice(versions, limit + 1))
    return PreviousVersionPage(
        path=str(wanted),
        items=tuple(map(_item, found[:limit])),
        next=found[limit - 1].time if len(found) > limit else None,
        notice=library.snapshots.notice_of(split_path(wanted)[0]),
    )


def _item(version: Version) -> PreviousVersion:
    return PreviousVersion(
        time=version.time, first_time=version.first_time,
        kind="folder" if version.kind == "folder" else "file",
        size=version.size, changed_at=version.changed_at, is_present=version.is_present,
    )  # fmt: skip


@router.get("/api/previous-files/{time}/{path:path}", response_class=StreamingResponse)
def read_previous_version(
    time: str, path: str, library: TheLibrary, caller: KnownCaller
) -> StreamingResponse:
    """Return the content of a previous version of a file, as a download."""
    wanted = readable_path(library, caller, path)
    found = open_version(library.snapshots.shelf, wanted, time)
    headers = {
        "Content-Length": str(os.fstat(found).st_size),
        "Content-Disposition": "attachment",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(_pieces(found), 200, headers, "application/octet-stream")


def _pieces(found: int) -> Iterator[bytes]:
    with os.fdopen(found, "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            yield piece


@router.get("/api/previous-folders/{time}/{path:path}")
def list_previous_folder(
    time: str, path: str, library: TheLibrary, caller: KnownCaller,
    limit: Limit = 1000, after: After = "",
) -> PreviousFolderPage:  # fmt: skip
    """Return what was in a folder, by name."""
    wanted = readable_path(library, caller, path)
    entries = list_folder_then(library.snapshots.shelf, wanted, time)
    found = [one for one in entries if one.name > after]
    items = [
        PreviousFolderEntry(
            name=one.name, kind=one.kind.value, size=one.size, changed_at=one.changed_at
        )
        for one in found[:limit]
    ]
    return PreviousFolderPage(
        path=str(wanted), time=time, items=tuple(items),
        next=items[-1].name if len(found) > limit else None,
    )  # fmt: skip


@router.get("/api/previous-differences/{time}/{path:path}")
def compare_versions(
    time: str, path: str, library: TheLibrary, caller: KnownCaller,
    until: Annotated[str, Query(max_length=64, description="A later version.")] = "",
) -> PreviousDifference:  # fmt: skip
    """Return how a text file, or a later version of it, differs from a version."""
    wanted = readable_path(library, caller, path)
    text = compare(library.tree, library.snapshots.shelf, wanted, time, until or None)
    return PreviousDifference(path=str(wanted), time=time, until=until, text=text)


@router.post("/api/previous-restores")
def restore_version(
    request: PreviousRestoreRequest, library: TheLibrary, caller: KnownCaller
) -> PreviousRestored:
    """Bring a version back: as a copy, or in place after the present was kept as a version."""
    path = writable_path(library, caller, request.path)
    if request.into is None:
        return _answer(library.restores.restore(path, request.time))
    into = writable_path(library, caller, request.into)
    return _answer(library.restores.restore_copy(path, request.time, into))


def _answer(report: RestoreReport) -> PreviousRestored:
    changed = [
        PreviousRestoredFile(path=path, outcome=_OUTCOMES[outcome])
        for path, outcome in sorted(report.outcomes.items())
        if outcome is not Restored.UNCHANGED
    ]
    return PreviousRestored(
        path=report.path, kept_as=report.kept_as, files=tuple(changed[:_MOST_FILES]),
        counts=dict(Counter(outcome.value for outcome in report.outcomes.values())),
    )  # fmt: skip
