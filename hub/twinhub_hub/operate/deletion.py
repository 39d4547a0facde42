"""`twinhub users delete`: a user leaves the hub, the files go into an archive, and nothing is lost.

Each step may be repeated, in this order: a record of the deletion, which keeps the name from being
used; the user in the hub, workspace and tokens; what library and runner know of the user; an
archive that appears when it is whole; only then volume and folders; last the account and the
record.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from time import monotonic, sleep
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_api import names

from twinhub_hub.deletions import (
    Deletion,
    find_deletion,
    forget_deletion,
    list_deletions,
    record_deletion,
)
from twinhub_hub.files import sync_folder
from twinhub_hub.installation import remove_tree
from twinhub_hub.native_accounts import account_name, load_accounts, remove_account
from twinhub_hub.operate import archive
from twinhub_hub.operate.archive import ArchiveWriter, Header
from twinhub_hub.operate.asking import ask_to_delete
from twinhub_hub.operate.backup import folder_member, must_ask_docker, whole_or_nothing
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.folder_reader import LOST, FolderReader
from twinhub_hub.operate.forgetting import have_services_forget
from twinhub_hub.operate.process_mode import stop_sandboxes
from twinhub_hub.operate.volumes import docker_client, has_volume, read_volume, remove_volume
from twinhub_hub.operate.workspaces import remove_workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from twinhub_hub.apply.context import Context
    from twinhub_hub.operate.steps import Steps

USER = "user"
"""Kind of the note in an archive's manifest that says whose files it holds."""

_REQUEST_SECONDS = 60
_PAUSE_SECONDS = 0.5
_MIB = 2**20
_LATER = {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
"""What the hub answers while a workspace of the user is starting or stopping."""


_KEPT_BY_THE_LIBRARY = ("bin", "snapshots")
"""Folders below ``.library`` that have one for each label."""


def delete_user(context: Context, name: str, steps: Steps) -> Path | None:
    """Delete a user, or go on where an earlier attempt ended; return the archive, if one was made.

    The caller holds the installation's lock.

    Raises:
        OperateError: there is no such user, the hub does not answer, or something cannot be read.
    """
    folder = context.installation.deletions
    with _client(context) as client:
        if find_deletion(folder, name) is None and _Belongings(context, name, client).are_there():
            record_deletion(folder, name, at=datetime.now(UTC))
        if _remove_from_hub(context, name):
            steps.say(f"Hub: forgot {name}")
        deletion = find_deletion(folder, name)
        if deletion is None:
            raise OperateError(f"There is no user {name!r}, and there are no files of one.")
        return _finish(context, deletion, client, steps)


def finish_deletions(context: Context, steps: Steps) -> None:
    """Go on with every deletion that has been recorded; say which of them cannot be ended."""
    for deletion in list_deletions(context.installation.deletions):
        try:
            delete_user(context, deletion.name, steps)
        except (OperateError, OSError) as error:
            steps.say(f"NOT DELETED: {deletion.name}: {error}")


@contextmanager
def _client(context: Context) -> Iterator[docker.DockerClient | None]:
    if not must_ask_docker(context):
        yield None
        return
    with docker_client() as client:
        yield client


def _finish(
    context: Context, deletion: Deletion, client: docker.DockerClient | None, steps: Steps
) -> Path | None:
    installation, name = context.installation, deletion.name
    belongings = _Belongings(context, name, client)
    belongings.end_workspace()
    steps.say("Workspace: ended")
    have_services_forget(context, name)  # first: they write nothing more for the user
    steps.say(f"Library, runner: forgot {name}")
    target = installation.archive / deletion.archive
    if belongings.have_files() and not target.exists():
        belongings.put_into(target, steps)
    has_archive = target.exists()
    if has_archive:
        with target.open("rb") as file:
            archive.verify(file, str(target))
    steps.say("Files: removing what the archive holds")
    belongings.remove()
    have_services_forget(context, name)  # and what they had from the files meanwhile
    remove_account(installation.native_accounts, name)
    forget_deletion(installation.deletions, name)
    steps.say(f"Deleted: {name}" + ("" if has_archive else ", who had no files"))
    return target if has_archive else None


class _Belongings:
    """What one user has in an installation beside a row in the hub's database."""

    def __init__(self, context: Context, name: str, client: docker.DockerClient | None) -> None:
        installation = context.installation
        self._context, self._name, self._client = context, name, client
        self._label = names.label_for(name)
        self._folder = context.assets / self._label
        self._home = installation.homes / self._label
        self._volume = names.volume_for(context.settings.engine.prefix, name)
        own = context.assets / ".library"
        self._kept = [own / part / self._label for part in _KEPT_BY_THE_LIBRARY]
        for path in (self._folder, self._home, *self._kept):
            if path.is_symlink():
                raise OperateError(
                    f"{path} is a symbolic link: put what it leads to in its place, or remove it."
                )

    def are_there(self) -> bool:
        accounts = load_accounts(self._context.installation.native_accounts)
        return self.have_files() or account_name(self._name) in accounts

    def have_files(self) -> bool:
        folders = (self._folder, self._home, *self._kept)
        return any(folder.exists() for folder in folders) or self._has_volume()

    def _has_volume(self) -> bool:
        return self._client is not None and has_volume(self._client, self._volume)

    def end_workspace(self) -> None:
        """End what the hub may have lost sight of: nothing writes while files are read."""
        stop_sandboxes(self._context.installation, self._label)
        if self._client is not None:
            remove_workspaces(self._client, self._context.settings.engine.prefix, self._label)

    def put_into(self, target: Path, steps: Steps) -> None:
        """Write the archive, which appears when it is whole and on the disk."""
        target.parent.mkdir(mode=0o700, exist_ok=True)
        sync_folder(target.parent.parent)
        unread: list[str] = []

        def note(kind: str, path: str, why: str) -> None:
            writer.note(kind, path, why)
            if kind == LOST:
                unread.append(f"  {path!r}: {why}")

        with (
            whole_or_nothing(target) as file,
            ArchiveWriter(file, self._header()) as writer,
        ):
            writer.note(USER, "", self._name)
            self._write(writer, FolderReader(add=writer.add, note=note))
            if unread:
                raise OperateError(
                    f"Nothing of {self._name} was removed, since this cannot be put into an "
                    "archive. Remove it or make it readable, then repeat the command:\n"
                    + "\n".join(unread[:20])
                )
        steps.say(f"Archive: {writer.members} files and folders, {writer.size / _MIB:.1f} MiB")

    def _write(self, writer: ArchiveWriter, reader: FolderReader) -> None:
        self._write_assets(writer, reader)
        if self._home.exists():
            writer.add(folder_member(archive.HOMES), None)
            reader.read(str(self._home), f"{archive.HOMES}/{self._label}")
        if self._client is not None and self._has_volume():
            writer.add(folder_member(archive.VOLUMES), None)
            read_volume(
                self._client, self._volume,
                image=self._context.settings.workspace.images[0].image,
                name=f"{archive.VOLUMES}/{self._label}", add=writer.add, note=reader.note,
            )  # fmt: skip

    def _write_assets(self, writer: ArchiveWriter, reader: FolderReader) -> None:
        """Write what the library keeps of the user, then the user's own area: in order of names."""
        kept = [folder for folder in self._kept if folder.exists()]
        if self._folder.exists() or kept:
            writer.add(folder_member(archive.ASSETS), None)
        if kept:
            writer.add(folder_member(f"{archive.ASSETS}/.library"), None)
        for folder in kept:
            name = f"{archive.ASSETS}/.library/{folder.parent.name}"
            writer.add(folder_member(name), None)
            reader.read(str(folder), f"{name}/{self._label}")
        if self._folder.exists():
            reader.read(str(self._folder), f"{archive.ASSETS}/{self._label}")

    def _header(self) -> Header:
        settings = self._context.settings
        return Header(
            format=archive.FORMAT,
            twinhub=version("twinhub-hub"),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=self._context.running.engine,
            uid=settings.uid,
            prefix=settings.engine.prefix,
            network=settings.engine.network,
        )

    def remove(self) -> None:
        if self._client is not None:
            remove_volume(self._client, self._volume)
        for folder in (self._folder, self._home, *self._kept):
            remove_tree(folder)
        for log in self._context.installation.logs.glob(f"workspace-{self._label}.log*"):
            log.unlink()


def _remove_from_hub(context: Context, name: str) -> bool:
    """Have the hub stop the workspace and forget the user and all tokens; False: knows none.

    Raises:
        OperateError: it does not answer, or refuses for longer than a start may take.
    """
    path = f"/hub/api/users/{quote(name, safe='')}"
    deadline = monotonic() + context.settings.workspace.start_timeout_seconds + _REQUEST_SECONDS
    while True:
        status, said = ask_to_delete(context, "hub", context.running.hub_port, path)
        if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
            return status == HTTPStatus.NO_CONTENT
        if status not in _LATER or monotonic() > deadline:
            raise OperateError(
                f"The hub did not remove {name}: {said} (status {status}). Repeat the command; if "
                f"that fails once more, see {context.installation.logs / 'hub.log'}."
            )
        sleep(_PAUSE_SECONDS)
