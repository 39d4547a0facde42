"""`twinhub backup`: all that an installation cannot make anew, in one file, while it is used."""

from __future__ import annotations

import os
import sqlite3
import tarfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import IO, TYPE_CHECKING

from twinhub_hub.files import sync_folder
from twinhub_hub.operate import archive
from twinhub_hub.operate.archive import ArchiveWriter, Header
from twinhub_hub.operate.engine import Availability, find_engine
from twinhub_hub.operate.errors import EngineError, OperateError
from twinhub_hub.operate.folder_reader import CHANGED, LOST, SKIPPED, FolderReader
from twinhub_hub.operate.lock import only_one
from twinhub_hub.operate.volumes import docker_client, home_labels, read_volume
from twinhub_hub.settings.secret_files import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twinhub_hub.apply.context import Context
    from twinhub_hub.operate.steps import Steps

COPY = ".copy.sqlite"
"""Name in the state folder of a database's copy, there only while it is read."""

LEFT_OUT = ("uploads", "incoming", "snapshots")
"""Of the library's own folder: what is half sent, and previous versions, each of which would be
written out in full; a backup is one itself."""

_BUSY_SECONDS = 60
_SHOWN = 20
_MIB = 2**20


@dataclass(frozen=True)
class BackUp:
    """What was written."""

    members: int
    size: int
    is_complete: bool
    """Whether everything could be read."""


def back_up(context: Context, target: Path, steps: Steps) -> BackUp:
    """Write an archive of an installation, running or not, that appears only when it is whole.

    Raises:
        OperateError: the target is there already, or something could not be read.
    """
    _check_target(target, context)
    running = context.running
    header = Header(
        format=archive.FORMAT,
        twinhub=version("twinhub-hub"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        engine=running.engine,
        uid=context.settings.uid,
        prefix=context.settings.engine.prefix,
        network=context.settings.engine.network,
    )
    with (
        only_one(context.installation),
        whole_or_nothing(target) as file,
        ArchiveWriter(file, header) as writer,
    ):
        _Source(context, writer, steps).write_all()
    return BackUp(writer.members, writer.size, LOST not in writer.notes)


class _Source:
    """What is backed up, part by part in the archive's order."""

    def __init__(self, context: Context, writer: ArchiveWriter, steps: Steps) -> None:
        self.writer = writer
        self._context, self._steps = context, steps
        self._reader = FolderReader(add=writer.add, note=self._note)

    def write_all(self) -> None:
        self._write_installation()
        left_out = [f"{archive.ASSETS}/.library/{name}" for name in LEFT_OUT]
        self._write_folder(self._context.assets, archive.ASSETS, leave_out=left_out)
        self._write_folder(self._context.installation.homes, archive.HOMES)
        self._write_volumes()

    def _write_installation(self) -> None:
        """Write settings, site Python, secrets and databases; their links would lead elsewhere."""
        installation, name = self._context.installation, archive.INSTALLATION
        reader = FolderReader(add=self._add_no_links, note=self._note)
        self.writer.add(folder_member(name), None)
        # in the order of their names, as an archive has it
        reader.read(str(installation.config_folder), f"{name}/{installation.config_folder.name}")
        self._write_service(reader, installation.library_state, name)
        self._write_service(reader, installation.runner_state, name)
        reader.read(str(installation.secrets), f"{name}/{installation.secrets.name}")
        self.writer.add(folder_member(f"{name}/state"), None)
        for database in sorted(installation.state.glob("*.sqlite")):
            if database.name != COPY:
                self._write_database(reader, database, f"{name}/state/{database.name}")
        if installation.deletions.is_dir():  # after the database: no deletion is missed
            reader.read(str(installation.deletions), f"{name}/state/{installation.deletions.name}")
        reader.read_file(str(installation.settings_file), f"{name}/twinhub.yaml")
        self._name_what_lies_elsewhere()
        self._steps.say("Settings, secrets, databases: read")

    def _write_service(self, reader: FolderReader, state: Path, name: str) -> None:
        """Write a service's database: before the assets, so that all that it tells of is there.

        The library's search index is made anew from them.
        """
        databases = sorted(state.glob("*.sqlite"))
        if databases:
            self.writer.add(folder_member(f"{name}/{state.name}"), None)
        for database in databases:
            if database.name != COPY:
                self._write_database(reader, database, f"{name}/{state.name}/{database.name}")

    def _write_database(self, reader: FolderReader, database: Path, name: str) -> None:
        """Write a copy that is consistent although the hub writes meanwhile."""
        copy = database.with_name(COPY)
        try:
            copy.unlink(missing_ok=True)
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
            copy_database(database, copy)
            reader.read_file(str(copy), name)
        finally:
            copy.unlink(missing_ok=True)

    def _name_what_lies_elsewhere(self) -> None:
        given = self._context.settings.secrets
        installation = self._context.installation
        for file in filter(None, (getattr(given, key) for key in FORMS)):
            path = installation.home / file
            if not path.resolve().is_relative_to(installation.secrets.resolve()):
                self._note(LOST, str(path), "a secret that twinhub.yaml names elsewhere")

    def _write_folder(self, folder: Path, name: str, *, leave_out: Sequence[str] = ()) -> None:
        if folder.is_dir():
            before = self.writer.members, self.writer.size
            self._reader.read(str(folder), name, users_at=1, leave_out=leave_out)
            self._say(name.capitalize(), before)

    def _write_volumes(self) -> None:
        settings = self._context.settings
        if not must_ask_docker(self._context):
            return
        with docker_client() as client:
            labels = home_labels(client, settings.engine.prefix)
            if labels:
                self.writer.add(folder_member(archive.VOLUMES), None)
            for label in labels:
                before = self.writer.members, self.writer.size
                read_volume(
                    client, f"{settings.engine.prefix}-home-{label}",
                    image=settings.workspace.images[0].image,
                    name=f"{archive.VOLUMES}/{label}", add=self.writer.add, note=self._note,
                )  # fmt: skip
                self._say(f"Home of {label}", before)

    def _add_no_links(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        if member.issym():
            self._note(LOST, member.name, "a symbolic link: put the file itself there")
        else:
            self.writer.add(member, content)

    def _note(self, kind: str, name: str, why: str) -> None:
        self.writer.note(kind, name, why)
        count = self.writer.notes[kind]
        words = {SKIPPED: "Left out", CHANGED: "Changing", LOST: "NOT IN THE ARCHIVE"}[kind]
        if count <= _SHOWN:
            self._steps.say(f"{words}: {name!r}: {why}")
        elif count == _SHOWN + 1:
            self._steps.say(f"{words}: more, all listed in the archive's manifest")

    def _say(self, what: str, before: tuple[int, int]) -> None:
        count, size = self.writer.members - before[0], self.writer.size - before[1]
        self._steps.say(f"{what}: {count} files and folders, {size / _MIB:.1f} MiB")


def must_ask_docker(context: Context) -> bool:
    """Whether there may be volumes: some may be left of a time before the process mode.

    Raises:
        EngineError: workspaces run in Docker and it does not answer.
    """
    found = find_engine()
    if found.availability is Availability.ANSWERS:
        return True
    if context.running.engine == "docker":
        raise EngineError(f"The homes are in Docker's volumes. {found.remedy}")
    return False


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite database as it is at one moment, whoever writes in it.

    Raises:
        OperateError: it is no database, or damaged.
    """
    try:
        with (
            closing(
                sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=_BUSY_SECONDS)
            ) as one,
            closing(sqlite3.connect(target)) as other,
        ):
            other.execute("pragma journal_mode = off")  # a killed backup leaves no second file
            one.backup(other)  # in one step: writers wait for it instead of making it start anew
            other.execute("pragma journal_mode = delete")  # a log of its own would be a second file
            said = other.execute("pragma quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise OperateError(f"{source} cannot be copied: {error}") from error
    if said != "ok":
        raise OperateError(f"{source} is damaged: {said}")


def _check_target(target: Path, context: Context) -> None:
    if target.exists() or target.is_symlink():
        raise OperateError(f"{target} is there already: name a new file.")
    folder = target.absolute().parent.resolve()
    if not folder.is_dir():
        raise OperateError(f"{folder} is no folder: make it first.")
    for inside in (context.installation.home.resolve(), context.assets.resolve()):
        if folder.is_relative_to(inside):
            raise OperateError(
                f"{target} would lie within what is backed up: name a file elsewhere."
            )


@contextmanager
def whole_or_nothing(target: Path) -> Iterator[IO[bytes]]:
    """Open a file, 0600, that gets its name when it is complete and on the disk."""
    part = target.absolute().with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)  # of a killed backup
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(part.parent)


def folder_member(name: str) -> tarfile.TarInfo:
    """Return a folder of an archive that stands for none on the disk."""
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o700
    return member
