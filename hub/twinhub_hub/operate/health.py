"""How an installation is, for its operator: processes, Docker, walls, space, what waits."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.deletions import list_deletions
from twinhub_hub.operate import supervisor
from twinhub_hub.operate.asking import ask_for_warnings
from twinhub_hub.operate.engine import ask_broker
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.image_reports import look_through_broker
from twinhub_hub.operate.walls import inspect_walls
from twinhub_hub.settings.certificates import CertificateError, read_certificate, wanted_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.apply.context import Context
    from twinhub_hub.operate.image_reports import ShownImage
    from twinhub_hub.operate.supervisor import Process

_LEAST_FREE = 0.1
"""Share of a disk that should be free."""


@dataclass(frozen=True)
class Space:
    """Room on the disk of a folder, in bytes."""

    name: str
    path: Path
    free: int
    total: int

    @property
    def is_low(self) -> bool:
        """Whether somebody should look after it."""
        return self.free < _LEAST_FREE * self.total


@dataclass(frozen=True)
class Docker:
    """The engine, asked as the hub asks it, and the walls around its containers."""

    version: str
    """Empty when it does not answer."""
    walls: str
    """In words, such as “in place (31 rules)”."""
    walls_stand: bool | None
    """None when it is not known: this host's firewall shows its rules to root only."""

    @property
    def problems(self) -> Sequence[str]:
        """What to do something about."""
        found = []
        if not self.version:
            found.append(
                "Docker does not answer, so no workspace can be started or stopped; those that run "
                "go on. Start it: `twinhub up` says how."
            )
        if self.walls_stand is False:
            found.append("The walls around workspaces do not stand: run `twinhub up`.")
        return found


@dataclass(frozen=True)
class OwnCertificate:
    """The site's own certificate."""

    days_left: int | None
    """None when it cannot be served."""
    problem: str = ""
    """What to do about it; empty when all is well."""


@dataclass(frozen=True)
class Health:
    """What was found; nothing in it is a secret, but it is for admins only."""

    processes: Sequence[Process]
    """Empty when the supervisor does not answer."""
    spaces: Sequence[Space]
    database_bytes: int
    deletions: Sequence[str]
    """Deleted users whose files are still to be archived."""
    docker: Docker | None = None
    """None in process mode."""
    certificate: OwnCertificate | None = None
    """None without one, and where an authority gives them by itself."""
    images: Sequence[ShownImage] = ()
    """Images of workspaces; none where Docker does not answer."""
    services: Sequence[str] = ()
    """What library and runner say that they need, each with the remedy."""

    @property
    def problems(self) -> Sequence[str]:
        """What to do something about, each a sentence with the remedy; empty when all is well."""
        found = [
            f"The process {process.name} does not run ({process.state}): see `twinhub logs`."
            for process in self.processes
            if process.state != "RUNNING"
        ]
        if not self.processes:
            found.append("The supervisor does not answer: run `twinhub up`.")
        found += self.docker.problems if self.docker else []
        found += [
            f"Little room is left on the disk of {space.path}: remove files or enlarge it."
            for space in self.spaces
            if space.is_low
        ]
        found += [
            f"The layer {image.report.name} was never built: run "
            f"`twinhub images build {image.report.name}`."
            for image in self.images
            if image.report.is_layer and image.report.state == "absent"
        ]
        found += self.services
        if self.deletions:
            found.append("Files of deleted users wait to be archived: run `twinhub up`.")
        if self.certificate and self.certificate.problem:
            found.append(self.certificate.problem)
        return found


def look(context: Context) -> Health:
    """Return how it is; takes milliseconds of a thread, or three seconds without Docker."""
    installation = context.installation
    try:
        processes = supervisor.list_processes(installation)
    except OperateError:
        processes = []
    engine = _look_at_docker(context) if context.running.engine == "docker" else None
    return Health(
        processes=processes,
        spaces=_spaces(context),
        # the log of what is not in the file yet beside it
        database_bytes=sum(
            file.stat().st_size
            for file in installation.database.parent.glob(f"{installation.database.name}*")
        ),
        deletions=[deletion.name for deletion in list_deletions(installation.deletions)],
        docker=engine,
        certificate=_look_at_certificate(context),
        images=look_through_broker(context) if engine and engine.version else (),
        services=[
            *ask_for_warnings(context.running.library_port),
            *ask_for_warnings(context.running.runner_port),
        ],
    )


def _spaces(context: Context) -> list[Space]:
    running = context.running
    found = [_space("Installation", context.installation.home), _space("Assets", context.assets)]
    if running.engine_root and running.engine_address.startswith("http+unix:"):
        try:
            found.append(_space("Docker", Path(running.engine_root)))
        except OSError:  # in a virtual machine, or of a host on which we are a container ourselves
            return found
    return found


def _look_at_docker(context: Context) -> Docker:
    version = ask_broker(context.installation.broker_socket)
    if os.geteuid() != 0:
        return Docker(version, "not known: only root sees them, with `twinhub check`", None)
    report = inspect_walls(context.installation)
    return Docker(version, report.summary, report.is_in_place if report.is_known else None)


def _look_at_certificate(context: Context) -> OwnCertificate | None:
    if context.certificate_files is None:
        return None
    site, now = context.settings.site, datetime.now(UTC)
    names = wanted_names(site.domain, wildcard=site.wildcard)
    try:
        found = read_certificate(*context.certificate_files, names=names)
    except CertificateError as error:
        return OwnCertificate(None, f"The site's certificate cannot be served: {error}.")
    left = found.days_left(now)
    problem = f"The site's certificate ends in {left} days: put a new one in its place."
    return OwnCertificate(left, problem if found.ends_soon(now) else "")


def _space(name: str, path: Path) -> Space:
    usage = shutil.disk_usage(path)
    return Space(name, path, usage.free, usage.total)
