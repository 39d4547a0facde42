"""``twin assets connect`` and ``sync``: places that are kept in step with repositories."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twinhub_api.cli.command import FAULTY, GOOD, CommandError
from twinhub_api.cli.terminal import safe
from twinhub_api.library.repositories import (
    ConnectIn,
    CredentialIn,
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

_LONGEST_SECRET = 32_768


def _connect(asking: Asking) -> int:
    """Connect a place with a repository; nothing is copied yet."""
    options = asking.options
    wish = ConnectIn(
        place=asking.path(options.place), url=options.url, branch=options.branch,
        folder=options.folder, credential=_credential(asking), host_key=options.host_key,
        author_name="", author_email="",
    )  # fmt: skip
    made = asking.client.post(Repository, "/api/repositories", wish.model_dump())
    if options.json:
        asking.print_json(made)
        return GOOD
    place = safe(asking.places.shown(made.place))
    branch = f", branch {safe(made.branch)}" if made.branch else ""
    next_step = f"`twin assets sync {place}` syncs it"
    print(f"{place} is connected with {safe(made.url)}{branch}; {next_step}")
    return GOOD


def _credential(asking: Asking) -> CredentialIn | None:
    """Return what lets git in; None for the login where it serves, else for nothing."""
    options = asking.options
    if options.login:
        return CredentialIn(kind="login", user="", secret="")
    if options.token_file is not None:
        secret = _read(options.token_file).strip()
        return CredentialIn(kind="token", user=options.token_user, secret=secret)
    if options.key_file is not None:
        return CredentialIn(kind="ssh-key", user="", secret=_read(options.key_file))
    return CredentialIn(kind="none", user="", secret="") if options.public else None


def _read(file: str) -> str:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8", "replace")
    except OSError as error:
        raise CommandError(f"{safe(file)} cannot be read: {error.strerror}") from error
    if not text.strip() or len(text) > _LONGEST_SECRET:
        raise CommandError(f"{safe(file)} holds no token or key: it is empty or too long")
    return text


def _sync(asking: Asking) -> int:
    options = asking.options
    place = asking.path(options.place) if options.place else ""
    repositories = list(asking.client.list_repositories(place))
    if not repositories:
        where = f"{safe(options.place)} has" if place else "you have"
        raise CommandError(f"{where} no repository: `twin assets connect` connects one")
    how = SyncIn(dry_run=options.dry_run, message=options.message)
    way: Literal["sync", "pull", "push"] = (
        "pull" if options.pull else "push" if options.push else "sync"
    )
    results: dict[str, object] = {}
    is_odd = False
    for one in repositories:
        done = asking.wait(asking.client.start_sync(one.id, how, way=way))
        results[one.place] = done.result or {}
        pulled, pushed = _reports(done.result or {}, way)
        is_odd = is_odd or bool(_conflicts(pulled))
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
        words.append(f"{changed} files pulled")
    if pushed is not None:
        words.append(f"{pushed.changes_count} files pushed")
    lines = [f"{place}: {would}{', '.join(words)}; {safe(one.url)}"]
    lines += [
        f"  conflict  {safe(file.path)} (yours: {safe(file.copy_path or '')})"
        for file in _conflicts(pulled)
    ]
    if pulled is not None and pushed is None and len(lines) > 1:
        lines.append("  Nothing is pushed: merge both into one file, remove the copy, sync again.")
    return "\n".join(lines)


GIT_VERBS: dict[str, Callable[[Asking], int]] = {"connect": _connect, "sync": _sync}
"""What each of these verbs does."""
