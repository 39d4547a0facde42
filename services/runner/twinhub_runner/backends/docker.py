"""Sandboxes by Docker: a container of the run image for each, with no more rights than a workspace.

Containers are found again by their names, so nothing is kept here. What one is made of is
composed here, and checked key by key by TwinHub's broker, where there is one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from twinhub_agent.supplying import PIPE
from twinhub_api.names import environment_image_for, run_container_for

from twinhub_runner.agents import read_result, was_begun
from twinhub_runner.backends.base import (
    INSIDE,
    OUTSIDE,
    BackendError,
    ImpossibleError,
    Mount,
    SandboxState,
    Seen,
)
from twinhub_runner.backends.engine import Engine, filter_by_labels, message_of
from twinhub_runner.egress import Network
from twinhub_runner.environments.docker import DockerEnvironments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from twinhub_runner.backends.base import SandboxSpec

LABEL, KIND_LABEL, KIND = "org.twinhub.installation", "org.twinhub.kind", "run"
"""Labels of each container: the prefix of its installation, and that it is a run."""
ENTRYPOINT = ("/usr/bin/python3", "-I", "-S", f"{INSIDE}/twinhub_agent/start.py", INSIDE, OUTSIDE)
LOG: Mapping[str, object] = {
    "Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"},
}  # fmt: skip
"""Of the agent alone, which says something only when it cannot begin."""
OUT_OF_MEMORY_FIRST = 600
"""When the machine runs out of memory a run goes before a workspace and the hub."""
SHORT_LOOKUPS = ("timeout:1", "attempts:1")
"""Options of resolv.conf(5) with name servers of ours, which may answer nothing: it fails soon."""
_PERIOD = 100_000
_NOT_STARTED = 125
_OF_THE_IMAGE = frozenset({"PATH", "HOME"})
"""Variables that an image sets as its programs need them."""
_CONFLICT = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
_REFUSED = _CONFLICT | {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}
"""What is asked again in vain; anything else may go better another time."""


@dataclass
class DockerBackend:
    """Runs sandboxes as containers."""

    base_url: str
    """Where an engine or a broker answers: ``unix:///path``, or an address of HTTP."""
    runs: Path
    """Folder of all sandboxes: each has one of its name, with ``out`` in it."""
    prefix: str
    """First part of the names of the installation's containers."""
    image: str
    """Of runs whose specification names none."""
    uid: int
    """Who a sandbox is inside; its folder ``out`` is given to them where this process may."""
    network: str
    """Name of the network of runs whose specification says nothing of one that is in `networks`."""
    memory_bytes: int = 2 << 30
    """Of runs whose specification sets no limit; and so the two below."""
    cpus: float = 1.0
    networks: Mapping[str, Network] = field(default_factory=dict)
    """By what runs on them may reach outside."""
    name: str = "docker"

    @cached_property
    def _engine(self) -> Engine:
        return Engine(self.base_url)

    def make_environments(self) -> DockerEnvironments:
        """Return what makes environments for its sandboxes."""
        return DockerEnvironments(self._engine, self.prefix, self.image)

    def start(self, spec: SandboxSpec) -> None:
        """Make a container and start it; one of this name that is there already is started.

        Raises:
            BackendError: Docker does not do it now.
            ImpossibleError: an image or a folder is not there, or a name cannot be mounted.
        """
        if was_begun(spec.outside):
            return
        container, body = self._container(spec.name), self._body(spec)
        self._hand_over(spec)
        made = self._engine.ask(
            "POST", "/containers/create", query={"name": container}, body=body, expected=_REFUSED
        )
        if made.is_error and made.status_code != HTTPStatus.CONFLICT:
            raise ImpossibleError(message_of(made))
        started = self._engine.ask("POST", f"/containers/{container}/start", expected=_REFUSED)
        if started.is_error:
            self._give_up(spec.name, message_of(started))

    def _give_up(self, name: str, why: str) -> NoReturn:
        """Leave nothing of a container that cannot be started: no such program, and the like."""
        is_gone = self._engine.inspect(self._container(name)) is None
        self.remove(name)
        raise BackendError(why) if is_gone else ImpossibleError(why)

    def look(self, name: str) -> Seen:
        """Return what has become of a sandbox: of its container, and of what its agent has left.

        Raises:
            BackendError: Docker does not say.
        """
        found = self._engine.inspect(self._container(name)) or {"State": {}}
        state, image = found["State"], found.get("Image", "")
        if state.get("Running"):
            return Seen(SandboxState.RUNNING, image=image)
        seen = replace(self._judge(self.runs / name / "out", state.get("Status", "")), image=image)
        if state.get("OOMKilled"):
            return replace(seen, was_out_of_memory=True, memory_bytes=found["HostConfig"]["Memory"])
        return seen

    def stop(self, name: str) -> None:
        """Send the agent SIGTERM.

        Raises:
            BackendError: Docker does not do it now.
        """
        self._signal(name, "SIGTERM")

    def kill(self, name: str) -> None:
        """Send the agent SIGKILL, which ends all in its container.

        Raises:
            BackendError: Docker does not do it now.
        """
        self._signal(name, "SIGKILL")

    def remove(self, name: str) -> None:
        """Remove the container, whatever runs in it; one that is being removed is left to that.

        Raises:
            BackendError: Docker does not do it now.
        """
        query = {"force": "1", "v": "1"}
        self._engine.ask(
            "DELETE", f"/containers/{self._container(name)}", query=query, expected=_CONFLICT
        )

    def list_names(self) -> frozenset[str]:
        """Return the sandboxes that have a container, whether it runs or not.

        Raises:
            BackendError: Docker does not say.
        """
        query = {"all": "1", "filters": filter_by_labels(self._labels)}
        found = self._engine.ask("GET", "/containers/json", query=query).json()
        start = f"/{self._container('')}"
        names = (name for one in found for name in one["Names"])
        return frozenset(name.removeprefix(start) for name in names if name.startswith(start))

    def find_fault(self) -> str:
        """Return that Docker does not answer, if so."""
        try:
            self._engine.ask("GET", "/_ping")
        except BackendError as error:
            return f"No run can begin or end, those that go on do so: {error}. Run `twinhub up`."
        return ""

    def close(self) -> None:
        """Close the connections with Docker."""
        self._engine.close()

    @property
    def _labels(self) -> dict[str, str]:
        return {LABEL: self.prefix, KIND_LABEL: KIND}

    def _container(self, name: str) -> str:
        return run_container_for(self.prefix, name)

    def _judge(self, outside: Path, status: str) -> Seen:
        """Return what has become of a sandbox whose container does not run."""
        if (result := read_result(outside)) is not None:
            return Seen(SandboxState.ENDED, result.status, result.reason)
        if was_begun(outside):
            return Seen(SandboxState.VANISHED)
        if status in {"", "created"}:
            return Seen(SandboxState.ABSENT)
        return Seen(SandboxState.ENDED, _NOT_STARTED, "not-begun")

    def _signal(self, name: str, signal: str) -> None:
        path = f"/containers/{self._container(name)}/kill"
        self._engine.ask("POST", path, query={"signal": signal}, expected=_CONFLICT)

    def _hand_over(self, spec: SandboxSpec) -> None:
        """Give the folder that an agent writes to, its log and its pipe to whom it will be."""
        outside = spec.outside
        if os.geteuid() == 0:
            pipe = spec.inside.glob(PIPE)
            for path in (outside, *outside.glob("log"), *outside.glob("log/*"), *pipe):
                os.chown(path, self.uid, -1, follow_symlinks=False)

    def _body(self, spec: SandboxSpec) -> dict[str, object]:
        network = self._network(spec)
        variables = {key: one for key, one in spec.variables.items() if key not in _OF_THE_IMAGE}
        return {
            "Image": self._image(spec),
            "User": str(self.uid),
            "Hostname": "run",
            "WorkingDir": "/",
            "Entrypoint": list(ENTRYPOINT),
            "Env": [f"{key}={one}" for key, one in {**network.variables, **variables}.items()],
            "Labels": self._labels,
            "HostConfig": self._host(spec, network),
        }

    def _image(self, spec: SandboxSpec) -> str:
        if spec.environment:
            return environment_image_for(self.prefix, spec.environment)
        return spec.image or self.image

    def _host(self, spec: SandboxSpec, network: Network) -> dict[str, object]:
        limits = spec.limits
        memory = limits.memory_bytes or self.memory_bytes
        return {
            "NetworkMode": network.name,
            "Binds": list(_binds(spec)),
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Memory": memory,
            "MemorySwap": memory,
            "CpuPeriod": _PERIOD,
            "CpuQuota": int((limits.cpus or self.cpus) * _PERIOD),
            "PidsLimit": limits.processes,
            "OomScoreAdj": OUT_OF_MEMORY_FIRST,
            # none of open files: an engine may have fewer than is asked for, and would not start it
            "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
            "LogConfig": dict(LOG),
        } | _lookups(network)

    def _network(self, spec: SandboxSpec) -> Network:
        return self.networks.get(spec.egress) or Network(self.network)


def _lookups(network: Network) -> dict[str, object]:
    if not network.name_servers:
        return {}
    return {"Dns": list(network.name_servers), "DnsOptions": list(SHORT_LOOKUPS)}


def _binds(spec: SandboxSpec) -> Iterator[str]:
    mounts = (
        *spec.mounts, Mount(spec.inside, INSIDE), Mount(spec.outside, OUTSIDE, writable=True),
    )  # fmt: skip
    for mount in mounts:
        if ":" in f"{mount.source}{mount.target}":
            raise ImpossibleError(f"Docker mounts nothing with a colon in its name: {mount.target}")
        if not mount.source.exists():  # Docker would make it
            raise ImpossibleError(f"what was to be at {mount.target} is not there any more")
        yield f"{mount.source}:{mount.target}:{'rw' if mount.writable else 'ro'}"
