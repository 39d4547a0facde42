"""`twinhub restore`: from an archive of `twinhub backup` to an installation that was not there.

All is written below ``.restoring`` in the folder of the installation and moved to its place at the
end. As long as that folder is there, nothing else in the installation counts: `twinhub up` refuses
it, and the next restore removes what the killed one has left and begins anew.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import IO, TYPE_CHECKING, Self

from twinhub_hub.files import sync_folder, write_private, write_public
from twinhub_hub.installation import Installation, remove_tree
from twinhub_hub.operate import archive, volumes
from twinhub_hub.operate.archive import ArchiveReader, Contents
from twinhub_hub.operate.engine import Availability, find_engine
from twinhub_hub.operate.errors import ArchiveError, EngineError, OperateError
from twinhub_hub.operate.folder_writer import FolderWriter
from twinhub_hub.operate.lock import only_one
from twinhub_hub.operate.prepare import own_prefix
from twinhub_hub.settings.editing import set_value
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    import docker

    from twinhub_hub.operate.archive import Content
    from twinhub_hub.operate.steps import Steps

    Members = Iterator[tuple[tarfile.TarInfo, Content | None]]

_ID = "id"
_NEW = "home"
_MIB = 2**20


@dataclass(frozen=True)
class Restored:
    """What was put in place."""

    contents: Contents
    prefix: str


def restore(installation: Installation, source: Path, steps: Steps, *, prefix: str) -> Restored:
    """Make an installation from an archive, under another prefix if one is given.

    The archive is checked from end to end before anything is made.

    Raises:
        ArchiveError: the archive is not whole, damaged, or not one of ours.
        OperateError: there is something where the installation should go.
    """
    _check_empty(installation.home)
    with source.open("rb") as file:
        contents = _verify(file, source, steps, prefix=prefix)
        is_new = not installation.home.exists()
        installation.home.mkdir(parents=True, exist_ok=True)
        with only_one(installation), _client(installation, contents) as client:
            _check_empty(installation.home)
            with _all_or_nothing(installation, client, is_new=is_new) as restore_id:
                _check_names(installation, contents, client)
                with _New(installation, contents, steps, renames=bool(prefix)) as new:
                    new.write(ArchiveReader(file, str(source)), client, restore_id)
                    new.put_in_place()
    return Restored(contents, contents.header.prefix)


def check_restored(installation: Installation) -> None:
    """Return unless a restore of this installation has not ended.

    Raises:
        OperateError: it was killed or is under way; says what to do.
    """
    if installation.restoring.exists():
        raise OperateError(
            f"A restore to {installation.home} has not ended. Repeat it: "
            "twinhub restore FILE; it removes what the first one left."
        )


def _verify(file: IO[bytes], source: Path, steps: Steps, *, prefix: str) -> Contents:
    """Check the archive; return what it holds, with the names that it shall have here."""
    contents = archive.verify(file, str(source))
    steps.say(
        f"Archive: whole, of {contents.header.created}, {contents.members} files and folders, "
        f"{contents.size / _MIB:.1f} MiB"
    )
    uid = contents.header.uid
    if not contents.has_settings:
        raise ArchiveError(
            f"{source}: holds the files of one deleted user, which `tar` takes out of it: see "
            "how-to “Accounts of your own”. It is no installation"
        )
    if os.geteuid() not in {0, uid}:
        raise OperateError(
            f"The files of this archive belong to the uid {uid}, you are {os.geteuid()}: "
            "restore as that user or as root."
        )
    if not prefix:
        return contents
    return replace(contents, header=replace(contents.header, prefix=prefix, network=prefix))


def _check_empty(home: Path) -> None:
    if not home.exists():
        return
    if not home.is_dir():
        raise OperateError(f"{home} is no folder: name another one by TWINHUB_HOME.")
    names = set(os.listdir(home)) - {".lock"}  # noqa: PTH208
    if names and Installation(home).restoring.name not in names:
        raise OperateError(
            f"{home} is not empty. A restore makes a new installation: name an empty folder by "
            "TWINHUB_HOME, or remove this installation first with: twinhub purge"
        )


@contextmanager
def _client(installation: Installation, contents: Contents) -> Iterator[docker.DockerClient | None]:
    """Open a client where an engine answers; there must be one for volumes."""
    found = find_engine()
    needed = contents.has_volumes or installation.restoring.exists()
    answers = found.availability is Availability.ANSWERS
    if needed and not answers and contents.header.engine == "docker":
        raise EngineError(f"The homes go to Docker's volumes. {found.remedy}")
    with volumes.docker_client() if answers else nullcontext() as client:
        yield client


def _check_names(
    installation: Installation, contents: Contents, client: docker.DockerClient | None
) -> None:
    prefix = contents.header.prefix
    taken = volumes.taken_names(client, prefix, contents.header.network) if client else []
    if taken:
        raise OperateError(
            f"Docker has {taken[0]}, which an installation with the prefix {prefix} would take for "
            f"its own. If it is still in use, restore beside it with another prefix:\n"
            f"  twinhub restore --prefix={own_prefix(installation.home)} FILE\n"
            f"If it is not, remove them first: {', '.join(taken)}"
        )


@contextmanager
def _all_or_nothing(
    installation: Installation, client: docker.DockerClient | None, *, is_new: bool
) -> Iterator[str]:
    """Remove what a killed restore has left, give this one an id, and undo it if it fails."""
    _undo(installation, client)
    restore_id = secrets.token_hex(8)
    installation.restoring.mkdir(mode=0o700)
    write_private(installation.restoring / _ID, restore_id)
    try:
        yield restore_id
    except BaseException:
        _undo(installation, client)
        if is_new:
            installation.lock_file.unlink(missing_ok=True)
            with suppress(OSError):
                installation.home.rmdir()
        raise
    remove_tree(installation.restoring)


def _undo(installation: Installation, client: docker.DockerClient | None) -> None:
    """Empty the folder of an installation that a restore has begun to make."""
    if not installation.restoring.exists():
        return
    path = installation.restoring / _ID
    if client is not None and path.exists():
        volumes.remove_unfinished(client, path.read_text("ascii"))
    last = (installation.restoring, installation.lock_file)
    for path in installation.home.iterdir():
        if path not in last:
            remove_tree(path)
    remove_tree(installation.restoring)


class _New:
    """The installation that is made aside."""

    def __init__(
        self, installation: Installation, contents: Contents, steps: Steps, *, renames: bool
    ) -> None:
        self._installation, self._steps, self._renames = installation, steps, renames
        self._prefix = contents.header.prefix
        self._aside = Installation(installation.restoring / _NEW)
        self._assets: tuple[Path, Path] | None = None
        """Where assets outside the folder are written, and where they go."""

    def write(
        self, reader: ArchiveReader, client: docker.DockerClient | None, restore_id: str
    ) -> None:
        """Write every part of the archive."""
        for part, members in groupby(reader.members(), lambda m: m[0].name.partition("/")[0]):
            if part == archive.INSTALLATION:
                _write(members, self._aside.home)
                self._adapt()
            elif part == archive.ASSETS:
                _write(members, self._place_of_assets(), keeps_owners=True)
            elif part == archive.HOMES:
                _write(members, self._aside.homes, keeps_owners=True)
            elif client is not None:
                self._fill_volumes(client, restore_id, members)
            self._steps.say(f"{part.capitalize()}: written")

    def put_in_place(self) -> None:
        """Move what was written to where it belongs, the settings last."""
        os.sync()
        if self._assets:
            aside, place = self._assets
            aside.rename(place)
            sync_folder(place.parent)
        settings = self._aside.settings_file
        others = (path for path in self._aside.home.iterdir() if path != settings)
        for path in (*others, settings):
            path.rename(self._installation.home / path.name)
        sync_folder(self._installation.home)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove assets that did not get to their place."""
        if self._assets and self._assets[0].exists():
            remove_tree(self._assets[0])

    def _adapt(self) -> None:
        """Give the settings the new prefix, and the hub no servers: none of them runs here."""
        if self._renames:
            path = self._aside.settings_file
            try:
                text = set_value(path.read_bytes().decode(), "engine", "prefix", self._prefix)
                text = set_value(text, "engine", "network", self._prefix)
            except ValueError as error:
                raise OperateError(f"The prefix cannot be changed: {error}") from error
            write_public(path, text)
        if self._aside.database.exists():
            forget_servers(self._aside.database)
        load_settings(self._aside.settings_file)

    def _place_of_assets(self) -> Path:
        """Return where to write the assets: what is not below the folder goes beside its place."""
        wanted = load_settings(self._aside.settings_file).settings.storage.assets
        if not wanted.is_absolute() and ".." not in wanted.parts:
            place = self._aside.home / wanted
            place.parent.mkdir(parents=True, exist_ok=True)
            return place
        place = self._installation.home / wanted
        if place.exists() and (not place.is_dir() or os.listdir(place)):  # noqa: PTH208
            raise OperateError(
                f"storage.assets of the archive names {place}, which is there and not empty: "
                "move it away first."
            )
        aside = place.with_name(f".{place.name}.restoring")
        if aside.exists():
            remove_tree(aside)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._assets = aside, place
        return aside

    def _fill_volumes(self, client: docker.DockerClient, restore_id: str, members: Members) -> None:
        filler = volumes.VolumeFiller(client, restore_id)
        next(members)  # the folder of all
        for name, own in groupby(members, lambda m: "/".join(m[0].name.split("/")[:2])):
            filler.fill(f"{self._prefix}-home-{name.partition('/')[2]}", name, own)
        filler.close()


def _write(members: Members, place: Path, *, keeps_owners: bool = False) -> None:
    with FolderWriter(place, keeps_owners=keeps_owners) as writer:
        for member, content in members:
            writer.write(member, content)


def forget_servers(database: Path) -> None:
    """Have the hub know of no running server.

    What a backup knows of them are containers and processes of another installation, which this
    one would take for its own.

    Raises:
        ArchiveError: this is no database of a hub.
    """
    try:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("delete from servers where id in (select server_id from spawners)")
            connection.execute("update spawners set server_id = null, state = null, started = null")
    except sqlite3.Error as error:
        raise ArchiveError(f"state/{database.name}: is no database of a hub: {error}") from error
