"""A workspace in a container: `DockerSpawner` with short waits, hard limits and logs that last."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from http import HTTPStatus
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, ClassVar

import jupyterhub
from docker.errors import APIError, DockerException, NotFound
from dockerspawner import DockerSpawner
from tornado.web import HTTPError
from traitlets import Dict, Integer, Unicode, default
from twinhub_api import names

from twinhub_hub.acting import PolledByTheHub
from twinhub_hub.layers.recipe import layer_in
from twinhub_hub.settings.images import OWN, OWN_IMAGE
from twinhub_hub.spawners.queue import StartQueue
from twinhub_hub.spawners.readiness import (
    NotListeningError,
    Stages,
    StartFailedError,
    wait_until_listening,
)
from twinhub_hub.spawners.shelf import Shelf
from twinhub_hub.spawners.teams import HasTeams
from twinhub_hub.spawners.tokens import KnowsItsToken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from twinhub_hub.spawners.queue import Waiting
    from twinhub_hub.spawners.shelf import OnDisk

JUPYTERHUB_LABEL = "org.twinhub.jupyterhub"
"""Label of an image that names the JupyterHub version in it."""

_LAYOUTS = "/home/twin/.jupyter/lab/workspaces"
_LOG_LINES = 200
_SHOWN = 200
_OWN_IMAGES = frozenset(image.image for image in OWN.values())
_BROKER_SECONDS = 10
_DOCKER_SECONDS = 30
"""What Docker may take beside the time in which the workspace gets ready."""
_BROKER_WAIT_SECONDS = 0.1
_POLL_SECONDS = 10
"""After this long without an answer a workspace counts as running; it keeps a page waiting."""
_AWAY_WAIT_SECONDS = 1


class TwinHubDockerSpawner(HasTeams, KnowsItsToken, PolledByTheHub, DockerSpawner):  # type: ignore[misc]
    """Starts a container for a user; waits briefly, keeps the log of a start that failed."""

    name_prefix = Unicode("twinhub", help="First part of container names.").tag(config=True)
    docker_threads = Integer(4, help="Docker calls under way at once.").tag(config=True)
    ready_timeout = Integer(120, help="Seconds until a start counts as failed.").tag(config=True)

    concurrent_starts = Integer(20, help="Starts under way at once; more wait.").tag(config=True)

    network_environment = Dict(help="Variables of workspaces on a network, by its name.").tag(
        config=True
    )

    _pool: ClassVar[ThreadPoolExecutor | None] = None
    _starts: ClassVar[StartQueue | None] = None
    _shelf: ClassVar[Shelf] = Shelf()
    _is_being_made = False
    _is_unknown = False

    @cached_property
    def _stages(self) -> Stages:
        return Stages()

    @property
    def executor(self) -> ThreadPoolExecutor:
        """The pool of all Docker calls; upstream has one thread, so a class start would queue."""
        cls = type(self)
        if cls._pool is None:
            cls._pool = ThreadPoolExecutor(self.docker_threads, thread_name_prefix="docker")
        return cls._pool

    @property
    def _queue(self) -> StartQueue:
        """The one queue of all users."""
        cls = type(self)
        if cls._starts is None:
            cls._starts = StartQueue(self.concurrent_starts)
        return cls._starts

    def _docker(self, method: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401
        """Call Docker; wait for a broker that is being restarted, as long as it took nothing."""
        deadline = monotonic() + _BROKER_SECONDS
        while True:
            try:
                return super()._docker(method, *args, **kwargs)
            except (DockerException, OSError) as error:
                if not _was_not_taken(error) or monotonic() > deadline:
                    raise
            sleep(_BROKER_WAIT_SECONDS)

    @property
    def label(self) -> str:
        """The user's label: name of folder, volume and origin."""
        return names.label_for(self.user.name)

    def template_namespace(self) -> dict[str, Any]:
        """Offer ``{label}`` in volumes beside what upstream offers."""
        return {**super().template_namespace(), "label": self.label}

    def get_env(self) -> dict[str, str]:
        """Return the variables of the workspace, with those that its network asks for.

        A further workspace keeps its own layout of JupyterLab: both are on one home.
        """
        own = {"JUPYTERLAB_WORKSPACES_DIR": f"{_LAYOUTS}-{self.name}"} if self.name else {}
        return {**super().get_env(), **own, **self.network_environment.get(self.network_name, {})}

    @property
    def volume_binds(self) -> dict[str, dict[str, str]]:
        """Mount the folders of the user's teams beside what everybody has."""
        binds: dict[str, dict[str, str]] = super().volume_binds
        return binds | {
            f"{self.team_folders}/{team}": {"bind": f"{self.team_places}/{team}", "mode": "rw"}
            for team in self.teams
        }

    async def images_on_disk(self) -> Mapping[str, OnDisk]:
        """Return what is known of each image that the user may choose."""

        async def inspect(image: str) -> Mapping[str, Any]:
            found: Mapping[str, Any] = await self.docker("inspect_image", image)
            return found

        return await self._shelf.look(list(self._get_allowed_images()), inspect)

    @default("object_name")
    def _object_name_default(self) -> str:
        """Name the container from the one module that makes names."""
        return names.container_for(self.name_prefix, self.user.name, self.name)

    async def start(self) -> tuple[str, int]:
        """Start the container and return its address once it listens.

        Raises:
            StartFailedError: with the reason, what to do, and the container's last log lines.
        """
        self._is_being_made = True
        with self._stages.of_one_start() as stages:
            address = await self._start_in_turn(stages)
        self._is_being_made = False
        return address

    async def poll(self) -> int | str | None:
        """Return None while the container runs, and while Docker does not tell.

        JupyterHub takes an exception for "it has stopped" when it starts, forgets the workspace,
        and the next start would remove a container in which somebody works.
        """
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                found: int | str | None = await super().poll()
        except (DockerException, OSError) as error:  # OSError: time-outs, and all of requests
            self._warn_once(error)
            return None
        self._is_unknown = False
        return found

    def _warn_once(self, error: Exception) -> None:
        if not self._is_unknown:
            text = "docker does not tell of user=%s, whose workspace counts as running: %r"
            self.log.warning(text, self.user.name if self.user else "", error)
        self._is_unknown = True

    async def get_url(self) -> str:
        """Return where the container listens; JupyterHub asks for running ones as it starts.

        Until a start is over it has an address that it made up, on which it would wait in vain.
        It is kept as long as Docker tells no other.
        """
        known = str(self.server.url)
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                ip, port = await self.get_ip_and_port()
        except (DockerException, OSError) as error:  # OSError: as in `poll`
            self._warn_once(error)
            return known
        if not ip:  # in no network: JupyterHub would not start with half an address
            return known
        return f"{self.server.proto}://{ip}:{port}{self.server.base_url}"

    def get_network_ip(self, network_settings: dict[str, Any]) -> str:
        """Return the address in the network of this spawner, or in that which the container has.

        The network goes by the user's group; a hub that has just started does not know it yet.
        """
        networks = network_settings["Networks"]
        network: dict[str, Any] = networks.get(self.network_name) or next(
            iter(networks.values()), {}
        )
        return str(network.get("IPAddress", ""))

    async def get_object(self) -> dict[str, Any] | None:
        """Return what Docker says of the container, None if there is none.

        Upstream takes 500 for that too, which Docker also answers while it stops.
        """
        try:
            found: dict[str, Any] = await self.docker("inspect_container", self.object_name)
        except NotFound:
            self.object_id = ""
            return None
        self.object_id = found[self.object_id_key]
        return found

    async def stop(self, now: bool = False) -> None:  # noqa: FBT001, FBT002 - JupyterHub's
        """Stop and remove the container, as soon as Docker answers.

        JupyterHub forgets a workspace whose stop failed: it would run on unseen. What is left of
        a start that failed the next start removes, so nobody waits for that.
        """
        while True:
            if await self._has_stopped(now=now):
                return
            await asyncio.sleep(_AWAY_WAIT_SECONDS)

    async def _has_stopped(self, *, now: bool) -> bool:
        try:
            await super().stop(now)
        except (DockerException, OSError) as error:
            if self._is_being_made or not _is_away(error):
                raise
            self._warn_once(error)
            return False
        return True

    async def delete_forever(self) -> None:
        """Take back where a further workspace led while it did not run: it is gone for good."""
        if self.name:
            await self.user.settings["proxy"].lead_nowhere(self.user, self.name)

    async def _start_in_turn(self, stages: Stages) -> tuple[str, int]:
        async def tell(waiting: Waiting) -> None:
            await stages.reach(5, str(waiting), queued=True)

        limit = self.ready_timeout + _DOCKER_SECONDS
        try:
            async with self._queue.place(tell), asyncio.timeout(limit):
                return await self._start(stages)
        except TimeoutError as error:
            raise StartFailedError(
                f"Docker did not start the workspace within {limit} seconds.",
                remedy="Try again; if it fails once more, tell an administrator.",
            ) from error
        except (DockerException, OSError) as error:
            self.log.warning("docker refused a start user=%s: %s", self.user.name, error)
            raise StartFailedError(
                "Docker could not start the workspace.",
                remedy="Try again; if it fails once more, tell an administrator.",
                log=str(getattr(error, "explanation", error)),
            ) from error

    async def _start(self, stages: Stages) -> tuple[str, int]:
        await stages.reach(10, "Checking the image")
        await self._check_image()
        await stages.reach(20, "Starting the container")
        ip, port = await super().start()
        await stages.reach(50, "JupyterLab is starting")
        try:
            await wait_until_listening(
                ip, port, is_alive=self._is_running, timeout_seconds=self.ready_timeout
            )
        except NotListeningError as error:
            raise await self._give_up(str(error)) from error
        await stages.reach(95, "Opening")
        return ip, port

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the stages of the start that is under way."""
        async for event in self._stages.follow():
            yield event

    async def _check_image(self) -> None:
        image = await self._wanted_image()
        try:
            found = await self.docker("inspect_image", image)
        except NotFound as error:
            raise StartFailedError(
                f"The image {image} is not on this machine.",
                remedy=how_to_get(image, self.name_prefix),
            ) from error
        version = (found["Config"].get("Labels") or {}).get(JUPYTERHUB_LABEL, "")
        if version.partition(".")[0] != jupyterhub.__version__.partition(".")[0]:
            has = f"JupyterHub {version}" if version else "no JupyterHub version on its label"
            raise StartFailedError(
                f"The image {image} has {has}, this hub is {jupyterhub.__version__}.",
                remedy=how_to_renew(image, self.name_prefix),
            )

    async def _wanted_image(self) -> str:
        """Return the image that was asked for, by form or API, if it is offered to this user.

        Without a wish it is the first of those; what the spawner started last may be offered to
        others only by now.
        """
        offered = self._get_allowed_images()
        wanted = self.user_options.get("image")
        if not wanted:
            self.image = next(iter(offered.values()))
            return str(self.image)
        try:
            return str(await self.check_allowed(str(wanted)))
        except HTTPError as error:
            # JupyterHub keeps the options for starts that give none: those would fail for ever
            self.orm_spawner.user_options = {}
            raise StartFailedError(
                f"The image {str(wanted)[:_SHOWN]!r} is not offered here.",
                remedy=f"Choose one of: {', '.join(offered)}.",
                status_code=HTTPStatus.BAD_REQUEST,
            ) from error

    async def _is_running(self) -> bool:
        return await self.poll() is None

    async def _give_up(self, reason: str) -> StartFailedError:
        """Save the log, remove the container, and return what to raise."""
        log = await self._last_log()
        self.log.error("start failed user=%s reason=%r log:\n%s", self.user.name, reason, log)
        try:
            await self.stop_object()
            await self.remove_object()
        except (DockerException, OSError) as error:
            # the next start of this user removes what is left under the same name
            self.log.warning("container left behind name=%s: %s", self.container_name, error)
        self.object_id = ""
        return StartFailedError(
            reason, remedy="Its last lines are below; try again or show them to an admin.", log=log
        )

    async def _last_log(self) -> str:
        try:
            raw: bytes = await self.docker("logs", self.container_id, tail=_LOG_LINES)
        except (DockerException, OSError):
            return ""
        return raw.decode("utf-8", "replace")


def how_to_get(image: str, prefix: str = "") -> str:
    """Return what an administrator does about an image that is not on this machine.

    The ``prefix`` of the installation tells which images are its site layers.
    """
    if layer := layer_in(prefix, image):
        return f"An administrator can build it with `twinhub images build {layer}`."
    if image in _OWN_IMAGES:
        return "An administrator can build it with `twinhub up`."
    return (
        f"An administrator has to build or load it: `docker build --tag {image} ...` or "
        "`docker load`."
    )


def how_to_renew(image: str, prefix: str = "") -> str:
    """Return what an administrator does about an image that does not fit this hub."""
    if layer := layer_in(prefix, image):
        return f"An administrator can build it anew with `twinhub images build {layer}`."
    if image in _OWN_IMAGES:
        return "An administrator can build a fitting one with `twinhub up`."
    return (
        f"An administrator has to build it once more, from {OWN_IMAGE}, which `make images` makes."
    )


def _is_away(error: Exception) -> bool:
    """Return whether Docker did not answer at all, or the broker says so."""
    if isinstance(error, APIError):
        return error.status_code in {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
    return isinstance(error, OSError) or _was_not_taken(error)


def _was_not_taken(error: BaseException | None) -> bool:
    """Return whether nobody listened, so that a repeated call cannot be a second one."""
    while error is not None:
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            return True
        error = error.__cause__ or error.__context__
    return False
