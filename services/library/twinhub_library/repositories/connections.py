"""Which places are synced with what, and what lets us in there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from twinhub_kit.files.errors import ExistsError, NotThereError
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.sealing import SealError

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.repositories.addresses import Address, Protocol, check_branch, parse_address
from twinhub_library.repositories.credentials import (
    BadCredentialError,
    Credential,
    CredentialKind,
    CredentialSource,
    check_credential,
    deliver,
)
from twinhub_library.repositories.errors import BusyRepositoryError
from twinhub_library.repositories.hosts import check_host, confirm_host, find_known
from twinhub_library.repositories.objects import why_unfit
from twinhub_library.repositories.refs import clear_leftovers
from twinhub_library.repositories.remotes import Remote
from twinhub_library.repositories.sandbox import Limits, open_sandbox
from twinhub_library.repository import Repository, Walls, running_uid
from twinhub_library.store.repositories import RepositoryRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database
    from twinhub_kit.sealing import Sealer

    from twinhub_library.settings import GitSettings

_GIT = "git"


@dataclass(frozen=True)
class Wanted:
    """What somebody wants a place to be synced with."""

    place: RelativePath
    address: str
    branch: str = ""
    """Empty for the one that its owner made the first."""
    folder: str = ""
    credential: Credential | None = None
    """None for the caller's login where it serves, else for none."""
    host_key: str = ""
    author_name: str = ""
    author_email: str = ""


@dataclass(frozen=True)
class Opened:
    """A connected repository that nobody else works on meanwhile."""

    row: RepositoryRow
    repository: Repository
    place: RelativePath


class Connections:
    """The connected repositories of a library."""

    def __init__(
        self, root: Path, database: Database, settings: GitSettings, *, sealer: Sealer,
        logins: CredentialSource,
    ) -> None:  # fmt: skip
        """Keep git directories below the assets root, in a folder that no workspace has."""
        self._folder = root / OWN_FOLDER / _GIT
        self._uid = running_uid(root)
        self._database, self._settings = database, settings
        self._sealer, self._logins = sealer, logins

    # -- rows

    def list(self) -> list[RepositoryRow]:
        """Return all, by place."""
        with self._database.reading() as session:
            return list(session.scalars(select(RepositoryRow).order_by(RepositoryRow.place)))

    def get(self, repository_id: str) -> RepositoryRow:
        """Return one.

        Raises:
            NotThereError: there is none such.
        """
        with self._database.reading() as session:
            row = session.get(RepositoryRow, repository_id)
        if row is None:
            raise NotThereError(f"There is no repository {repository_id!r} here.")
        return row

    def change(self, repository_id: str, **values: object) -> RepositoryRow:
        """Set columns of one."""
        with self._database.session() as session:
            row = session.get(RepositoryRow, repository_id)
            if row is None:
                raise NotThereError(f"There is no repository {repository_id!r} here.")
            for name, value in values.items():
                setattr(row, name, value)
        return row

    def connect(self, caller: Caller, wanted: Wanted) -> RepositoryRow:
        """Connect a place; nothing of it is read or written yet.

        Raises:
            LibraryError: the address, branch or credential is none; the other side does not answer
                or does not let us in; an SSH host has to be confirmed; the place is connected.
        """
        address, found = self._locate(wanted.address)
        credential = check_credential(address, wanted.credential or self._usual(address))
        self._check_place(wanted.place)
        if wanted.folder and (reason := why_unfit(wanted.folder)):
            raise NotThereError(f"{wanted.folder!r} is no folder of a repository: {reason}.")
        row = RepositoryRow(
            id=secrets.token_hex(8), place=str(wanted.place), address=str(address),
            branch=check_branch(wanted.branch) if wanted.branch else "", folder=wanted.folder,
            connected_by=caller.name, connected_at=datetime.now(UTC),
            author_name=wanted.author_name, author_email=wanted.author_email,
        )  # fmt: skip
        self._set_credential(row, credential)
        folder = self._folder / row.id
        repository = Repository.create(folder, self.walls())
        try:
            row.known_hosts = self._confirm(folder, address, found, wanted.host_key)
            seen = repository.list_remote(self.remote(caller, row))
            row.branch = row.branch or seen.default or next(iter(seen.commits), "main")
            with self._database.session() as session:
                session.add(row)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return row

    def disconnect(self, repository_id: str) -> None:
        """Forget a repository; the files in its place stay."""
        with self.lock(repository_id), self._database.session() as session:
            row = session.get(RepositoryRow, repository_id)
            if row is not None:
                session.delete(row)
        shutil.rmtree(self._folder / repository_id, ignore_errors=True)

    def replace_credential(
        self, caller: Caller, repository_id: str, credential: Credential, host_key: str = ""
    ) -> RepositoryRow:
        """Let another token or key in, after it was tried.

        Raises:
            LibraryError: it does not fit the address, or does not let us in.
        """
        row = self.get(repository_id)
        address, found = self._locate(row.address)
        check_credential(address, credential)
        self._set_credential(row, credential)
        if host_key:
            row.known_hosts = self._confirm(self._folder / row.id, address, found, host_key)
        repository = Repository(self._folder / row.id, self.walls())
        repository.list_remote(self.remote(caller, row))
        return self.change(
            row.id, sealed=row.sealed, credential_kind=row.credential_kind,
            credential_user=row.credential_user, known_hosts=row.known_hosts, fault="",
        )  # fmt: skip

    def recover(self) -> None:
        """Remove git directories that nothing is connected with: a crash left them."""
        if not self._folder.is_dir():
            return
        known = {row.id for row in self.list()}
        for path in self._folder.iterdir():
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)

    # -- working with one

    @contextlib.contextmanager
    def open(self, repository_id: str, *, is_shared: bool = False) -> Iterator[Opened]:
        """Open one for work that nobody else does meanwhile; what is known of it is read then.

        Who only looks at commits takes it as ``is_shared``, and waits for nobody.

        Raises:
            NotThereError: there is none such.
            BusyRepositoryError: somebody works on it.
        """
        self.get(repository_id)
        with contextlib.nullcontext() if is_shared else self.lock(repository_id):
            row = self.get(repository_id)
            repository = Repository(self._folder / row.id, self.walls())
            if not is_shared:
                clear_leftovers(repository.folder / "git")
            try:
                yield Opened(row, repository, RelativePath.parse(row.place))
            finally:
                repository.close()

    @contextlib.contextmanager
    def lock(self, repository_id: str) -> Iterator[None]:
        """Let one operation at a time work on a repository, of whatever process."""
        locks = self._folder.with_name(f"{_GIT}-locks")
        locks.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(locks / repository_id, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise BusyRepositoryError(
                "This repository is being worked on: wait until that has ended, or cancel it."
            ) from error
        finally:
            os.close(descriptor)

    def walls(self) -> Walls:
        """Return how git runs here.

        Raises:
            GitUnavailableError: it cannot.
        """
        limits = Limits(
            seconds=self._settings.most_seconds, cpu_seconds=self._settings.most_seconds,
            file_bytes=self._settings.most_bytes,
        )  # fmt: skip
        return Walls(open_sandbox(self._uid), limits, self._settings.ca_file)

    def parse(self, text: str) -> Address:
        """Return the address that text stands for, if it is one that we speak to here.

        The GitLab that people sign in by is, however the site has it.
        """
        return self._locate(text)[0]

    def _locate(self, text: str) -> tuple[Address, tuple[str, ...]]:
        """Return what `parse` does, and the addresses of its host."""
        allow = self._settings.allow_loopback
        is_login = self._logins.serves
        address = parse_address(text, allow_loopback_http=allow, is_trusted=is_login)
        found = check_host(
            address, allowed=self._settings.hosts, allow_loopback=allow or is_login(address)
        )
        return address, found

    def remote(self, caller: Caller, row: RepositoryRow) -> Remote:
        """Return a repository's other side, with what lets the caller in.

        Raises:
            BadAddressError: the host is none to speak to any more.
            LibraryError: there is nothing that lets the caller in.
        """
        address, found = self._locate(row.address)
        if row.credential_kind == CredentialKind.LOGIN:
            token = self._logins.get_login_token(caller, address)
            login = Credential(CredentialKind.LOGIN, "", token.secret)
            delivery = deliver(address, login, "")
            return Remote(address, delivery, found, by_login=True, may_write=token.may_write)
        delivery = deliver(address, self._kept(row), row.known_hosts, at=found)
        return Remote(address, delivery, found)

    def seal(self, secret: str) -> bytes:
        """Return what the database keeps of a secret."""
        return self._sealer.seal(secret)

    def unseal(self, sealed: bytes) -> str:
        """Return a secret that `seal` was given.

        Raises:
            BadCredentialError: the key is gone that it was encrypted with.
        """
        try:
            return self._sealer.open(sealed)
        except SealError as error:
            raise BadCredentialError(
                "The key that this credential was encrypted with is gone: give it anew."
            ) from error

    def _usual(self, address: Address) -> Credential:
        """Return what is taken where nobody names a credential."""
        serves = self._logins.serves(address)
        return Credential(CredentialKind.LOGIN if serves else CredentialKind.NONE)

    def _kept(self, row: RepositoryRow) -> Credential:
        secret = self.unseal(row.sealed) if row.sealed else ""
        return Credential(CredentialKind(row.credential_kind), row.credential_user, secret)

    def _set_credential(self, row: RepositoryRow, credential: Credential) -> None:
        row.credential_kind, row.credential_user = credential.kind.value, credential.user
        row.sealed = self._sealer.seal(credential.secret) if credential.secret else None

    def _confirm(
        self, folder: Path, address: Address, found: tuple[str, ...], fingerprint: str
    ) -> str:
        if address.protocol is not Protocol.SSH:
            return ""
        site = self._settings.known_hosts
        known = find_known(address, site.read_text("utf-8")) if site else ""
        return known or confirm_host(self.walls(), folder, address, fingerprint, at=found[0])

    def _check_place(self, place: RelativePath) -> None:
        """Refuse a place in which, or in whose folders, one is connected already."""
        for row in self.list():
            other = RelativePath.parse(row.place).names
            shorter = min(len(other), len(place.names))
            if other[:shorter] == place.names[:shorter]:
                raise ExistsError(
                    f"{row.place} is connected with a repository already: disconnect it first."
                )
