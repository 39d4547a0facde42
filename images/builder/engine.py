"""The Docker engine, as far as builds need it; the only module that talks to it."""

from __future__ import annotations

import io
import math
import re
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from twinhub_hub.builds import INPUTS_LABEL
from urllib3.exceptions import HTTPError

from images.builder.errors import BuildError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_READING_LABEL = "org.twinhub.reading"
_READING_LIMIT = timedelta(minutes=10)
_NOBODY = "65534:65534"


@dataclass(frozen=True, slots=True)
class Built:
    """An image as the engine has it."""

    id: str
    created: datetime
    size: int
    """Bytes, all layers."""
    labels: Mapping[str, str]


class Engine:
    """An engine that answered once."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - only half of docker-py is typed
        """Use a low-level client of docker-py."""
        self._client = client

    def find_id(self, tag: str) -> str | None:
        """Return the id of the image with a tag, or None."""
        try:
            with _translated():
                return str(self._client.inspect_image(tag)["Id"])
        except ImageNotFound:
            return None

    def find_inputs(self, tag: str) -> str | None:
        """Return the digest of what the image with a tag was built from, or None."""
        try:
            with _translated():
                labels = self._client.inspect_image(tag)["Config"]["Labels"]
        except ImageNotFound:
            return None
        return labels.get(INPUTS_LABEL) if labels else None

    def describe(self, image: str) -> Built:
        """Return what the engine says of an image.

        Raises:
            EngineError: it has none with this tag or id.
        """
        try:
            with _translated():
                found = self._client.inspect_image(image)
        except ImageNotFound as error:
            raise EngineError(f"there is no image {image}: build it first") from error
        return Built(
            id=str(found["Id"]),
            created=datetime.fromisoformat(f"{found['Created'][:19]}+00:00"),
            size=int(found["Size"]),
            labels=dict(found["Config"]["Labels"] or {}),
        )

    def run_isolated(self, image: str, command: Sequence[str]) -> bytes:
        """Return the text that a program of an image prints, run as nobody without a network.

        It may write nothing, has no capability, and its container is gone afterwards.

        Raises:
            EngineError: the image is not there, or the program failed.
        """
        self._remove_left_readings()
        try:
            with _translated():
                container = self._create_isolated(image, command)
        except ImageNotFound as error:
            raise EngineError(f"there is no image {image}: build it first") from error
        with _translated():
            try:
                return self._output_of(container, image)
            finally:
                self._client.remove_container(container, force=True, v=True)

    def pull(self, tag: str, *, seconds: float) -> None:
        """Pull a public image, or give up after some time.

        Raises:
            EngineError: no registry answered, it refused, or the time was over.
        """
        repository, _, version = tag.rpartition(":")
        deadline = time.monotonic() + seconds
        with _translated(), closing(docker.from_env(timeout=math.ceil(seconds)).api) as client:
            for message in client.pull(repository, tag=version, stream=True, decode=True):
                if failure := message.get("error"):
                    raise EngineError(str(failure))
                if time.monotonic() > deadline:
                    raise EngineError(f"the pull took longer than {seconds:g} s")

    def import_rootfs(self, archive: IO[bytes], tag: str) -> str:
        """Make an image of one layer from an archive of a root file system; return its id."""
        repository, _, version = tag.rpartition(":")
        with _translated():
            self._client.import_image_from_stream(
                archive, repository=repository, tag=version, changes=['CMD ["bash"]']
            )
        return self.find_id(tag) or ""

    def build(
        self,
        archive: bytes,
        tag: str,
        *,
        arguments: Mapping[str, str],
        labels: Mapping[str, str],
        fresh: bool,
        show: Callable[[str], None],
    ) -> str:
        """Build a context and return the image's id; each line of output goes to ``show``.

        A ``fresh`` build runs each step, whatever the cache holds.

        Raises:
            BuildError: a step failed.
        """
        output: list[str] = []
        failures: list[str] = []
        with _translated():
            messages = self._client.build(
                fileobj=io.BytesIO(archive),
                custom_context=True,
                tag=tag,
                buildargs=dict(arguments),
                labels=dict(labels),
                nocache=fresh,
                use_config_proxy=True,
                rm=True,
                forcerm=True,
                decode=True,
            )
            for line in _lines(messages, failures):
                output.append(line)
                show(line)
        if failures:
            raise BuildError(failures[0], tuple(output))
        return self.find_id(tag) or ""

    def _create_isolated(self, image: str, command: Sequence[str]) -> str:
        limits = self._client.create_host_config(
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            # Whatever the engine is set to: what was printed is read from there.
            log_config={"Type": "json-file"},
        )
        created = self._client.create_container(
            image,
            entrypoint=[command[0]],
            command=list(command[1:]),
            user=_NOBODY,
            working_dir="/",
            labels={_READING_LABEL: ""},
            host_config=limits,
        )
        return str(created["Id"])

    def _output_of(self, container: str, image: str) -> bytes:
        self._client.start(container)
        if status := self._client.wait(container)["StatusCode"]:
            said = self._client.logs(container, stdout=False).decode("utf-8", "replace").strip()
            raise EngineError(f"reading the image {image} failed with {status}: {said}")
        return bytes(self._client.logs(container, stderr=False))

    def _remove_left_readings(self) -> None:
        """Remove what a command that was killed while it read an image has left."""
        limit = (datetime.now(UTC) - _READING_LIMIT).timestamp()
        with _translated():
            left = self._client.containers(all=True, filters={"label": _READING_LABEL})
            for container in left:
                if container["Created"] < limit:
                    self._client.remove_container(container["Id"], force=True, v=True)


def connect_engine() -> Engine:
    """Return the engine that the environment names, or the one at the usual socket.

    Raises:
        EngineError: none answers.
    """
    try:
        client = docker.from_env(timeout=600).api
        client.ping()
    except (DockerException, OSError) as error:
        raise EngineError(
            f"no Docker engine answers ({error}): start it, or allow your user to use it"
        ) from error
    return Engine(client)


def _lines(messages: Iterable[dict[str, Any]], failures: list[str]) -> Iterator[str]:
    # To the end, even after a failure: the engine's answer is read whole, and its socket closed.
    pending = ""
    for message in messages:
        if failure := message.get("error"):
            failures.append(str(failure).strip())
        pending += _COLOURS.sub("", str(message.get("stream") or ""))
        *complete, pending = pending.split("\n")
        yield from complete
    if pending:
        yield pending


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ImageNotFound:
        raise
    except APIError as error:
        raise EngineError(str(error.explanation or error)) from error
    except (DockerException, HTTPError, OSError) as error:
        raise EngineError(f"the Docker engine stopped answering: {error}") from error
