"""The Docker engine: find it, say how to start it, install it only where there is none."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import docker
from docker.errors import DockerException, NotFound
from docker.utils import parse_host

from twinhub_hub.operate.errors import EngineError
from twinhub_hub.operate.programs import find_program

if TYPE_CHECKING:
    from docker.models.networks import Network

    from twinhub_hub.operate.steps import Steps

_ENGINES = {
    # program that is there when the engine is installed -> how to start it
    "dockerd": "sudo systemctl start docker",
    "dockerd-rootless.sh": "systemctl --user start docker",
    "com.docker.backend": "systemctl --user start docker-desktop",
    "colima": "colima start",
    "podman": "systemctl --user start podman.socket",
}
_PLACES = {Path("/opt/docker-desktop/bin/com.docker.backend"): "com.docker.backend"}
_START_SECONDS = 60
_ANY_VERSION = "1.44"
_LOOK_SECONDS = 3
_LOG = Path("/var/log/dockerd.log")


class Availability(Enum):
    """What was found."""

    ANSWERS = "answers"
    STOPPED = "stopped"
    DENIED = "denied"
    ABSENT = "absent"


@dataclass(frozen=True)
class Engine:
    """What was found, and how to go on from there."""

    availability: Availability
    version: str = ""
    remedy: str = ""


def find_engine() -> Engine:
    """Ask the engine that Docker's own settings name (``DOCKER_HOST``, else the usual socket)."""
    # a fixed version: negotiating one in the constructor would leak the connection of a failure
    try:
        client = docker.from_env(version=_ANY_VERSION, timeout=10)
    except DockerException as error:  # DOCKER_HOST is no address
        return _explain(error)
    try:
        version = str(client.api.version(api_version=False)["Version"])
    except (DockerException, OSError) as error:
        return _explain(error)
    finally:
        client.close()
    return Engine(Availability.ANSWERS, version=version)


def engine_address() -> str:
    """Return where the engine answers that `find_engine` asks: ``http+unix://`` and a path, or URL.

    Raises:
        EngineError: the broker has no way there.
    """
    uses_tls = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    address = str(parse_host(os.environ.get("DOCKER_HOST"), tls=uses_tls))
    if not address.startswith(("http+unix://", "http://", "https://")):
        raise EngineError(f"TwinHub reaches Docker by unix:// or tcp://, not {address}.")
    return address


def find_root() -> str:
    """Return the folder in which the engine keeps images and volumes, as the engine names it."""
    client = docker.from_env()
    try:
        return str(client.info()["DockerRootDir"])
    finally:
        client.close()


def ask_broker(broker_socket: Path, seconds: float = _LOOK_SECONDS) -> str:
    """Return the version of the engine behind a broker; empty when none answers in time."""
    # without docker-py, which leaves the connection open when an answer does not come
    connection = http.client.HTTPConnection("broker")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(seconds)
    try:
        connection.sock.connect(str(broker_socket))
        connection.request("GET", "/version")
        return str(json.loads(connection.getresponse().read())["Version"])
    except (http.client.HTTPException, OSError, ValueError, KeyError):
        return ""
    finally:
        connection.close()


def _explain(error: Exception) -> Engine:
    if "PermissionError" in repr(error) or "Permission denied" in str(error):
        return Engine(
            Availability.DENIED,
            remedy="Docker runs, but this user may not use it. Run: "
            "sudo usermod -aG docker $USER, sign in again, then repeat this command.",
        )
    installed = next((name for name in _ENGINES if find_program(name)), None) or next(
        (name for place, name in _PLACES.items() if place.exists()), None
    )
    if installed is not None:
        start = _start_command(installed)
        return Engine(
            Availability.STOPPED,
            remedy=f"{installed} is installed but does not answer. Start it with: {start}",
        )
    if os.environ.get("DOCKER_HOST"):
        return Engine(
            Availability.STOPPED,
            remedy="Nothing answers at DOCKER_HOST: start that engine or unset the variable.",
        )
    return Engine(Availability.ABSENT, remedy="Run: twinhub up --engine=install")


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _start_command(name: str) -> str:
    if name == "dockerd" and not _has_systemd():
        return f"sudo sh -c 'setsid dockerd >{_LOG} 2>&1 &'"
    return _ENGINES[name]


def install_packages(*packages: str, without_service: str = "") -> None:
    """Install Debian's or Ubuntu's packages, and stop the service that one of them starts.

    Raises:
        EngineError: a command failed.
    """
    prefix = _as_root()
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    _run([*prefix, "apt-get", "update", "-q"])
    _run([*prefix, *environment, "apt-get", "install", "-y", "-q", *packages])
    if without_service and _has_systemd():
        _run([*prefix, "systemctl", "disable", "--now", without_service])


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo"]


def install_engine(steps: Steps) -> None:
    """Install Debian's or Ubuntu's ``docker.io`` and start it.

    Raises:
        EngineError: this system has no apt, a command failed, or the engine does not answer.
    """
    if find_program("apt-get") is None:
        raise EngineError(
            "ENGINE=install needs Debian or Ubuntu (apt-get): install Docker by hand."
        )
    prefix = _as_root()
    steps.say("Docker engine: none found, installing docker.io")
    install_packages("docker.io")
    steps.say("Docker engine: starting")
    if _has_systemd():
        _run([*prefix, "systemctl", "enable", "--now", "docker"])
    else:
        _start_daemon(prefix)
    _wait_for_engine()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise EngineError(f"`{' '.join(command)}` failed:\n{tail}")


def _start_daemon(prefix: list[str]) -> None:
    """Start dockerd by itself where no service manager runs, out of our process group."""
    if find_engine().availability is Availability.ANSWERS:
        return  # the package started it
    _run([*prefix, "sh", "-c", f"setsid dockerd </dev/null >{_LOG} 2>&1 &"])


def _wait_for_engine() -> None:
    deadline = monotonic() + _START_SECONDS
    while (engine := find_engine()).availability is not Availability.ANSWERS:
        if engine.availability is Availability.DENIED:
            raise EngineError(engine.remedy)
        if monotonic() > deadline:
            raise EngineError(
                f"Docker was installed but does not answer: see {_LOG} or journalctl."
            )
        sleep(0.2)


NETWORK_LABEL = "org.twinhub.network"
"""Label of each of our networks; its value is the name of the installation's first one."""


@dataclass(frozen=True)
class Bridge:
    """TwinHub's own bridge on this host."""

    interface: str
    gateway: str
    """This host's address on it."""


def has_network(name: str) -> bool:
    """Return whether there is a Docker network of that name."""
    client = docker.from_env()
    try:
        client.networks.get(name)
    except NotFound:
        return False
    finally:
        client.close()
    return True


def ensure_network(name: str, installation: str = "") -> Bridge:
    """Make a bridge of TwinHub's own if it is missing and return what it is on this host.

    Containers on it cannot reach each other (``enable_icc`` is off). ``installation`` is the name
    of the installation's first bridge, where this is another one.

    Raises:
        EngineError: a network of that name exists that is not ours.
    """
    client = docker.from_env()
    try:
        network = _find_or_make(client, name, installation or name)
        network.reload()
        options = network.attrs["Options"] or {}
        if options.get("com.docker.network.bridge.enable_icc") != "false":
            raise EngineError(
                f"The Docker network {name} lets containers reach each other, so TwinHub did not "
                "make it: set engine.network in twinhub.yaml to another name."
            )
        interface = options.get("com.docker.network.bridge.name") or f"br-{str(network.id)[:12]}"
        return Bridge(interface, str(network.attrs["IPAM"]["Config"][0]["Gateway"]))
    finally:
        client.close()


def _find_or_make(client: docker.DockerClient, name: str, installation: str) -> Network:
    with suppress(NotFound):
        return client.networks.get(name)
    return client.networks.create(
        name,
        driver="bridge",
        check_duplicate=True,
        options={"com.docker.network.bridge.enable_icc": "false"},
        labels={NETWORK_LABEL: installation},
    )
