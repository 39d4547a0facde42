"""What has to be there before the processes start: settings, secrets, ports, images, assets."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from twinhub_hub.assets.folders import Folder
from twinhub_hub.files import write_private, write_public
from twinhub_hub.images import RUN, own_names
from twinhub_hub.installation import (
    COOKIE_SECRET,
    CRYPT_KEYS,
    CULLER_TOKEN,
    DEFAULT_HOME,
    HUB_TOKEN,
    LIBRARY_KEYS,
    LIBRARY_TOKEN,
    METRICS_TOKEN,
    PROXY_TOKEN,
    RUNNER_KEYS,
    RUNNER_TOKEN,
    USERS_TOKEN,
    Installation,
    Running,
)
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.ports import check_port, find_free, is_free

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twinhub_hub.installation import EngineKind
    from twinhub_hub.operate.steps import Steps
    from twinhub_hub.settings.models import Settings

_DEFAULT_UID = 1000
_LOG_BYTES = 5 * 2**20

_TIME = re.compile(r"^\[ *[\d.]+ s\] ")
"""Since the start of the build, before which ours stands."""

_FIRST_SETTINGS = """\
# Settings of this TwinHub installation. Check this file with: twinhub check
# Every key, its default and what it does: docs/reference/twinhub-yaml.md
version: 1
uid: {uid}
engine:
  prefix: {prefix}
  network: {prefix}
"""


def first_settings(home: Path) -> str:
    """Return the first ``twinhub.yaml`` of an installation.

    One in another folder than the usual one gets a prefix of its own, so that two on one machine
    never share a container, a volume or a network.
    """
    is_usual = home == DEFAULT_HOME.expanduser().absolute()
    prefix = "twinhub" if is_usual else own_prefix(home)
    return _FIRST_SETTINGS.format(uid=os.getuid() or _DEFAULT_UID, prefix=prefix)


def own_prefix(home: Path) -> str:
    """Return a prefix that no installation in another folder has."""
    return "twinhub-" + hashlib.sha256(str(home).encode()).hexdigest()[:6]


def ensure_settings(installation: Installation) -> bool:
    """Write a first ``twinhub.yaml`` if there is none; return whether it was written."""
    if installation.settings_file.exists():
        return False
    write_public(installation.settings_file, first_settings(installation.home))
    return True


def ensure_secrets(installation: Installation) -> None:
    """Generate the secrets that are missing: 32 random bytes each, as hexadecimal text, 0600."""
    for name in (
        COOKIE_SECRET, PROXY_TOKEN, HUB_TOKEN, CULLER_TOKEN, CRYPT_KEYS, METRICS_TOKEN, USERS_TOKEN,
        LIBRARY_TOKEN, LIBRARY_KEYS, RUNNER_TOKEN, RUNNER_KEYS,
    ):  # fmt: skip
        path = installation.secrets / name
        if not path.exists():
            write_private(path, secrets.token_hex(32))


def ensure_service_folders(installation: Installation, assets: Path, *, uid: int) -> None:
    """Make the folders in which library and runner work, which belong to the uid of workspaces."""
    states = (installation.library_state, installation.runner_state)
    with Folder.open_root(installation.home, uid=uid) as home:
        for state in states:
            _ensure_own(home, state.name)
    for state in states:
        _hand_over(state, uid)
    with Folder.open_root(assets, uid=uid) as root:
        _ensure_own(root, ".library")
        _ensure_own(root, ".runs")
        root.make("teams").close()


def _ensure_own(outer: Folder, name: str) -> None:
    """Make a folder that only the service enters, also not who starts TwinHub once more."""
    if not outer.has(name):
        outer.make(name, mode=0o700).close()


def ensure_socket_folder(installation: Installation, *, uid: int) -> None:
    """Make the folder of sockets that whoever starts TwinHub makes and the services may open."""
    folder = installation.sockets
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, 0, uid)
    folder.chmod(0o710)


def _hand_over(folder: Path, uid: int) -> None:
    """Give what a restore has put there to whom the services work as."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)


def choose_ports(
    installation: Installation,
    settings: Settings,
    *,
    port: int,
    ours_running: bool,
    engine: EngineKind,
) -> Running:
    """Return the ports: those of the last start where they still serve, else free ones.

    Raises:
        PortTakenError: another program has the edge's port.
    """
    try:
        last = installation.running
    except FileNotFoundError:
        last = None
    if last is None or last.port != port or not ours_running:
        check_port(port, settings.site.bind)
        if settings.site.tls and settings.site.tls.http_port and not ours_running:
            check_port(settings.site.tls.http_port, settings.site.bind)
    here = settings.engine
    if last is not None and (ours_running or _are_free(last)):
        library_port = last.library_port or find_free(last.hub_port + 1)
        return replace(
            last, port=port, engine=engine, gateway=None, prefix=here.prefix,
            network=here.network, engine_address="", library_port=library_port,
            runner_port=last.runner_port or find_free(library_port + 1),
        )  # fmt: skip
    chosen = [port]
    for _ in range(5):
        chosen.append(find_free(chosen[-1] + 1, besides=chosen))
    return Running(
        engine=engine,
        port=port,
        proxy_port=chosen[1],
        proxy_api_port=chosen[2],
        hub_port=chosen[3],
        library_port=chosen[4],
        runner_port=chosen[5],
        gateway=None,
        prefix=here.prefix,
        network=here.network,
    )


def _are_free(running: Running) -> bool:
    ports = (
        running.proxy_port, running.proxy_api_port, running.hub_port, running.library_port,
        running.runner_port,
    )  # fmt: skip
    return all(is_free(port) for port in ports if port)


def build_images(
    share: Path,
    settings: Settings,
    log: Path,
    steps: Steps,
    *,
    names: Sequence[str] = (),
    is_fresh: bool = False,
) -> None:
    """Build those of TwinHub's own images that were named, else all that are needed.

    What is current is left alone, unless it is to be fresh.

    Raises:
        OperateError: the build failed; its output says where and what to do.
    """
    wanted = names or (*own_names(settings), RUN)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    command = [
        sys.executable, str(share / "images" / "build.py"), *wanted,
        f"--uid={settings.uid}", f"--log={log}", *(["--fresh"] if is_fresh else []),
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as build:
        for line in build.stdout or ():
            steps.say(f"Images: {_TIME.sub('', line.rstrip())}")
    if build.returncode != 0:
        raise OperateError(f"The images could not be built: see {log}")
