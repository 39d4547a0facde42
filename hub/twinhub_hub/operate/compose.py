"""A file for Docker Compose: the whole of TwinHub as one service beside its workspaces."""

from __future__ import annotations

import json
import shlex
import stat
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twinhub_hub.operate.engine import engine_address
from twinhub_hub.operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twinhub_hub.operate.units import Service
    from twinhub_hub.settings.loading import LoadedSettings

IMAGE = "twinhub/hub"

BACKUPS = Path("/backups")
"""Where archives go, which must not lie within the installation."""

_SOCKET = Path("/var/run/docker.sock")
_CAPABILITIES: Mapping[str, str] = {
    "CHOWN": "files of users belong to the uid of workspaces",
    "DAC_OVERRIDE": "and are read for backups and archives",
    "FOWNER": "and get their modes",
    "KILL": "a squid that gave up root is stopped",
    "NET_ADMIN": "the walls around workspaces",
    "NET_BIND_SERVICE": "ports below 1024",
    "SETGID": "squid gives up root",
    "SETUID": "likewise",
}
_HEAD = """\
# TwinHub by Docker Compose, made by `twinhub render compose` for {home}.
# Start it:  docker compose --file THIS-FILE up --detach
# Commands:  docker compose --file THIS-FILE exec hub twinhub status
# Make it anew when the folder, the port, the assets root or files that twinhub.yaml names move.
services:
  hub:
    image: {image}
    init: true
    # edge, bridge and walls are this host's; else the processes listen on loopback
    network_mode: host
    restart: unless-stopped
    stop_grace_period: 90s
    read_only: true
    tmpfs:
      - "/tmp:exec"
      - "/run"
    security_opt:
      - "no-new-privileges:true"
"""


def render_compose(service: Service, loaded: LoadedSettings) -> str:
    """Return the file: Compose Specification, and as Docker Compose 1.29 reads it.

    The folder of the installation is mounted at its own path, since Docker mounts folders in it
    into workspaces, by their paths on the host; backups go to a folder beside it. Files and
    folders that the settings name elsewhere are mounted too: the assets root to be written, the
    others read-only.

    Raises:
        OperateError: the library, which works as the uid, could not enter what it gets; or the
            engine is elsewhere.
    """
    home = service.installation.home
    _check_entered((home, loaded.assets), loaded.settings.uid)
    image = f"{IMAGE}:{version('twinhub-hub')}"
    return "".join(
        (
            _HEAD.format(home=home, image=_quoted(image)),
            _block("environment", _environment(service)),
            _block("volumes", _volumes(home, loaded)),
            "    cap_drop:\n      - ALL\n",
            _block("cap_add", _capabilities()),
            _HEALTH,
        )
    )


_HEALTH = """\
    healthcheck:
      test: ["CMD", "twinhub", "status"]
      interval: 60s
      timeout: 30s
      start_period: 300s
"""


def _check_entered(folders: Iterable[Path], uid: int) -> None:
    """Refuse folders that are closed to a uid; Docker makes those on the way to them, open."""
    for folder in filter(Path.is_dir, folders):
        found = folder.stat()
        bit = stat.S_IXOTH
        if uid in {found.st_uid, found.st_gid}:
            bit = stat.S_IXUSR if found.st_uid == uid else stat.S_IXGRP
        if not found.st_mode & bit:
            raise OperateError(
                f"The library works as uid {uid} and could not enter {folder} in a container. Let "
                f"it: chmod o+x {shlex.quote(str(folder))}; what is secret in it has modes of its "
                "own."
            )


def _block(name: str, lines: Iterable[str]) -> str:
    return f"    {name}:\n" + "".join(f"      {line}\n" for line in lines)


def _environment(service: Service) -> Iterator[str]:
    yield f"TWINHUB_HOME: {_quoted(service.installation.home)}"
    if service.port is not None:
        yield f'TWINHUB_PORT: "{service.port}"'
    yield "HOME: /tmp"


def _volumes(home: Path, loaded: LoadedSettings) -> Iterator[str]:
    yield from _mount(_engine_socket(), _SOCKET)
    yield from _mount(home)
    yield f"- {_quoted(f'{home}-backups:{BACKUPS}')}  # for `twinhub backup`, made if it is missing"
    if not loaded.assets.is_relative_to(home):
        yield from _mount(loaded.assets)
    for folder in sorted({path.parent for path in _named_files(loaded)}):
        if not folder.is_relative_to(home):  # its folder, so that a renewed file is seen
            yield from _mount(folder, is_read_only=True)


def _engine_socket() -> Path:
    address = urlsplit(engine_address())
    if address.scheme != "http+unix":
        raise OperateError(
            f"A container of this host needs a socket of its Docker, not {address.geturl()}: run "
            "this command without DOCKER_HOST, on the host that the file is for."
        )
    return Path(address.path)


def _named_files(loaded: LoadedSettings) -> Iterator[Path]:
    """Yield the files that the settings name, absolute."""
    tls, secrets = loaded.settings.site.tls, loaded.settings.secrets
    names = [secrets.cookie_secret_file, secrets.proxy_token_file, secrets.client_secret_file]
    names += [loaded.settings.library.git.ca_file, loaded.settings.library.git.known_hosts]
    if tls is not None:
        names += [tls.certificate_file, tls.key_file, tls.acme.ca_file if tls.acme else None]
    for name in names:
        if name is not None:
            yield (loaded.folder / name).absolute()


def _mount(source: Path, target: Path | None = None, *, is_read_only: bool = False) -> list[str]:
    lines = [
        "- type: bind",
        f"  source: {_quoted(source)}",
        f"  target: {_quoted(target or source)}",
    ]
    return [*lines, "  read_only: true"] if is_read_only else lines


def _capabilities() -> Iterator[str]:
    for name, why in _CAPABILITIES.items():
        yield f"- {name}  # {why}"


def _quoted(value: object) -> str:
    """Return a string of YAML, in which Compose sees no variable."""
    return json.dumps(str(value).replace("$", "$$"))
