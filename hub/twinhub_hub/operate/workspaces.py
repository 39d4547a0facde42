"""The containers and volumes of an installation, as Docker sees them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import docker
from docker.errors import APIError, DockerException, NotFound
from twinhub_api.names import find_label, find_sandbox

from twinhub_hub.broker.environments import labels_of
from twinhub_hub.layers.recipe import OWNER_LABEL
from twinhub_hub.operate.engine import NETWORK_LABEL
from twinhub_hub.operate.errors import EngineError
from twinhub_hub.operate.volumes import remove_containers, remove_volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from docker.models.containers import Container

_STOP_SECONDS = 10
_AT_ONCE = 8


@dataclass(frozen=True)
class Workspace:
    """A workspace's container."""

    name: str
    state: str
    is_outdated: bool
    """Whether it runs on an earlier build of its image."""


def list_workspaces(prefix: str) -> list[Workspace]:
    """Return the containers of an installation.

    Raises:
        EngineError: Docker does not answer.
    """
    try:
        client = docker.from_env()
        return [_describe(client, container) for container in _containers(client, prefix)]
    except DockerException as error:
        raise EngineError("Docker does not answer: workspaces cannot be listed.") from error


def absent_images(images: Iterable[str]) -> list[str]:
    """Return those of the images that are not on the engine's machine.

    Raises:
        EngineError: Docker does not answer.
    """
    try:
        client = docker.from_env()
        try:
            return [image for image in images if not _is_there(client, image)]
        finally:
            client.close()
    except DockerException as error:
        raise EngineError("Docker does not answer: images cannot be listed.") from error


def _is_there(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.get(image)
    except NotFound:
        return False
    return True


def stop_workspaces(prefix: str) -> int:
    """Stop the running workspaces, several at once; return how many there were."""
    return _stop(list(_containers(docker.from_env(), prefix)))


def stop_runs(prefix: str) -> int:
    """End the runs, each as its twin wishes and at last by force; return how many there were."""
    return _stop(list(_runs(docker.from_env(), prefix)))


def _stop(containers: Sequence[Container]) -> int:
    running = [container for container in containers if container.status == "running"]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda container: container.stop(timeout=_STOP_SECONDS), running))
    return len(running)


def remove_workspaces(client: docker.DockerClient, prefix: str, label: str) -> None:
    """End and remove the containers of one user."""

    def find() -> list[Container]:
        found = _containers(client, prefix)
        return [one for one in found if find_label(prefix, one.name or "") == label]

    for container in find():
        with suppress(NotFound):  # the hub was faster
            container.stop(timeout=_STOP_SECONDS)
    remove_containers(find)


def purge_workspaces(prefix: str, network: str) -> list[str]:
    """Remove containers, home volumes, software of twins, bridges; return what was removed."""
    client = docker.from_env()
    removed = []
    for container in (*_containers(client, prefix), *_runs(client, prefix)):
        container.remove(force=True, v=True)
        removed.append(f"container {container.name}")
    for volume in client.volumes.list():
        if volume.name.startswith(f"{prefix}-home-"):
            remove_volume(client, volume.name)
            removed.append(f"volume {volume.name}")
    labels = [f"{key}={value}" for key, value in labels_of(prefix).items()]
    for image in client.images.list(filters={"label": labels}):
        client.images.remove(str(image.id), force=True)
        removed.append(f"image {image.tags[0] if image.tags else image.short_id}")
    for found in client.networks.list(filters={"label": f"{NETWORK_LABEL}={network}"}):
        try:
            found.remove()
        except APIError as error:
            why = f"The network {found.name} is still in use: {error.explanation}"
            raise EngineError(why) from error
        removed.append(f"network {found.name}")
    return removed


def list_layers(prefix: str) -> list[str]:
    """Return the tags of an installation's site layers, and the ids of their earlier builds."""
    client = docker.from_env()
    try:
        images = client.images.list(filters={"label": f"{OWNER_LABEL}={prefix}"})
    finally:
        client.close()
    return sorted(name for image in images for name in image.tags or [image.short_id])


def _runs(client: docker.DockerClient, prefix: str) -> Iterator[Container]:
    for container in client.containers.list(
        all=True, ignore_removed=True, filters={"name": f"^/{prefix}-run-"}
    ):
        if find_sandbox(prefix, container.name or "") is not None:
            yield container


def _containers(client: docker.DockerClient, prefix: str) -> Iterator[Container]:
    start = f"{prefix}-workspace-"
    for container in client.containers.list(
        all=True, ignore_removed=True, filters={"name": f"^/{start}"}
    ):
        if (container.name or "").startswith(start):
            yield container


def _describe(client: docker.DockerClient, container: Container) -> Workspace:
    try:
        newest = client.images.get(container.attrs["Config"]["Image"]).id
    except NotFound:
        newest = container.attrs["Image"]
    return Workspace(
        name=str(container.name),
        state=container.status,
        is_outdated=newest != container.attrs["Image"],
    )
