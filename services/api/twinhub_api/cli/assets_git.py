"""``twin assets sync``: pulls and pushes, and tells what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from twinhub_api.cli.assets_connecting import CONNECTING_VERBS
from twinhub_api.cli.assets_printing import count_of
from twinhub_api.cli.assets_repositories import LOOKING_VERBS
from twinhub_api.cli.command import FAULTY, GOOD, CommandError
from twinhub_api.cli.terminal import safe
from twinhub_api.library.repositories import (
    FileOutcome,
    PullReport,
    PushReport,
    Repository,
    SyncIn,
    SyncReport,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twinhub_api.cli.asking import Asking


def _sync(asking: Asking) -> int:
    options = asking.options
    place = asking.path(options.place) if options.place else ""
    repositories = list(asking.client.list_repositories(place))
    if not repositories:
        where = f"{safe(options.place)} has" if place else "you have"
        raise CommandError(f"{where} no repository: `twin assets connect` connects one")
    how = SyncIn(
        dry_run=options.dry_run, message=options.message, create_branch=options.create_branch,
        allowed_secrets=tuple(options.allow_secret),
    )  # fmt: skip
    way: Literal["sync", "pull", "push"] = (
        "pull" if options.pull else "push" if options.push else "sync"
    )
    results: dict[str, object] = {}
    is_odd = False
    for one in repositories:
        done = asking.wait(asking.client.start_sync(one.id, how, way=way))
        results[one.place] = done.result or {}
        pulled, pushed = _reports(done.result or {}, way)
        is_odd = is_odd or bool(_conflicts(pulled) or (pushed and pushed.secrets))
        if not options.json:
            print(_told(asking, one, pulled, pushed))
    if options.json:
        print(json.dumps(results, indent=2))
    return FAULTY if is_odd else GOOD


def _reports(
    result: Mapping[str, object], way: Literal["sync", "pull", "push"]
) -> tuple[PullReport | None, PushReport | None]:
    """Return what was pulled and what was pushed, as far as either was."""
    if way == "pull":
        return PullReport.model_validate(result), None
    if way == "push":
        return None, PushReport.model_validate(result)
    both = SyncReport.model_validate(result)
    return both.pulled, both.pushed


def _conflicts(pulled: PullReport | None) -> list[FileOutcome]:
    return [one for one in pulled.files if one.outcome == "conflict"] if pulled else []


def _told(
    asking: Asking, one: Repository, pulled: PullReport | None, pushed: PushReport | None
) -> str:
    """Return what was taken in and sent, and each file that a person has to look at."""
    would = "would have " if asking.options.dry_run else ""
    place = safe(asking.places.shown(one.place))
    words = []
    if pulled is not None:
        changed = sum(file.outcome not in {"unchanged", "kept"} for file in pulled.files)
        words.append(f"{count_of(changed, 'file')} pulled")
    if pushed is not None:
        words.append(f"{count_of(pushed.changes_count, 'file')} pushed")
    lines = [f"{place}: {would}{', '.join(words)}; {safe(one.url)}"]
    lines += [
        f"  conflict  {safe(file.path)} (yours: {safe(file.copy_path or '')})"
        for file in _conflicts(pulled)
    ]
    if pushed is not None and pushed.secrets:
        lines += [
            f"  secret    {safe(one.path)}:{one.line}: {safe(one.what)}" for one in pushed.secrets
        ]
        lines.append(
            "  Nothing would be pushed: take it out, name its file in .gitignore, or, if it is"
            " none, allow the file with --allow-secret."
        )
    if pulled is not None and pushed is None and len(lines) > 1:
        lines.append("  Nothing is pushed: merge both into one file, remove the copy, sync again.")
    return "\n".join(lines)


GIT_VERBS: dict[str, Callable[[Asking], int]] = {
    **CONNECTING_VERBS,
    **LOOKING_VERBS,
    "sync": _sync,
}
"""What each of these verbs does."""
