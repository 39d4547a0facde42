"""Units of systemd: TwinHub as a service that starts with the host."""

from __future__ import annotations

import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_hub.installation import Installation
    from twinhub_hub.settings.models import Settings

_LAST_PRIVILEGED_PORT = 1023
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - compared with, not written to


@dataclass(frozen=True, slots=True)
class Service:
    """What a unit is about."""

    installation: Installation
    settings: Settings
    port: int | None
    """Port of the edge where it is another one than the settings say."""
    user: str
    """Whose processes they are."""


def describe(installation: Installation, settings: Settings) -> Service:
    """Return the service of an installation, for the user who asks, with the port it runs on."""
    try:
        port = installation.running.port
    except FileNotFoundError:
        port = settings.site.port
    user = pwd.getpwuid(os.getuid()).pw_name
    return Service(installation, settings, None if port == settings.site.port else port, user)


def render_system_unit(service: Service) -> str:
    """Return a unit for the host's systemd, which starts TwinHub with the host."""
    return _unit(
        [
            "After=network-online.target docker.service",
            "Wants=network-online.target docker.service",
        ],
        [*_service(service), *_as_user(service), *_hardening(service)],
        wanted_by="multi-user.target",
    )


def render_user_unit(service: Service) -> str:
    """Return a unit for a user's own systemd, which can neither wait for Docker nor use low ports.

    Most of the hardening needs the host's systemd.
    """
    hardening = ["NoNewPrivileges=yes", "LockPersonality=yes", "RestrictRealtime=yes"]
    return _unit([], [*_service(service), *hardening], wanted_by="default.target")


def _unit(before: list[str], service: list[str], *, wanted_by: str) -> str:
    sections = {
        "Unit": ["Description=TwinHub, a hub for digital twins", *before],
        "Service": service,
        "Install": [f"WantedBy={wanted_by}"],
    }
    return "\n".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items())


def _service(service: Service) -> Iterator[str]:
    """Yield how it starts and stops: workspaces are Docker's, and go on without TwinHub."""
    home = service.installation.home
    yield f"Environment={_quoted(f'TWINHUB_HOME={home}')}"
    if service.port is not None:
        yield f"Environment=TWINHUB_PORT={service.port}"
    yield "Type=forking"
    yield f"PIDFile={_escaped(service.installation.state / 'supervisord.pid')}"
    yield f"ExecStart={_quoted(_twinhub())} up"
    yield "# the first start may build the workspace image"
    yield "TimeoutStartSec=30min"
    yield "Restart=on-failure"
    yield "RestartSec=5"
    yield "KillMode=mixed"
    yield "TimeoutStopSec=90"
    yield "UMask=0022"


def _as_user(service: Service) -> Iterator[str]:
    """Yield what an ordinary user needs: low ports, and root for the walls."""
    if service.user == "root":
        return
    yield f"User={service.user}"
    site = service.settings.site
    ports = [service.port or site.port, (site.tls.http_port if site.tls else None) or site.port]
    if min(ports) <= _LAST_PRIVILEGED_PORT:
        yield "AmbientCapabilities=CAP_NET_BIND_SERVICE"
    yield f"ExecStartPost=+{_quoted(_twinhub())} walls"


def _hardening(service: Service) -> Iterator[str]:
    """Yield what costs TwinHub nothing: it writes firewall rules and asks Docker, no more."""
    for key in (
        "NoNewPrivileges", "ProtectClock", "ProtectControlGroups", "ProtectHostname",
        "ProtectKernelLogs", "LockPersonality", "RestrictRealtime",
    ):  # fmt: skip
        yield f"{key}=yes"
    yield "ProtectSystem=full"
    yield "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"
    yield "SystemCallArchitectures=native"
    if not any(service.installation.home.is_relative_to(folder) for folder in _TEMPORARY):
        yield "PrivateTmp=yes"


def _twinhub() -> str:
    return str(Path(sys.executable).with_name("twinhub"))


def _escaped(path: object) -> str:
    return str(path).replace("%", "%%")


def _quoted(text: str) -> str:
    return '"' + _escaped(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
