"""Common assets that follow a repository: looked at by the clock, or told by a webhook.

What arrives is pulled into the connected place like every pull, and published from there as the
version that the asset says it has. It is published as the person who set it up, by the grants that
are given to that person by name: an instructor's own right does not last beyond their session.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.callers import Caller
from twinhub_kit.errors import NotAllowedError, ServiceError
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import Area, split_path
from twinhub_library.catalogue import find_asset
from twinhub_library.publishing.errors import VersionTakenError
from twinhub_library.publishing.grants import Verdict
from twinhub_library.publishing.publisher import Wish
from twinhub_library.repositories.errors import ConflictsError
from twinhub_library.repositories.running import Silent

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from twinhub_kit.background import Background

    from twinhub_library.assets import Asset
    from twinhub_library.publishing.part import Publishing
    from twinhub_library.repositories.connections import Connections
    from twinhub_library.repositories.parts import Repositories
    from twinhub_library.repositories.running import Listener
    from twinhub_library.store.repositories import RepositoryRow
    from twinhub_library.sync import Syncing
    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)

LEAST_SECONDS = 60
_GITLAB, _SIGNATURE = "x-gitlab-token", "x-hub-signature-256"


@dataclass(frozen=True)
class Followed:
    """What following once has brought."""

    commit: str | None
    version: str
    """The new version, or the proposed one; empty where the version was published before."""


class Following:
    """Pulls and publishes what the repositories of common assets have."""

    def __init__(
        self, tree: Tree, connections: Connections, syncing: Syncing, publishing: Publishing
    ) -> None:
        """Use the parts that pull and publish."""
        self._tree, self._connections = tree, connections
        self._syncing, self._publishing = syncing, publishing

    def set_up(
        self, caller: Caller, row: RepositoryRow, path: RelativePath, *, every_seconds: int,
        secret: str,
    ) -> RepositoryRow:  # fmt: skip
        """Have the common asset of a place's asset follow from now on.

        Raises:
            NotThereError: the path is no asset in the place.
            NotAllowedError: no grant that names the caller lets them publish it, or others write in
                the place.
        """
        _check_own(caller, path)
        asset = self._asset(row, path)
        with contextlib.suppress(VersionTakenError):  # the next version is published
            self._publishing.publisher.check(Caller(caller.name), Wish(asset))
        return self._connections.change(
            row.id, follow_path=str(path), follow_by=caller.name,
            follow_seconds=max(every_seconds, LEAST_SECONDS) if every_seconds else 0,
            webhook_sealed=self._connections.seal(secret) if secret else None,
        )  # fmt: skip

    def stop(self, row: RepositoryRow) -> RepositoryRow:
        """Have no common asset follow any more."""
        return self._connections.change(
            row.id, follow_path="", follow_by="", follow_seconds=0, webhook_sealed=None
        )

    def follow(self, row: RepositoryRow, listener: Listener | None = None) -> Followed:
        """Pull, and publish the asset if it has a new version.

        Raises:
            LibraryError: it cannot be pulled or published, or a conflict waits for a person.
        """
        row = self._connections.get(row.id)  # whoever set it up may have stopped it meanwhile
        if not row.follow_path:
            raise NotThereError(f"No asset follows {row.address} any more.")
        caller = Caller(row.follow_by)
        _check_own(caller, RelativePath.parse(row.follow_path))
        pulled = self._syncing.pull(caller, row.id, listener or Silent())
        waiting = self._connections.get(row.id).conflicts.splitlines()
        if waiting:
            raise ConflictsError(
                f"Nothing was published: {', '.join(waiting)} waits for a person, for both sides "
                "have changed that file."
            )
        asset = self._asset(row, RelativePath.parse(row.follow_path))
        message = f"From {row.address}, commit {(pulled.commit or '')[:12]}"
        try:
            prepared = self._publishing.publisher.prepare(caller, Wish(asset, message=message))
        except VersionTakenError:
            return Followed(pulled.commit, "")
        version = prepared.row.version
        if prepared.verdict is Verdict.REVIEW:
            self._publishing.proposals.add(caller, prepared)
        else:
            self._publishing.publisher.put(caller, prepared)
        return Followed(pulled.commit, version)

    def follow_all(self, stopping: threading.Event) -> None:
        """Follow those whose time has come; what goes wrong is noted at each."""
        for row in self._connections.list():
            if stopping.is_set():
                return
            if row.follow_path and row.follow_seconds and _is_due(row, datetime.now(UTC)):
                self._connections.change(row.id, followed_at=datetime.now(UTC))
                try:
                    self.follow(row)
                except ServiceError as error:
                    _log.warning("follow failed repository=%s code=%s", row.id, error.code)
                    self._connections.change(row.id, fault=str(error))

    def check_webhook(
        self, repository_id: str, headers: Mapping[str, str], body: bytes
    ) -> RepositoryRow:
        """Return the repository whose webhook a request is.

        Raises:
            NotThereError: there is none such, or the request does not know its secret.
        """
        row = self._connections.get(repository_id)
        secret = self._connections.unseal(row.webhook_sealed) if row.webhook_sealed else ""
        if not (secret and row.follow_path and _knows(secret, headers, body)):
            raise NotThereError(f"There is no repository {repository_id!r} here.")
        return row

    def _asset(self, row: RepositoryRow, path: RelativePath) -> Asset:
        place = RelativePath.parse(row.place).names
        asset = find_asset(self._tree, path) if path.names[: len(place)] == place else None
        if asset is None or asset.path != path:
            raise NotThereError(
                f"{path} is no asset in {row.place}: name one, such as {row.place}."
            )
        return asset


def open_following(
    tree: Tree, repositories: Repositories, publishing: Publishing, background: Background
) -> Following:
    """Return the part, which looks at repositories by the clock while the library serves."""
    following = Following(tree, repositories.connections, repositories.syncing, publishing)
    look = partial(following.follow_all, background.stopping)
    background.every(LEAST_SECONDS, "follow repositories", look)
    return following


def _check_own(caller: Caller, path: RelativePath) -> None:
    """Refuse a place in which others write: they would publish by the caller's grants.

    Raises:
        NotAllowedError: it is not in the caller's own area.
    """
    if split_path(path)[0] != Area(AreaKind.PRIVATE, caller.label):
        raise NotAllowedError(
            f"{path} is not in your own area: what others write there would be published in your "
            "name. Connect the repository with a place of your own."
        )


def _knows(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a request knows a secret, as GitLab and GitHub show it."""
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    token, signature = headers.get(_GITLAB, ""), headers.get(_SIGNATURE, "")
    return hmac.compare_digest(token.encode(), secret.encode()) or hmac.compare_digest(
        signature.encode(), f"sha256={signed}".encode()
    )


def _is_due(row: RepositoryRow, now: datetime) -> bool:
    if row.followed_at is None:
        return True
    last = row.followed_at.replace(tzinfo=UTC)
    return now - last >= timedelta(seconds=row.follow_seconds)
