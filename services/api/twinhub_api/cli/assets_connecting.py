"""``twin assets connect``, ``reconnect``, ``disconnect``, ``follow``: what is synced, and how."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.values import RefusalError, format_duration, parse_duration

from twinhub_api.cli.asking import site_address
from twinhub_api.cli.assets_repositories import address_of, find_repository, other_side
from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe
from twinhub_api.library.repositories import (
    ConnectIn,
    CredentialIn,
    FollowIn,
    Repository,
    RepositoryChange,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_api.cli.asking import Asking

_LONGEST_SECRET = 32_768
_LEAST_SECONDS = 60
_MOST_SECONDS = 7 * 24 * 3600


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
    next_step = f"`twin assets sync {place}` syncs it"
    print(f"{place} is connected with {other_side(made)}; {next_step}")
    return GOOD


def _reconnect(asking: Asking) -> int:
    options = asking.options
    change = RepositoryChange(
        branch=options.branch, credential=_credential(asking), host_key=options.host_key,
        author_name=options.author_name, author_email=options.author_email,
    )  # fmt: skip
    wanted = change.model_dump(exclude_none=True)
    if set(wanted) <= {"host_key"}:
        raise CommandError(
            "say what is to be another: --branch, --author-name, --author-email, or what lets git "
            "in: --token-file, --key-file, --login, --public"
        )
    found = find_repository(asking, options.place, exactly=True)
    answer = asking.client.ask("PATCH", address_of(found), body=wanted)
    done = Repository.model_validate_json(answer.content)
    if options.json:
        asking.print_json(done)
    else:
        lets_in = done.credential if done.credential != "none" else "nothing"
        print(f"{_shown(asking, done)} is connected with {other_side(done)}, by {lets_in}")
    return GOOD


def _disconnect(asking: Asking) -> int:
    found = find_repository(asking, asking.options.place, exactly=True)
    asking.client.ask("DELETE", address_of(found))
    if asking.options.json:
        asking.print_json(found)
    else:
        print(
            f"{_shown(asking, found)} is not connected with {safe(found.url)} any more; "
            "its files stay"
        )
    return GOOD


def _follow(asking: Asking) -> int:
    options = asking.options
    found = find_repository(asking, options.asset)
    address = f"{address_of(found)}/follow"
    if options.stop:
        answer = asking.client.ask("DELETE", address)
    else:
        secret = _read(options.webhook_secret).strip() if options.webhook_secret else ""
        wish = FollowIn(
            path=asking.path(options.asset), every_seconds=_seconds(options.every),
            webhook_secret=secret,
        )  # fmt: skip
        if not wish.every_seconds and not secret:
            raise CommandError(
                "say when to look at the repository: --every 10m, --webhook-secret FILE, or both; "
                "--stop ends it"
            )
        answer = asking.client.ask("PUT", address, body=wish.model_dump())
    done = Repository.model_validate_json(answer.content)
    if options.json:
        asking.print_json(done)
    else:
        _tell_following(asking, done)
    return GOOD


def _tell_following(asking: Asking, done: Repository) -> None:
    if not done.follow_path:
        print(f"{_shown(asking, done)} is published by you alone again")
        return
    how = f", looked at every {format_duration(done.follow_seconds)}" if done.follow_seconds else ""
    print(f"{safe(asking.places.shown(done.follow_path))} follows {other_side(done)}{how}")
    if done.has_webhook:
        site = site_address(os.environ)
        hook = f"{site or ''}/services/library{address_of(done)}/webhook"
        print(f"Webhook for pushes, with your secret: {hook}")
        if not site:
            print("twin: put the address of your TwinHub before it", file=sys.stderr)


def _seconds(text: str) -> int:
    """Return a duration in seconds; 0 where none is given.

    Raises:
        CommandError: it is no duration, or one that the library does not take.
    """
    if not text:
        return 0
    try:
        seconds = parse_duration(f"{text}s" if text.isdecimal() else text)
    except RefusalError as error:
        raise CommandError(f"--every: {error}") from error
    if not isinstance(seconds, float) or not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise CommandError(f"--every {safe(text)}: write a time from 60s to 7d, such as 10m")
    return int(seconds)


def _shown(asking: Asking, repository: Repository) -> str:
    return safe(asking.places.shown(repository.place))


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


CONNECTING_VERBS: dict[str, Callable[[Asking], int]] = {
    "connect": _connect,
    "reconnect": _reconnect,
    "disconnect": _disconnect,
    "follow": _follow,
}
"""What each of these verbs does."""
