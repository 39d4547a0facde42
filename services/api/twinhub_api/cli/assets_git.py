"""``twin assets connect``: which repository a place is synced with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe
from twinhub_api.library.repositories import ConnectIn, CredentialIn, Repository

if TYPE_CHECKING:
    from twinhub_api.cli.asking import Asking

_LONGEST_SECRET = 32_768


def connect(asking: Asking) -> int:
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
    branch = f" of the branch {safe(made.branch)}" if made.branch else ""
    print(
        f"{place} is connected with {safe(made.url)}; `twin assets sync {place}` syncs it{branch}"
    )
    return GOOD


def _credential(asking: Asking) -> CredentialIn:
    options = asking.options
    if options.login:
        return CredentialIn(kind="login", user="", secret="")
    for kind, file in (("token", options.token_file), ("ssh-key", options.key_file)):
        if file is not None:
            return _read(kind, file)  # type: ignore[arg-type]  # one of the two literals above
    return CredentialIn(kind="none", user="", secret="")


def _read(kind: Literal["token", "ssh-key"], file: str) -> CredentialIn:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8", "replace")
    except OSError as error:
        raise CommandError(f"{safe(file)} cannot be read: {error.strerror}") from error
    if not text.strip() or len(text) > _LONGEST_SECRET:
        raise CommandError(f"{safe(file)} holds no token or key: it is empty or too long")
    return CredentialIn(kind=kind, user="", secret=text if kind == "ssh-key" else text.strip())
