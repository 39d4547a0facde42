"""The Docker engine, as far as builds need it; the only module that talks to it."""

from __future__ import annotations

import io
import math
import re
import time
from contextlib import closing, contextmanager
from typing import IO, TYPE_CHECKING, Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from urllib3.exceptions import HTTPError

from images.builder.errors import BuildError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

INPUTS_LABEL = "org.twinhub.inputs"
"""The label with the digest of what an image was built from."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


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
        show: Callable[[str], None],
    ) -> str:
        """Build a context and return the image's id; each line of output goes to ``show``.

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
