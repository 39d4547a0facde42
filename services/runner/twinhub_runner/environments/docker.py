"""Environments as images, which TwinHub's broker has an engine build."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from twinhub_api.names import environment_image_for, find_environment

from twinhub_runner.backends.base import BackendError, ImpossibleError
from twinhub_runner.environments.base import NotMadeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from threading import Event

    from twinhub_runner.backends.engine import Engine
    from twinhub_runner.environments.base import Wanted

_OF_THE_ENGINE = re.compile(
    r" ---> |(Step \d+/\d+ : |Removing intermediate container |Successfully (built|tagged) )"
)
"""What an engine says of its own steps, between what they print."""


@dataclass(frozen=True)
class DockerEnvironments:
    """Has images built by a broker."""

    engine: Engine
    prefix: str
    image: str
    """What they stand on."""

    def base(self) -> str:
        """Return the id of the image that they stand on.

        Raises:
            BackendError: it is not there, or nobody says.
        """
        return str(self.engine.ask("GET", f"/images/{self.image}/json").json()["Id"])

    def has(self, address: str) -> bool:
        """Return whether there is such an image.

        Raises:
            BackendError: nobody can say right now.
        """
        tag = environment_image_for(self.prefix, address)
        answer = self.engine.ask("GET", f"/images/{tag}/json", expected={HTTPStatus.NOT_FOUND})
        return answer.status_code != HTTPStatus.NOT_FOUND

    def make(
        self, address: str, wanted: Wanted, say: Callable[[str], None], stopping: Event
    ) -> None:
        """Have an image built; the tag is there when all of it is.

        Raises:
            NotMadeError: the broker refuses it, or a step fails.
            BackendError: nobody answers.
        """
        body = {"python": list(wanted.python), "system": list(wanted.system)}
        try:
            with self.engine.stream("POST", f"/environments/{address}", body=body) as lines:
                _follow(lines, say, stopping)
        except ImpossibleError as error:
            raise NotMadeError(str(error)) from error

    def list_made(self) -> frozenset[str]:
        """Return those that have an image.

        Raises:
            BackendError: nobody can say right now.
        """
        found = self.engine.ask("GET", "/environments").json()
        tags = (tag for one in found for tag in one["RepoTags"] or ())
        return frozenset(one for tag in tags if (one := find_environment(self.prefix, tag)))

    def remove(self, address: str) -> None:
        """Remove an image; one that a container has stays.

        Raises:
            BackendError: nobody does it now.
        """
        gone = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
        self.engine.ask("DELETE", f"/environments/{address}", expected=gone)


def _follow(lines: Iterable[str], say: Callable[[str], None], stopping: Event) -> None:
    """Say what the steps of a build print, to its good end."""
    for line in lines:
        told = json.loads(line)
        if "error" in told:
            raise NotMadeError(str(told["error"]))
        if "built" in told:
            return
        if not _OF_THE_ENGINE.match(line := str(told.get("line", ""))):
            say(line)
        if stopping.is_set():
            raise NotMadeError("nobody waits for it any more")
    raise BackendError("its build was cut off")
