"""Publishing an asset as an immutable version, and what becomes of versions later."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.errors import NotAllowedError, ServiceError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON, OWN_FOLDER
from twinhub_library.catalogue import read_metadata
from twinhub_library.publishing.contents import (
    BASES,
    STORE,
    ContentStore,
    discard,
    remove_leftovers,
    stage_folder,
    stage_names,
)
from twinhub_library.publishing.errors import NameTakenError, NotPublishableError, SecretsFoundError
from twinhub_library.publishing.grants import Grants, Verdict
from twinhub_library.publishing.links import Links
from twinhub_library.publishing.rules import check_name, check_version, choose_version
from twinhub_library.publishing.secrets import find_secrets
from twinhub_library.publishing.versions import Versions, owner_of, owns
from twinhub_library.store.publishing import VersionRow
from twinhub_library.tree import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_kit.audit import Audit
    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database

    from twinhub_library.assets import Asset
    from twinhub_library.publishing.contents import Staged
    from twinhub_library.publishing.surroundings import Surroundings
    from twinhub_library.tree import Tree

_LOCK = "publishing.lock"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to publish."""

    asset: Asset
    version: str = ""
    """Empty for the one that the asset says it has."""
    message: str = ""
    changelog: str = ""
    allowed_secrets: tuple[str, ...] = ()
    """Files in which what looks like a secret is none."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version before it is published: checked, with its content staged."""

    row: VersionRow
    """Not yet in the database."""
    staged: Staged
    verdict: Verdict


class Publisher:
    """Makes versions in the common area, and changes what is said of them."""

    def __init__(
        self, tree: Tree, database: Database, audit: Audit, around: Surroundings
    ) -> None:  # fmt: skip
        """Publish into the common area of a tree."""
        self._tree = tree
        self._around = around
        self._audit = audit
        self.grants = Grants(database)
        self.versions = Versions(database)
        self.store = ContentStore(tree, STORE)
        self.bases = ContentStore(tree, BASES)
        self._links = Links(tree)

    def recover(self) -> None:
        """Finish what a crash has left: the links are what the database says."""
        remove_leftovers(self._tree)
        with self.locked():
            for kind in AssetKind:
                self._links.arrange_all(kind, self.versions.list_all(kind))

    def check(self, caller: Caller, wish: Wish) -> Verdict:
        """Check what can be checked without reading all of the content.

        Raises:
            LibraryError: as `prepare` does.
        """
        return self._judge(caller, wish)[0]

    def prepare(self, caller: Caller, wish: Wish) -> Prepared:
        """Check all that can be checked and copy the content; `put` or `discard` follows.

        Raises:
            NotAllowedError: no grant lets the caller publish it, or another owns the name.
            NotPublishableError: it cannot be a version as it is.
            VersionTakenError: the version is not free.
            NameTakenError: something without versions has the name.
            SecretsFoundError: there is likely a secret in it.
        """
        asset = wish.asset
        verdict, version, owner = self._judge(caller, wish)
        staged, inside, companions = self._stage(asset)
        try:
            self._check_secrets(staged, wish.allowed_secrets)
        except (ServiceError, OSError):
            discard(self._tree, staged)
            raise
        row = VersionRow(
            kind=asset.kind.value, name=asset.name, version=version, digest=staged.digest,
            inside=inside, companions=companions, is_folder=asset.is_folder, size=staged.size,
            files=staged.files, owner=owner, author=caller.name, message=wish.message,
            changelog=wish.changelog, origin=str(asset.path), published_at=time.time(),
            allowed_secrets=list(wish.allowed_secrets), is_withdrawn=False, withdrawn_why="",
            is_deprecated=False, deprecated_why="", successor="",
        )  # fmt: skip
        return Prepared(row, staged, verdict)

    def put(self, caller: Caller, prepared: Prepared) -> VersionRow:
        """Publish what was prepared.

        Raises:
            VersionTakenError: somebody was faster.
            NotAllowedError: another has the name since.
        """
        try:
            with self.locked():
                self._recheck(prepared.row)
                self.store.keep(prepared.staged)
                row = self._add(prepared.row)
        except ServiceError:
            self.discard(prepared)
            raise
        self._tell(caller, "publish", row)
        return row

    def put_content(self, caller: Caller, row: VersionRow, *, accepted_by: str) -> VersionRow:
        """Publish a content of the bases: a proposal that somebody accepts.

        Raises:
            VersionTakenError: the version was published meanwhile.
            NotAllowedError: another than who proposed it has the name since.
        """
        with self.locked():
            self._recheck(row)
            self.store.adopt(self.bases, row.digest)
            row = self._add(row)
        self._tell(caller, "publish", row, accepted_by=accepted_by)
        return row

    def discard(self, prepared: Prepared) -> None:
        """Remove what was prepared."""
        discard(self._tree, prepared.staged)

    def deprecate(
        self, caller: Caller, rows: list[VersionRow], *, why: str, successor: str
    ) -> list[VersionRow]:
        """Say of versions that others are better; with an empty ``why`` take it back.

        Raises:
            NotAllowedError: they are another owner's.
        """
        self._check_owner(caller, rows[0])

        def change(row: VersionRow) -> None:
            row.is_deprecated, row.deprecated_why = bool(why), why
            row.successor = successor if why else ""

        changed = self.versions.change(rows, change)
        self._around.announce(RelativePath((COMMON, rows[0].kind, rows[0].name)))
        self._tell(caller, "deprecate", changed[0], versions=len(changed), why=why)
        return changed

    def withdraw(self, caller: Caller, row: VersionRow, *, why: str) -> VersionRow:
        """Hide a version from everybody who does not use it yet; its number stays taken.

        Raises:
            NotAllowedError: it is another owner's.
        """
        self._check_owner(caller, row)

        def change(one: VersionRow) -> None:
            one.is_withdrawn, one.withdrawn_why = True, why

        with self.locked(), self._links.changing(row.kind) as links:
            changed = self.versions.change([row], change, links.prepare)[0]
            links.finish()
        self._announce(changed)
        self._tell(caller, "withdraw", changed, why=why)
        return changed

    def transfer(self, caller: Caller, kind: str, name: str, owner: str) -> list[VersionRow]:
        """Give an asset with all its versions to another owner.

        Raises:
            NotAllowedError: it is not the caller's to give.
        """

        def change(row: VersionRow) -> None:
            row.owner = owner

        with self.locked():
            rows = self.versions.list_of(kind, name)
            self._check_owner(caller, rows[0])
            changed = self.versions.change(rows, change)
        self._tell(caller, "transfer", changed[0], owner=owner)
        return changed

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one thread or process at a time change what is published."""
        with contextlib.ExitStack() as held:
            with translated(RelativePath((OWN_FOLDER, _LOCK))):
                own = held.enter_context(self._tree.open_folder(RelativePath((OWN_FOLDER,))))
                held.enter_context(own.lock(_LOCK))
            yield

    def _judge(self, caller: Caller, wish: Wish) -> tuple[Verdict, str, str]:
        """Return how a caller may publish, under which version, and for which owner."""
        asset = wish.asset
        if asset.area.kind is AreaKind.COMMON:
            raise NotPublishableError(f"{asset.path} is in common already: import it to change it.")
        check_name(asset)
        verdict = self.grants.judge(caller, asset.kind, asset.name)
        found = read_metadata(self._tree, asset)
        version = choose_version(wish.version, found.version, found.source)
        return verdict, version, self._check_free(caller, asset, version)

    def _stage(self, asset: Asset) -> tuple[Staged, str, list[str]]:
        """Copy an asset; return the copy, the asset's name in it, and what belongs to it."""
        if asset.is_folder and not asset.companions:
            return stage_folder(self._tree, asset.path), "", []
        names = [asset.name, *asset.companions]
        return stage_names(self._tree, asset.folder, names), asset.name, list(asset.companions)

    def _check_secrets(self, staged: Staged, allowed: tuple[str, ...]) -> None:
        found = [one for one in find_secrets(self._tree, staged.path) if one.file not in allowed]
        if found:
            raise SecretsFoundError(found)

    def _check_free(self, caller: Caller, asset: Asset, version: str) -> str:
        """Return the owner of an asset that may be published now."""
        rows = self.versions.list_of(asset.kind, asset.name)
        if rows and not owns(caller, rows[0].owner):
            raise _not_owned(rows[0])
        if not rows and (alike := self.versions.find_alike(asset.kind, asset.name)):
            raise NameTakenError(f"{COMMON}/{asset.kind}/{alike} is there: rename yours.")
        check_version(version, [row.version for row in rows])
        self._check_names(asset.kind, asset.name, asset.companions)
        return rows[0].owner if rows else owner_of(asset.area)

    def _check_names(self, kind: str, name: str, companions: tuple[str, ...] | list[str]) -> None:
        obstacle = self._links.find_obstacle(kind, [name, *companions])
        if obstacle is not None:
            raise NameTakenError(
                f"{COMMON}/{kind}/{obstacle} is there without versions, as TwinHub or somebody "
                "else put it there: publish under another name."
            )
        others = [one for one in companions if self.versions.list_of(kind, one)]
        if others:
            raise NameTakenError(f"{COMMON}/{kind}/{others[0]} is an asset itself: rename yours.")

    def _recheck(self, row: VersionRow) -> None:
        """Check under the lock what may have changed meanwhile."""
        rows = self.versions.list_of(row.kind, row.name)
        if rows and rows[0].owner != row.owner:
            raise _not_owned(rows[0])
        check_version(row.version, [one.version for one in rows])
        self._check_names(row.kind, row.name, row.companions)

    def _add(self, row: VersionRow) -> VersionRow:
        """From here on the version is published; a crash leaves its links to `recover`."""
        with self._links.changing(row.kind) as links:
            added = self.versions.add(row, links.prepare)
            links.finish()
        self._announce(added)
        return added

    def _announce(self, row: VersionRow) -> None:
        self._around.announce(RelativePath((COMMON, row.kind, row.name)))

    def _check_owner(self, caller: Caller, row: VersionRow) -> None:
        if not owns(caller, row.owner):
            raise NotAllowedError(
                f"{COMMON}/{row.kind}/{row.name} is of {row.owner.replace(':', ' ')}: ask its "
                "owner or an administrator."
            )

    def _tell(self, caller: Caller, action: str, row: VersionRow, **facts: object) -> None:
        if row.allowed_secrets and action == "publish":
            facts["allowed_secrets"] = ", ".join(row.allowed_secrets)
        path = f"{COMMON}/{row.kind}/{row.name}@{row.version}"
        self._audit.record(caller, action, path, digest=row.digest, **facts)


def _not_owned(row: VersionRow) -> NotAllowedError:
    return NotAllowedError(
        f"{COMMON}/{row.kind}/{row.name} is of {row.owner.replace(':', ' ')}: choose another name, "
        "or ask for a transfer."
    )
