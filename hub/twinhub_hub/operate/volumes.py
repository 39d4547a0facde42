"""The volumes that hold homes: which there are, reading one while it is used, filling new ones."""

from __future__ import annotations

import io
import json
import re
import tarfile
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO, TYPE_CHECKING, cast

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import LogConfig

from twinhub_hub.operate import folder_reader
from twinhub_hub.operate.errors import EngineError, OperateError
from twinhub_hub.operate.folder_reader import DONE, TOP, forget_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from docker.models.containers import Container

    from twinhub_hub.operate.archive import Content
    from twinhub_hub.operate.folder_reader import Add, Note

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MARK = "org.twinhub.restore"
"""Label of what a restore has made, with the restore's own id."""

_SECONDS = 600
_REMOVE_SECONDS, _PAUSE_SECONDS = 60, 0.05
_FROM, _TO = "/from", "/to"
_SHOWN = 2000


@contextmanager
def docker_client() -> Iterator[docker.DockerClient]:
    """Open a client with time for long transfers.

    Raises:
        EngineError: Docker does not answer, or refuses.
    """
    try:
        client = docker.from_env(timeout=_SECONDS)
    except DockerException as error:
        raise EngineError("Docker does not answer: start it, then repeat the command.") from error
    try:
        yield client
    except DockerException as error:
        raise EngineError(f"Docker refused: {error}") from error
    finally:
        client.close()


def home_labels(client: docker.DockerClient, prefix: str) -> list[str]:
    """Return the labels of the users whose homes are volumes with a prefix, sorted."""
    start = f"{prefix}-home-"
    names = [str(volume.name) for volume in client.volumes.list()]
    labels = (name.removeprefix(start) for name in names if name.startswith(start))
    return sorted(label for label in labels if _LABEL.fullmatch(label))


def has_volume(client: docker.DockerClient, volume: str) -> bool:
    """Return whether there is a volume of this name."""
    try:
        client.volumes.get(volume)
    except NotFound:
        return False
    return True


def remove_volume(client: docker.DockerClient, volume: str) -> None:
    """Remove a volume, if it is there, after the containers of other commands that name it."""
    remove_containers(
        lambda: client.containers.list(all=True, ignore_removed=True, filters={"volume": volume})
    )
    with suppress(NotFound):
        client.volumes.get(volume).remove()


def remove_containers(find: Callable[[], Iterable[Container]]) -> None:
    """Remove the containers that are found until none is, also those that are going away.

    Raises:
        EngineError: some do not go away.
    """
    deadline = monotonic() + _REMOVE_SECONDS
    while found := list(find()):
        if monotonic() > deadline:
            raise EngineError(f"Docker does not remove the container {found[0].name}.")
        for container in found:
            with suppress(NotFound, APIError):  # its removal is under way
                container.remove(force=True, v=True)
        sleep(_PAUSE_SECONDS)


def taken_names(client: docker.DockerClient, prefix: str, network: str) -> list[str]:
    """Return the containers, volumes and bridges that these names make an installation's own."""
    starts = (f"{prefix}-home-", f"{prefix}-workspace-")
    names = [str(one.name) for one in client.containers.list(all=True, ignore_removed=True)]
    names += [str(one.name) for one in client.volumes.list()]
    bridges = [name for one in client.networks.list() if (name := str(one.name)) == network]
    return [*sorted(name for name in names if name.startswith(starts)), *bridges]


def read_volume(
    client: docker.DockerClient, volume: str, *, image: str, name: str, add: Add, note: Note
) -> None:
    """Hand the members of a volume, called ``name/…``, to ``add``; only reads, in a container.

    The container has the volume read-only, no network, and no right but that to read every file.

    Raises:
        OperateError: the volume could not be read to its end.
    """
    output = _Output(name, note)
    with _reading_container(client, volume, image) as container:
        frames = container.attach(stdout=True, stderr=True, stream=True, demux=True)
        container.start()
        output.frames = frames
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", output), mode="r|") as tar:
                while member := tar.next():
                    member.name = name + member.name.removeprefix(TOP)
                    forget_members(tar)
                    add(member, tar.extractfile(member) if member.isreg() else None)
            while output.read(2**16):
                pass
        except tarfile.TarError:
            output.is_done = False
    if not output.is_done:
        raise OperateError(f"The volume {volume} could not be read:\n{output.said[-_SHOWN:]}")


@contextmanager
def _reading_container(client: docker.DockerClient, volume: str, image: str) -> Iterator[Container]:
    source = Path(folder_reader.__file__).read_text("utf-8")
    try:
        container = client.containers.create(
            image, command=["-I", "-c", source, _FROM], entrypoint=["python3"],
            user="0:0", cap_drop=["ALL"], cap_add=["DAC_READ_SEARCH"], read_only=True,
            security_opt=["no-new-privileges"], network_mode="none", working_dir="/",
            volumes={volume: {"bind": _FROM, "mode": "ro"}},
            log_config=LogConfig(type="none"), auto_remove=True,
        )  # fmt: skip
    except ImageNotFound as error:
        raise OperateError(f"The image {image} is not here. Build it with: twinhub up") from error
    try:
        yield container
    finally:
        with suppress(NotFound, APIError):  # it removes itself
            container.remove(force=True)


class _Output:
    """The standard output of a container as a file; notes come by the other one."""

    def __init__(self, name: str, note: Note) -> None:
        self.frames: Iterator[tuple[bytes | None, bytes | None]] = iter(())
        self.is_done = False
        self.said = ""
        self._name, self._note = name, note
        self._bytes, self._line = b"", b""

    def read(self, size: int) -> bytes:
        while len(self._bytes) < size and (frame := next(self.frames, None)):
            self._bytes += frame[0] or b""
            self._listen(frame[1] or b"")
        chunk, self._bytes = self._bytes[:size], self._bytes[size:]
        return chunk

    def _listen(self, text: bytes) -> None:
        *lines, self._line = (self._line + text).split(b"\n")
        for line in lines:
            try:
                kind, name, why = json.loads(line)
            except ValueError:  # a failing interpreter's own words
                self.said += line.decode("utf-8", "replace") + "\n"
                continue
            if kind == DONE:
                self.is_done = True
            else:
                self._note(kind, self._name + name.removeprefix(TOP), why)


class VolumeFiller:
    """Makes volumes and fills them through the engine; no process runs for it.

    It needs a container to name the volume and an image to make one: an empty image will do.
    """

    def __init__(self, client: docker.DockerClient, restore_id: str) -> None:
        """Make the empty image."""
        self._client, self._labels = client, {_MARK: restore_id}
        self._image = f"twinhub/restore:{restore_id}"
        empty = io.BytesIO()
        with tarfile.open(fileobj=empty, mode="w") as tar:
            folder = tarfile.TarInfo(_TO.strip("/"))
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        repository, tag = self._image.split(":")
        client.api.import_image_from_data(empty.getvalue(), repository=repository, tag=tag)

    def fill(
        self, volume: str, name: str, members: Iterable[tuple[tarfile.TarInfo, Content | None]]
    ) -> None:
        """Make a volume with the members that are called ``name`` and ``name/…``."""
        self._client.volumes.create(volume, labels=self._labels)
        place = f"{_TO}/{TOP}"
        container = self._client.containers.create(
            self._image, command=["none"], network_mode="none", labels=self._labels,
            volumes={volume: {"bind": place, "mode": "rw"}},
        )  # fmt: skip
        try:
            container.put_archive(_TO, _tar_stream(name, members))
        finally:
            container.remove(force=True)

    def close(self) -> None:
        """Remove the empty image."""
        self._client.images.remove(self._image)


def _tar_stream(
    name: str, members: Iterable[tuple[tarfile.TarInfo, Content | None]]
) -> Iterator[bytes]:
    for member, content in members:
        member.pax_headers = {}
        member.name = TOP + member.name.removeprefix(name)
        yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if content is not None:
            yield from content.chunks()
            yield bytes(-member.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def remove_unfinished(client: docker.DockerClient, restore_id: str) -> None:
    """Remove the volumes and the image of a restore that did not end well."""
    mark: dict[str, str | list[str] | bool] = {"label": f"{_MARK}={restore_id}"}
    for container in client.containers.list(all=True, filters=mark):
        container.remove(force=True)
    for volume in client.volumes.list(filters=mark):
        volume.remove()
    with suppress(ImageNotFound):
        client.images.remove(f"twinhub/restore:{restore_id}")
