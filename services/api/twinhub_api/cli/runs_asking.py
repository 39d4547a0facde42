"""One use of a command that runs twins: the runner, what is asked of it, which run is meant."""

from __future__ import annotations

import itertools
import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.cli.command import CommandError
from twinhub_api.cli.terminal import safe
from twinhub_api.client.errors import ClientError
from twinhub_api.client.places import Places
from twinhub_api.client.runner import RunnerClient
from twinhub_api.runner.runs import Status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from twinhub_api.runner.runs import Run

_ID = re.compile(r"[0-9abcdefghjkmnpqrstvwxyz]{20}")
_MOST = 100_000


@dataclass(frozen=True)
class Runs:
    """One use of a command."""

    client: RunnerClient
    places: Places
    options: argparse.Namespace

    @classmethod
    @contextmanager
    def here(cls, options: argparse.Namespace) -> Iterator[Runs]:
        """Yield what this workspace asks with; what the runner refuses ends the command.

        Raises:
            CommandError: it refuses, or does not answer.
        """
        try:
            with RunnerClient.here() as client:
                yield cls(client, Places.from_environment(os.environ), options)
        except ClientError as error:
            raise CommandError(safe(str(error))) from error

    def path(self, text: str) -> str:
        """Return what the runner is told of a twin that somebody names."""
        return self.places.twin_of(text)

    def full_path(self, text: str) -> str:
        """Return the path in the library of a twin that somebody names, also by its name alone."""
        path = self.path(text)
        return path if "/" in path else self.places.path_of(f"digital_twins/{path}")

    def find(self, text: str) -> Run:
        """Return the run of an id, or the newest one of a twin.

        Raises:
            CommandError: there is none.
        """
        if _ID.fullmatch(text):
            return self.client.find(text)
        twin = self.full_path(text)
        found = self.first(self.client.list_runs(twin=twin, page=1), 1)
        if not found:
            raise CommandError(
                f"there is no run of {safe(text)}: `twin ps --all` lists those that there are"
            )
        return found[0]

    def find_open(self, text: str, *, asking: bool = False) -> Run:
        """Return the run of an id, or of a twin the one that somebody can do something with.

        That is the newest that has begun and goes on; else the next that waits; else the newest.
        With ``asking``, one that asks whether to begin comes first.

        Raises:
            CommandError: there is none.
        """
        if _ID.fullmatch(text):
            return self.client.find(text)
        still = list(self.client.list_runs(twin=self.full_path(text), is_open=True))
        wanted = [one for one in still if one.is_asking] if asking else []
        begun = [one for one in still if one.status is not Status.WAITING]
        for first in (*wanted, *begun, *reversed(still)):
            return first
        return self.find(text)

    def first(self, runs: Iterable[Run], limit: int) -> list[Run]:
        """Return so many runs."""
        return list(itertools.islice(runs, max(1, min(limit, _MOST))))

    def print_json(self, *models: BaseModel, is_list: bool = False) -> None:
        """Print what the runner has answered: one value, or a list."""
        data = [model.model_dump(mode="json") for model in models]
        print(json.dumps(data[0] if len(data) == 1 and not is_list else data, indent=2))


def values_of(given: list[str]) -> dict[str, bool | int | float | str]:
    """Return the values of options ``--set``, as text: the runner knows of what types they are.

    Raises:
        CommandError: one has no ``=``.
    """
    values: dict[str, bool | int | float | str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"--set {safe(text)}: write a name and a value, as in p=1")
        values[name] = value
    return values
