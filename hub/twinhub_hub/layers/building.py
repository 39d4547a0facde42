"""Builds a site layer with the Docker engine; the tag moves only when all of it has succeeded."""

from __future__ import annotations

import io
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, NotFound
from urllib3.exceptions import HTTPError

from twinhub_hub.builds import read_build
from twinhub_hub.layers.errors import BuildFailedError
from twinhub_hub.operate.errors import EngineError
from twinhub_hub.proxies import proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import APIClient

    from twinhub_hub.layers.recipe import Recipe

_BUILD_SECONDS = 3600


def find_image(client: APIClient, tag: str) -> dict[str, Any] | None:
    """Return what Docker says of the image with a tag, None if there is none.

    Raises:
        EngineError: Docker does not answer.
    """
    with _translated():
        try:
            found: dict[str, Any] = client.inspect_image(tag)  # type: ignore[no-untyped-call]
        except NotFound:
            return None
    return found


def build(
    client: APIClient, recipe: Recipe, show: Callable[[str], None], *, is_fresh: bool = False
) -> None:
    """Build a recipe and give its image the tag; each line of output goes to ``show``.

    A fresh build takes nothing from builds before: packages without a version are the newest. Who
    is interrupted ends the build: the engine gives it up when nobody listens any more.

    Raises:
        BuildFailedError: a step failed, or it took longer than an hour.
        EngineError: Docker does not answer.
    """
    output: list[str] = []
    with _translated():
        messages = client.build(
            fileobj=io.BytesIO(recipe.archive), custom_context=True, tag=recipe.tag,
            buildargs={**recipe.arguments, **proxies()}, labels=dict(recipe.labels),
            use_config_proxy=True, rm=True, forcerm=True, nocache=is_fresh, decode=True,
        )  # fmt: skip
        failures: list[str] = []
        with closing(messages):
            for line in read_build(messages, failures, _BUILD_SECONDS):
                output.append(line)
                show(line)
    if failures:
        raise BuildFailedError(failures[0], tuple(output))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise EngineError(f"Docker refused: {error.explanation or error}") from error
    except (DockerException, HTTPError, OSError) as error:
        raise EngineError(f"Docker does not answer: {error}") from error
