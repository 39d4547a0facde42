"""Building the site layers of an installation, and telling the hub which there are."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import docker

from twinhub_hub.installation import share
from twinhub_hub.layers.building import build
from twinhub_hub.layers.errors import BuildFailedError, LayerError
from twinhub_hub.layers.logs import writing
from twinhub_hub.layers.recipe import Sources
from twinhub_hub.layers.records import offer, read_offered, write_offered
from twinhub_hub.layers.remedies import find_remedy
from twinhub_hub.layers.states import find_built, recipe_of, state_of
from twinhub_hub.operate.engine import Availability, find_engine
from twinhub_hub.operate.errors import EngineError
from twinhub_hub.operate.lock import only_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from docker import APIClient

    from twinhub_hub.installation import Installation
    from twinhub_hub.operate.steps import Steps
    from twinhub_hub.settings.layers import Layer
    from twinhub_hub.settings.models import Settings

_SHOWN_LINES = 15
_NOISE = ("site layer: ", "Removing intermediate container", " --->")
_LONGEST_SILENCE_SECONDS = 900


@dataclass(frozen=True)
class Workshop:
    """Where the layers of an installation are built."""

    installation: Installation
    settings: Settings
    client: APIClient
    sources: Sources

    @classmethod
    @contextmanager
    def opened(cls, installation: Installation, settings: Settings) -> Iterator[Self]:
        """Give the workshop of an installation, with a client of the engine.

        Raises:
            EngineError: none answers; says how to start or install it.
        """
        found = find_engine()
        if found.availability is not Availability.ANSWERS:
            raise EngineError(f"Images are Docker's. {found.remedy}")
        client = docker.from_env(timeout=_LONGEST_SILENCE_SECONDS).api
        sources = Sources.of(settings, share=share(), folder=installation.home)
        with closing(client):
            yield cls(installation, settings, client, sources)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off other builds of this installation; says so while it waits."""
        with only_one(self.installation, lock_file=self.installation.images_lock):
            yield

    def ensure(
        self, layer: Layer, steps: Steps, show: Callable[[str], None], *, is_fresh: bool = False
    ) -> None:
        """Build a layer unless it is current, or fresh; a failure leaves the build before in use.

        Raises:
            LayerError: it could not be built; the text has the last lines and what to do.
            EngineError: Docker does not answer.
        """
        recipe = recipe_of(self.client, layer, self.sources)
        if recipe is None:
            raise LayerError(
                f"The layer {layer.name} stands on {layer.base_tag}, which is not on this machine: "
                "build or load that image"
            )
        before = find_built(self.client, recipe.tag)
        if before is not None and before.inputs == recipe.digest and not is_fresh:
            steps.say(f"Layer {layer.name}: {recipe.tag} current")
            return
        steps.say(f"Layer {layer.name}: building on {layer.base_tag}, which can take minutes")
        title = f"layer {layer.name} on {layer.base_tag}"
        try:
            with writing(self.installation.image_log(layer.name), title, show=show) as line:
                build(self.client, recipe, line, is_fresh=is_fresh)
        except BuildFailedError as error:
            raise LayerError(_explain(layer.name, error, is_kept=before is not None)) from error
        steps.say(f"Layer {layer.name}: {recipe.tag} built")

    def publish(self, *, with_unbuilt: bool) -> None:
        """Tell the hub which layers there are, for its next starts.

        One that was never built is left out, unless it is told so or the hub knows it already:
        whoever starts it is told what an administrator has to do.
        """
        path, prefix = self.installation.layers_file, self.sources.prefix
        known = {layer.name for layer in read_offered(path)}
        layers = [
            offered
            for layer in self.settings.workspace.layers
            for offered in [offer(layer, prefix, layer.base_tag)]
            if with_unbuilt or layer.name in known or find_built(self.client, offered.image)
        ]
        write_offered(path, layers)


def ensure_layers(installation: Installation, settings: Settings, steps: Steps) -> None:
    """Build the layers that were never built, name those that are outdated, tell the hub of all.

    A layer that cannot be built stops nothing.

    Raises:
        EngineError: Docker does not answer.
    """
    with Workshop.opened(installation, settings) as workshop:
        if settings.workspace.layers:
            with workshop.alone():
                for layer in settings.workspace.layers:
                    _ensure_first_build(workshop, layer, steps)
        workshop.publish(with_unbuilt=True)


def _ensure_first_build(workshop: Workshop, layer: Layer, steps: Steps) -> None:
    try:
        state, _ = state_of(workshop.client, layer, workshop.sources)
        if state == "absent":
            workshop.ensure(layer, steps, lambda _: None)
        elif state == "outdated":
            steps.say(
                f"Layer {layer.name}: outdated, the build before is in use; renew it with "
                f"`twinhub images build {layer.name}`"
            )
    except LayerError as error:
        steps.say(str(error))


def choose_layers(settings: Settings, names: Sequence[str]) -> Sequence[Layer]:
    """Return the layers of these names, in the order of ``twinhub.yaml``."""
    return [layer for layer in settings.workspace.layers if layer.name in names]


def _explain(name: str, error: BuildFailedError, *, is_kept: bool) -> str:
    said = [line for line in error.output if line.strip() and not line.startswith(_NOISE)]
    shown = said[-_SHOWN_LINES:]
    text = "\n".join((*error.output, str(error)))
    use = (
        "The build before stays in use."
        if is_kept
        else "There is no build before, so nobody can start it yet."
    )
    return "\n".join(
        [
            f"The layer {name} could not be built: {find_remedy(text)}",
            *(f"    {line[:200]}" for line in shown),
            f"{use} The whole log: twinhub images log {name}",
        ]
    )
