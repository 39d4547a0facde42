"""What a workspace is given: image, limits, mounts."""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from twinhub_api import names

from twinhub_hub.apply import library, runner
from twinhub_hub.apply.egress import network_environment
from twinhub_hub.apply.limits import GroupPlaces, group_overrides
from twinhub_hub.assets import AssetsError, ensure_user_folder, list_teams
from twinhub_hub.broker.policy import SHORT_LOOKUPS
from twinhub_hub.deletions import find_deletion
from twinhub_hub.egress import NO_NAME_SERVER, closed_networks, network_of
from twinhub_hub.images import images_for
from twinhub_hub.layers.offering import starts_of, with_layers
from twinhub_hub.layers.records import read_offered
from twinhub_hub.pages.image_choice import render_image_choice
from twinhub_hub.spawners.readiness import StartFailedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from jupyterhub.spawner import Spawner

    from twinhub_hub.apply.context import Context
    from twinhub_hub.layers.records import Offered
    from twinhub_hub.settings.models import Settings

    _Layers = Callable[[], Sequence[Offered]]

WORKSPACE = "/workspace"
HOME = "/home/twin"
_START = ["/opt/twinhub/bin/start-workspace"]
LOG = {"type": "json-file", "config": {"max-size": "5m", "max-file": "2"}}
_POLL_SECONDS = 20
_QUEUE_SECONDS = 3600
"""JupyterHub gives a start up after this in the queue; the start itself has a limit of its own."""


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Configure the spawner of the engine that `twinhub up` found."""
    c.Spawner.pre_spawn_hook = before_start(context)
    c.Spawner.default_url = "/lab"
    c.Spawner.environment = {
        **library.workspace_environment(context), **runner.workspace_environment(context)
    }  # fmt: skip
    c.Spawner.poll_interval = _POLL_SECONDS
    c.Spawner.http_timeout = 30
    c.Spawner.consecutive_failure_limit = 0  # one user's broken home must not end the hub
    if context.running.engine == "docker":
        _apply_docker(context, c)
    else:
        _apply_process(context, c)


def before_start(context: Context) -> Callable[[Spawner], Awaitable[None]]:
    """Return what JupyterHub calls before each start: is there a place, is there a folder."""
    places, make_folder = GroupPlaces(context.settings), folder_hook(context)

    async def prepare(spawner: Spawner) -> None:
        places.take(spawner)
        await make_folder(spawner)

    return prepare


def folder_hook(context: Context) -> Callable[[Spawner], Awaitable[None]]:
    """Return what makes a user's folder before the first start.

    It refuses a start as long as there are files of a deleted user of this name.
    """
    template = context.share / "config" / "assets" / "template"

    async def make_folder(spawner: Spawner) -> None:
        if find_deletion(context.installation.deletions, spawner.user.name):
            raise StartFailedError(
                "The files of an earlier user of this name are still to be put into an archive.",
                remedy="Tell an administrator: `twinhub up` does that.",
                status_code=HTTPStatus.CONFLICT,
            )
        label = names.label_for(spawner.user.name)
        groups = [names.label_for(group) for group in _groups_of(spawner)]
        make = partial(ensure_user_folder, template, context.assets, label)
        try:
            teams = await asyncio.to_thread(list_teams, context.assets, groups)
            await asyncio.to_thread(make, uid=context.settings.uid, teams=teams)
        except (AssetsError, OSError) as error:
            spawner.log.exception("folder cannot be made user=%s", spawner.user.name)
            raise StartFailedError(
                "Your folder could not be prepared.",
                remedy="Tell an administrator; the hub's log has the reason.",
            ) from error
        spawner.take_teams(teams)

    return make_folder


def image_form(settings: Settings, layers: _Layers = tuple) -> Callable[[Spawner], Awaitable[str]]:
    """Return what makes the form of a start: the user's images, the last choice selected."""

    async def make_form(spawner: Spawner) -> str:
        groups = _groups_of(spawner)
        images = with_layers(images_for(settings, groups), layers(), groups)
        chosen = spawner.user_options.get("image")
        return render_image_choice(images, chosen, await spawner.images_on_disk())

    return make_form


def offered_to(
    settings: Settings, layers: _Layers = tuple
) -> Callable[[Spawner], Mapping[str, str]]:
    """Return what DockerSpawner asks for the images that a spawner may start, the default first.

    Each is by the image that a user names. Site layers are asked for anew each time.
    """

    def allowed(spawner: Spawner) -> Mapping[str, str]:
        groups = _groups_of(spawner)
        return starts_of(images_for(settings, groups), layers(), groups)

    return allowed


def _groups_of(spawner: Spawner) -> Sequence[str]:
    return [group.name for group in spawner.user.groups]


def _apply_docker(context: Context, c: Any) -> None:  # noqa: ANN401
    workspace, engine = context.settings.workspace, context.settings.engine
    c.JupyterHub.spawner_class = "twinhub_hub.spawners.docker.TwinHubDockerSpawner"
    c.JupyterHub.allow_named_servers = workspace.named > 0
    c.JupyterHub.named_server_limit_per_user = workspace.named
    d = c.TwinHubDockerSpawner
    d.image = workspace.images[0].image
    layers = partial(read_offered, context.installation.layers_file)
    d.allowed_images = offered_to(context.settings, layers)
    d.options_form = image_form(context.settings, layers)
    d.name_prefix = engine.prefix
    d.docker_threads = engine.threads
    d.network_name = network_of(engine.network, workspace.egress)
    d.network_environment = network_environment(context)
    d.use_internal_ip = True
    d.pull_policy = "skip"  # the start checks the image itself, and says who can build it
    d.remove = True
    d.cmd = _START
    d.ready_timeout = workspace.start_timeout_seconds
    d.concurrent_starts = engine.concurrent_starts
    d.start_timeout = _QUEUE_SECONDS + workspace.start_timeout_seconds + 60
    d.volumes = _volumes(context)
    d.team_folders = str(context.assets / "teams")
    d.team_places = f"{WORKSPACE}/teams"
    d.mem_limit = workspace.memory
    d.cpu_limit = workspace.cpus
    d.group_overrides = group_overrides(context.settings)
    d.extra_create_kwargs = {
        "user": str(context.settings.uid),
        "working_dir": WORKSPACE,
        "hostname": "{label}",
    }
    d.extra_host_config = host_config_of(context)


def host_config_of(context: Context) -> Callable[[Spawner], Mapping[str, object]]:
    """Return what DockerSpawner asks for the host's side of each container."""
    workspace = context.settings.workspace
    closed = closed_networks(context.settings.engine.network)

    def host_config(spawner: Spawner) -> Mapping[str, object]:
        name_servers = {"dns": list(NO_NAME_SERVER), "dns_opt": list(SHORT_LOOKUPS)}
        return (name_servers if spawner.network_name in closed else {}) | {
            "auto_remove": False,  # a container that stops by itself keeps its log
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": workspace.processes,
            "shm_size": workspace.shared_memory,
            # of memory and swap together, so that there is no swap; a group's limit may be another
            "memswap_limit": spawner.mem_limit,
            "log_config": LOG,
        }

    return host_config


def _volumes(context: Context) -> dict[str, dict[str, str]]:
    return {
        f"{context.settings.engine.prefix}-home-{{label}}": {"bind": HOME, "mode": "rw"},
        f"{context.assets}/{{label}}": {"bind": WORKSPACE, "mode": "rw"},
        str(context.assets / "common"): {"bind": f"{WORKSPACE}/common", "mode": "ro"},
    }


def _apply_process(context: Context, c: Any) -> None:  # noqa: ANN401
    c.JupyterHub.spawner_class = "twinhub_hub.spawners.process.BubblewrapSpawner"
    installation, workspace = context.installation, context.settings.workspace
    b = c.BubblewrapSpawner
    b.assets = str(context.assets)
    b.team_folders = str(context.assets / "teams")
    b.environments = str(installation.environments)
    b.homes = str(installation.homes)
    b.logs = str(installation.logs)
    b.uid = context.settings.uid
    b.cmd = _START
    b.shared_memory = workspace.shared_memory
    b.ready_timeout = workspace.start_timeout_seconds
    b.start_timeout = workspace.start_timeout_seconds + 30
