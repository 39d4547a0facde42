"""How the images of an installation are: built or not, how large, by whom used."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import docker
from docker.errors import APIError, DockerException

from twinhub_hub.images import all_images
from twinhub_hub.layers.errors import LayerError
from twinhub_hub.layers.logs import ENDED, read_end
from twinhub_hub.layers.recipe import LAYER_LABEL, OWNER_LABEL, Sources, tag_of
from twinhub_hub.layers.states import find_built, state_of
from twinhub_hub.operate.errors import EngineError
from twinhub_hub.settings.images import OWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docker import APIClient

    from twinhub_hub.apply.context import Context
    from twinhub_hub.installation import Installation
    from twinhub_hub.layers.states import Built
    from twinhub_hub.operate.layers import Workshop
    from twinhub_hub.settings.layers import Layer
    from twinhub_hub.settings.models import Settings


_VERSION = "1.40"
"""Of Docker's interface: the oldest that the broker passes on."""

_SECONDS = 3
_LINES, _LONGEST = 40, 300


@dataclass(frozen=True)
class ImageReport:
    """One image that workspaces may run on."""

    name: str
    """The layer's name, or the image's."""
    tag: str
    state: str
    """``current``, ``outdated`` or ``absent``; ``present`` where nobody here could tell more."""
    size_bytes: int
    built: str
    """When, in ISO 8601; empty when it is absent."""
    groups: tuple[str, ...] = ()
    """Those whose members get it; empty for everybody."""
    is_layer: bool = False
    workspaces: int = 0
    """How many run on it, earlier builds included."""


def look_at_images(workshop: Workshop) -> Sequence[ImageReport]:
    """Return every image of an installation.

    Raises:
        EngineError: Docker does not answer.
    """
    running = _count_workspaces(workshop.client, workshop.sources.prefix)
    return report_images(workshop.client, workshop.settings, workshop.sources, running)


def report_images(
    client: APIClient, settings: Settings, sources: Sources, running: Mapping[str, int]
) -> Sequence[ImageReport]:
    """Return every image that the settings name, then the layers; ``running`` is by tag.

    Raises:
        EngineError: Docker does not answer.
    """
    tags = [image.image for image in all_images(settings)]
    tags += [layer.base_tag for layer in settings.workspace.layers]
    plain = [_report_image(client, tag, running) for tag in dict.fromkeys(tags)]
    layers = [_report_layer(client, one, sources, running) for one in settings.workspace.layers]
    return [*plain, *layers]


@dataclass(frozen=True)
class ShownImage:
    """An image as admins see it on the page of the installation."""

    report: ImageReport
    log: Sequence[str]
    """The last lines of a layer's last build."""

    @property
    def has_failed(self) -> bool:
        """Whether the last build ended without an image, and what is asked for is not there."""
        has_ended = bool(self.log) and self.log[-1].startswith(ENDED)
        return has_ended and self.report.state != "current"


def look_through_broker(context: Context) -> Sequence[ShownImage]:
    """Return every image of an installation as the hub sees it; none where Docker is away."""
    installation = context.installation
    sources = Sources.of(context.settings, share=context.share, folder=installation.home)
    try:
        client = docker.APIClient(
            base_url=f"http+unix://{installation.broker_socket}", version=_VERSION, timeout=_SECONDS
        )
        with closing(client):
            reports = report_images(client, context.settings, sources, {})
    except (DockerException, EngineError):
        return ()
    return [
        ShownImage(one, _end_of_log(installation, one.name) if one.is_layer else ())
        for one in reports
    ]


def _end_of_log(installation: Installation, layer: str) -> Sequence[str]:
    return [line[:_LONGEST] for line in read_end(installation.image_log(layer), _LINES)]


def prune(workshop: Workshop) -> Sequence[str]:
    """Remove this installation's layers of earlier builds, and those of other names or versions.

    What a container has stays.

    Raises:
        EngineError: Docker does not answer.
    """
    prefix = workshop.sources.prefix
    wanted = {tag_of(prefix, layer.name) for layer in workshop.settings.workspace.layers}
    try:
        found = workshop.client.images(filters={"label": [LAYER_LABEL, f"{OWNER_LABEL}={prefix}"]})
        return [
            f"{image['Labels'][LAYER_LABEL]} {image['Id'][7:19]}"
            for image in found
            if wanted.isdisjoint(image["RepoTags"] or ()) and _remove(workshop.client, image["Id"])
        ]
    except (DockerException, OSError) as error:
        raise EngineError(f"Docker does not answer: {error}") from error


def _remove(client: APIClient, image: str) -> bool:
    try:
        client.remove_image(image)
    except APIError:  # a container has it, or a build in progress
        return False
    return True


def _report_image(client: APIClient, tag: str, running: Mapping[str, int]) -> ImageReport:
    built = find_built(client, tag)
    name = next((name for name, own in OWN.items() if own.image == tag), tag)
    report = _report(name, tag, "present" if built else "absent", built)
    return replace(report, workspaces=running.get(tag, 0))


def _report_layer(
    client: APIClient, layer: Layer, sources: Sources, running: Mapping[str, int]
) -> ImageReport:
    tag = tag_of(sources.prefix, layer.name)
    try:
        state, built = state_of(client, layer, sources)
    except LayerError:  # its lock is wrong, so it is not what is asked for
        built = find_built(client, tag)
        state = "outdated" if built else "absent"
    report = _report(layer.name, tag, state, built)
    return replace(report, groups=layer.groups, is_layer=True, workspaces=running.get(tag, 0))


def _report(name: str, tag: str, state: str, built: Built | None) -> ImageReport:
    return ImageReport(name, tag, state, built.size if built else 0, built.created if built else "")


def _count_workspaces(client: APIClient, prefix: str) -> Counter[str]:
    start = f"/{prefix}-workspace-"
    try:
        found = client.containers(filters={"name": f"^{start}"})
    except (DockerException, OSError) as error:
        raise EngineError(f"Docker does not answer: {error}") from error
    names = [client.inspect_container(one["Id"])["Config"]["Image"] for one in found]
    return Counter(names)
