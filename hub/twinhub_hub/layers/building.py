"""Builds a site layer with the Docker engine; the tag moves only when all of it has succeeded."""

from __future__ import annotations

import io
import os
import re
from contextlib import closing, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, NotFound
from urllib3.exceptions import HTTPError

from twinhub_hub.layers.errors import BuildFailedError
from twinhub_hub.operate.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from docker import APIClient

    from twinhub_hub.layers.recipe import Recipe

_BUILD_SECONDS = 3600
_UNPRINTED = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, clipboard
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
"""What would do something to the terminal of whoever reads a log; see ECMA-48."""
_PASSWORDS = re.compile(r"(?<=://)[^/\s]+@")
"""Of proxies and of indexes, which pip and apt name in their errors."""
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


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
            buildargs={**recipe.arguments, **_proxies()}, labels=dict(recipe.labels),
            use_config_proxy=True, rm=True, forcerm=True, nocache=is_fresh, decode=True,
        )  # fmt: skip
        failures: list[str] = []
        with closing(messages):
            for line in _lines(messages, failures):
                output.append(line)
                show(line)
    if failures:
        raise BuildFailedError(failures[0], tuple(output))


def _lines(messages: Iterable[dict[str, Any]], failures: list[str]) -> Iterator[str]:
    pending, deadline = "", monotonic() + _BUILD_SECONDS
    for message in messages:
        if failure := message.get("error"):
            failures.append(_PASSWORDS.sub("***@", str(failure).strip()))
        if monotonic() > deadline:
            failures.append(f"it took longer than {_BUILD_SECONDS // 60} minutes")
            return
        pending += _UNPRINTED.sub("", str(message.get("stream") or "").replace("\r", "\n"))
        *complete, pending = pending.split("\n")
        yield from (_PASSWORDS.sub("***@", line) for line in complete)
    if pending:
        yield _PASSWORDS.sub("***@", pending)


def _proxies() -> dict[str, str]:
    names = (name for proxy in _PROXIES for name in (proxy, proxy.upper()))
    return {name: os.environ[name] for name in names if name in os.environ}


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise EngineError(f"Docker refused: {error.explanation or error}") from error
    except (DockerException, HTTPError, OSError) as error:
        raise EngineError(f"Docker does not answer: {error}") from error
