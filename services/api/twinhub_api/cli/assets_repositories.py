"""``twin assets status``, ``history`` and ``difference``: how files and repositories stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_api.cli.asking import area_of
from twinhub_api.cli.assets_printing import count_of, render_rows
from twinhub_api.cli.command import FAULTY, GOOD, CommandError
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.library.repositories import (
    CommitList,
    FileDifference,
    PullReport,
    Repository,
    RepositoryStatus,
    RestoreIn,
)
from twinhub_api.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_api.cli.asking import Asking

_MOST_FILES = 20
_DIGITS = 12


def find_repository(asking: Asking, text: str, *, exactly: bool = False) -> Repository:
    """Return the repository of a place, or of the place that a path is in.

    Raises:
        CommandError: there is none; the text names those that are near.
    """
    path = asking.path(text)
    found = list(asking.client.list_repositories(area_of(path)))
    holding = [
        one
        for one in found
        if path == one.place or (not exactly and path.startswith(f"{one.place}/"))
    ]
    if holding:
        return max(holding, key=lambda one: len(one.place))
    known = ", ".join(asking.places.shown(one.place) for one in found[:10])
    raise CommandError(
        f"{safe(text)} is not connected with a repository; "
        + (f"connected are {safe(known)}" if known else "`twin assets connect` connects it")
    )


def address_of(repository: Repository) -> str:
    """Return the address of a repository in the library."""
    return f"/api/repositories/{quote(repository.id)}"


def other_side(repository: Repository) -> str:
    """Return what a place is synced with, in words."""
    branch = f", branch {safe(repository.branch)}" if repository.branch else ""
    return f"{safe(repository.url)}{branch}"


def _status(asking: Asking) -> int:
    options = asking.options
    place = asking.path(options.place) if options.place else ""
    found = list(asking.client.list_repositories(place))
    if not found and place:
        found = [find_repository(asking, options.place)]
    values = {"fetch": "true"} if options.fetch else None
    results: dict[str, object] = {}
    is_odd = False
    for one in found:
        told = asking.client.get(RepositoryStatus, f"{address_of(one)}/status", values)
        results[one.place] = {
            "repository": one.model_dump(mode="json"), "status": told.model_dump(mode="json"),
        }  # fmt: skip
        is_odd = is_odd or bool(told.conflicts or told.fault)
        if not options.json:
            print("\n".join(_lines(asking, one, told)))
    if options.json:
        print(json.dumps(results, indent=2))
    elif not found:
        print("Nothing is connected with a repository: `twin assets connect` connects an asset.")
    return FAULTY if is_odd else GOOD


def _lines(asking: Asking, one: Repository, told: RepositoryStatus) -> Iterator[str]:
    yield f"{safe(asking.places.shown(one.place))}: {other_side(one)}"
    when = f"synced {told.synced_at:%Y-%m-%d %H:%M}" if told.synced_at else "never synced"
    changes, behind = count_of(told.changes_count, "file"), count_of(told.behind, "commit")
    yield f"  {when}; {changes} to push, {behind} to pull"
    if one.follow_path:
        yield f"  each new version of {safe(asking.places.shown(one.follow_path))} is published"
    if told.was_rewritten:
        yield "  The other side has replaced commits; a pull keeps what you have changed."
    yield from _files(told)
    for conflict in told.conflicts:
        yield f"  conflict  yours is {safe(conflict)}: merge both, remove it, sync again"
    if told.fault:
        yield f"  the last time: {safe(told.fault)}"


def _files(told: RepositoryStatus) -> Iterator[str]:
    """Yield the first files that differ, and that are left out."""
    for file in told.changes[:_MOST_FILES]:
        yield f"  {file.kind:<8}  {safe(file.path)}"
    if told.changes_count > _MOST_FILES:
        yield f"  and {told.changes_count - _MOST_FILES} more: --json lists them"
    for left in told.left_out[:_MOST_FILES]:
        yield f"  left out  {safe(left.path)}: {safe(left.reason)}"
    if len(told.left_out) > _MOST_FILES:
        yield f"  and {len(told.left_out) - _MOST_FILES} more left out: --json lists them"


def _history(asking: Asking) -> int:
    options = asking.options
    found = find_repository(asking, options.path)
    inside = _inside(asking, found)
    if options.restore:
        return _restore(asking, found, inside)
    if options.kept and inside:
        raise CommandError(
            f"what is kept is kept of all of {safe(asking.places.shown(found.place))}: name that; "
            "--restore brings one path of it back"
        )
    limit = max(1, min(options.limit, 1000))
    page = (
        asking.client.get(CommitList, f"{address_of(found)}/kept")
        if options.kept
        else asking.client.get(
            CommitList, f"{address_of(found)}/commits", {"path": inside, "limit": limit}
        )
    )
    if options.json:
        asking.print_json(page)
        return GOOD
    rows = [
        (one.id[:_DIGITS], f"{one.at:%Y-%m-%d %H:%M}", one.author, _first_line(one.message))
        for one in page.commits[:limit]
    ]
    print(render_rows(rows, terminal_of(), has_text=True) if rows else _nothing(asking))
    if page.next or len(page.commits) > limit:
        print(f"and more: a --limit above {limit} lists them")
    return GOOD


def _nothing(asking: Asking) -> str:
    name = safe(asking.options.path)
    if asking.options.kept:
        return f"Nothing was kept: no pull or restore has changed files of yours in {name}."
    return f"No commit of {name} is here yet: `twin assets sync` fetches them."


def _first_line(message: str) -> str:
    return next(iter(message.strip().splitlines()), "")


def _restore(asking: Asking, found: Repository, inside: str) -> int:
    options = asking.options
    wish = RestoreIn(commit=options.restore, path=inside, dry_run=options.dry_run)
    begun = asking.client.post(Operation, f"{address_of(found)}/restore", wish.model_dump())
    report = PullReport.model_validate(asking.wait(begun).result)
    if options.json:
        asking.print_json(report)
        return GOOD
    for file in report.files[:_MOST_FILES]:
        print(f"  {file.outcome:<8}  {safe(file.path)}")
    would = "would be" if options.dry_run else "is"
    print(
        f"{safe(options.path)} {would} as in {safe(options.restore)}: "
        f"{count_of(report.files_count, 'file')} changed"
    )
    if report.kept and not options.dry_run:
        place = safe(asking.places.shown(found.place))
        print(
            "What was there before is kept: "
            f"`twin assets history {place} --restore {report.kept[:_DIGITS]}` brings it back."
        )
    return GOOD


def _difference(asking: Asking) -> int:
    options = asking.options
    found = find_repository(asking, options.path)
    inside = _inside(asking, found)
    if not inside:
        place = safe(asking.places.shown(found.place))
        raise CommandError(f"name a file in it: `twin assets status {place}` lists what differs")
    values = {"path": inside, "commit": options.commit}
    differs = asking.client.get(FileDifference, f"{address_of(found)}/difference", values)
    if options.json:
        asking.print_json(differs)
    else:
        print("\n".join(map(safe, differs.text.splitlines())) or "Nothing differs as text.")
    return GOOD


def _inside(asking: Asking, repository: Repository) -> str:
    """Return the path within a place of what was typed; empty for the place itself."""
    return asking.path(asking.options.path).removeprefix(repository.place).strip("/")


LOOKING_VERBS: dict[str, Callable[[Asking], int]] = {
    "status": _status,
    "history": _history,
    "difference": _difference,
}
"""What each of these verbs does."""
