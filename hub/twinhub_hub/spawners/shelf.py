"""What Docker knows of images, remembered for a while: pages ask often, images change rarely."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    _Inspect = Callable[[str], Awaitable[Mapping[str, Any]]]

REMEMBERED_SECONDS, ABSENT_SECONDS = 300.0, 5.0
"""How long an image is not asked about again, and one that was not there."""


@dataclass(frozen=True)
class OnDisk:
    """What is known of an image on the engine's machine."""

    is_there: bool = True
    """Also where Docker does not tell."""
    size: int | None = None
    """Bytes, with all that it shares with other images; None where Docker does not tell."""


class Shelf:
    """The images of one engine, for all spawners."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._known: dict[str, tuple[float, OnDisk]] = {}

    async def look(self, images: Sequence[str], inspect: _Inspect) -> Mapping[str, OnDisk]:
        """Return what is known of some images, by their names."""
        return {image: await self._look_at(image, inspect) for image in images}

    async def _look_at(self, image: str, inspect: _Inspect) -> OnDisk:
        until, known = self._known.get(image, (0.0, OnDisk()))
        if self._clock() < until:
            return known
        try:
            size = (await inspect(image)).get("Size")
        except NotFound:
            return self._remember(image, OnDisk(is_there=False), ABSENT_SECONDS)
        except (DockerException, OSError):
            return OnDisk()
        found = OnDisk(size=size if isinstance(size, int) else None)
        return self._remember(image, found, REMEMBERED_SECONDS)

    def _remember(self, image: str, found: OnDisk, seconds: float) -> OnDisk:
        self._known[image] = (self._clock() + seconds, found)
        return found
