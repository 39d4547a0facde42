"""One use of ``twin assets``: the library, what is asked of it, and who waits for the answer."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twinhub_api.cli.command import CommandError
from twinhub_api.cli.terminal import safe
from twinhub_api.client.errors import ProblemError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import BaseModel

    from twinhub_api.client.library import LibraryClient
    from twinhub_api.client.places import Places
    from twinhub_api.operations import Operation


class Asking:
    """One use of the command: the library, how one's assets are called, and the options."""

    def __init__(self, client: LibraryClient, places: Places, options: argparse.Namespace) -> None:
        """Hold what the command was given."""
        self.client, self.places, self.options = client, places, options

    def path(self, text: str) -> str:
        """Return the library's path of what was typed."""
        return self.places.path_of(text)

    def own_area(self) -> str:
        """Return the area of whoever asks.

        Raises:
            CommandError: nobody is known.
        """
        if not self.places.label:
            raise CommandError(
                "JUPYTERHUB_USER is not set: name the area, or run it in a workspace"
            )
        return self.places.label

    def wait(self, operation: Operation) -> Operation:
        """Wait for long work, and show how far it is where somebody looks."""
        with _progress() as tell:
            return self.client.wait(operation, tell)

    def print_json(self, *models: BaseModel) -> None:
        """Print what the library has answered, as it is: one value, or a list with ``--all``."""
        data = [model.model_dump(mode="json") for model in models]
        print(json.dumps(data[0] if len(data) == 1 else data, indent=2))


def area_of(path: str) -> str:
    """Return the area that a path of the library begins with."""
    names = path.split("/")
    return "/".join(names[: 2 if names[0] == "teams" else 1])


def site_address(environment: Mapping[str, str]) -> str | None:
    """Return the public address of the TwinHub that this workspace is of; None where unknown."""
    hub = environment.get("JUPYTERHUB_PUBLIC_HUB_URL", "").rstrip("/")
    return hub.removesuffix("/hub") if hub else None


@contextmanager
def nearest_of(asking: Asking, text: str) -> Iterator[str]:
    """Yield the path of an asset; where it is not there, name the one that was probably meant."""
    path = asking.path(text)
    try:
        yield path
    except ProblemError as error:
        if error.code != "not-found":
            raise
        nearest = asking.client.find_nearest(path)
        hint = (
            f"did you mean {safe(asking.places.shown(nearest))}?"
            if nearest is not None
            else "`twin assets search` finds what there is, such as models/tank or common/data/x"
        )
        raise CommandError(f"there is no {safe(text)}; {hint}") from error


@contextmanager
def _progress() -> Iterator[Callable[[Operation], None] | None]:
    """Yield what shows the progress on a terminal, and takes it away again; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return

    def tell(operation: Operation) -> None:
        part = f" {100 * operation.done // operation.total}%" if operation.total else ""
        text = safe(operation.text or operation.title)
        print(f"\r\x1b[K{text}{part}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
