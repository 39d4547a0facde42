"""The process supervisor: its configuration, and what is asked of it over its socket."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import signal
import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast

from supervisor.xmlrpc import SupervisorTransport

from twinhub_hub.files import write_private
from twinhub_hub.operate.errors import NotRunningError, OperateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twinhub_hub.apply.context import Context
    from twinhub_hub.installation import Installation

_LONGEST_SOCKET_PATH = 100  # sun_path has 108 bytes; the supervisor adds a suffix of its own
_START_SECONDS = 20
_STOP_SECONDS = 60
_LOOK_SECONDS = 1
_DO_NOT_WAIT = False

HUB_CODE = ("twinhub_hub", "twinhub_api", "twinhub_dtconfig")
LIBRARY_CODE = ("twinhub_library", "twinhub_kit", "twinhub_api", "twinhub_dtconfig")
RUNNER_CODE = ("twinhub_runner", "twinhub_agent", "twinhub_kit", "twinhub_api", "twinhub_dtconfig")
"""Packages of a process: it restarts when one changes."""

_HEAD = """\
[supervisord]
logfile={logs}/supervisor.log
logfile_maxbytes=5MB
logfile_backups=3
pidfile={state}/supervisord.pid
childlogdir={logs}
umask=022
strip_ansi=true

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket}
"""

_PROGRAM = """
[program:{name}]
command={setpriv} --pdeathsig KILL {python} -m twinhub_hub.operate.launch {name}
environment=TWINHUB_HOME="{home}",TWINHUB_DIGEST="{digest}"
directory={state}
autorestart=true
startsecs=1
startretries=1000
stopasgroup=false
stopwaitsecs=20
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=3
"""


@dataclass(frozen=True)
class Process:
    """One supervised process, as the supervisor describes it."""

    name: str
    state: str
    pid: int
    uptime_seconds: int


def render_config(context: Context, digests: Mapping[str, str]) -> str:
    """Return the supervisor's configuration; it restarts a program whose digest is new.

    Raises:
        OperateError: this system has no ``setpriv``, or the folder's path is too long for a socket.
    """
    installation = context.installation
    if len(str(installation.supervisor_socket)) > _LONGEST_SOCKET_PATH:
        raise OperateError(
            f"The path {installation.home} is too long for a socket in it: set TWINHUB_HOME to a "
            f"path of at most {_LONGEST_SOCKET_PATH - 22} characters."
        )
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise OperateError("`setpriv` is missing. Install it with: sudo apt-get install util-linux")
    values = {
        "home": installation.home,
        "logs": installation.logs,
        "state": installation.state,
        "socket": installation.supervisor_socket,
        "setpriv": shlex.quote(setpriv),
        "python": shlex.quote(sys.executable),
    }
    safe = {key: str(value).replace("%", "%%") for key, value in values.items()}
    return _HEAD.format(**safe) + "".join(
        _PROGRAM.format(name=name, digest=digest, **safe) for name, digest in digests.items()
    )


def text_digest(*parts: str) -> str:
    """Return a digest of some texts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


def code_digest(*parts: str, packages: Sequence[str] = HUB_CODE) -> str:
    """Return a digest of our own code and of some texts: when it changes, the process restarts."""
    texts = []
    for package in map(_folder_of, packages):
        for path in sorted(package.rglob("*")):
            is_ours = "share" not in path.relative_to(package).parts
            if is_ours and path.suffix in {".py", ".html", ".css", ".svg", ".js"}:
                texts.append(path.read_text("utf-8"))
    return text_digest(*texts, *parts)


def _folder_of(package: str) -> Path:
    """Return where a package is, without importing what is in it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise OperateError(f"The package {package} is missing: install TwinHub anew.")
    return Path(spec.origin).parent


def list_processes(installation: Installation) -> list[Process]:
    """Return the supervised processes.

    Raises:
        NotRunningError: no supervisor answers.
    """
    found = _call(installation, "getAllProcessInfo")
    return [
        Process(
            name=info["name"],
            state=info["statename"],
            pid=info["pid"],
            uptime_seconds=max(0, info["now"] - info["start"]) if info["pid"] else 0,
        )
        for info in found
    ]


def supervisor_pid(installation: Installation) -> int | None:
    """Return the supervisor's pid, or None when it does not answer."""
    try:
        return int(_call(installation, "getPID"))
    except NotRunningError:
        return None


def apply_config(installation: Installation, config: str) -> None:
    """Start the supervisor, or have a running one restart exactly the programs that changed.

    Raises:
        OperateError: it does not start; carries the end of its log.
    """
    write_private(installation.supervisor_config, config)
    config_option = ["-c", str(installation.supervisor_config)]
    if supervisor_pid(installation) is None:
        command = [sys.executable, "-m", "supervisor.supervisord", *config_option]
    else:
        command = [sys.executable, "-m", "supervisor.supervisorctl", *config_option, "update"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OperateError(f"The supervisor refused:\n{done.stdout}{done.stderr}")
    if not _wait(lambda: supervisor_pid(installation) is not None, _START_SECONDS):
        raise OperateError(f"The supervisor does not start: see {installation.logs}")


def check_is_near(installation: Installation) -> None:
    """Let be what another TwinHub runs: its paths are not those of this one.

    Raises:
        OperateError: the supervisor that answers is not among the processes that are seen here.
    """
    pid = supervisor_pid(installation)
    if pid is not None and not _is_supervisor(pid):
        raise OperateError(
            f"TwinHub in {installation.home} runs on the other side of a container's wall. Stop it "
            "there first: with `docker compose down` if this is the host, else with `twinhub down` "
            "on the host."
        )


def _is_supervisor(pid: int) -> bool:
    try:
        return b"supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def start_stopped(installation: Installation) -> None:
    """Start programs that were given up or stopped by hand."""
    for process in list_processes(installation):
        if process.state in {"STOPPED", "EXITED", "FATAL"}:
            _call(installation, "startProcess", process.name, _DO_NOT_WAIT)


def shut_down(installation: Installation) -> bool:
    """Stop every process and the supervisor; return whether one was running."""
    pid = supervisor_pid(installation)
    if pid is None:
        return False
    check_is_near(installation)
    _call(installation, "shutdown")
    if not _wait(lambda: not Path(f"/proc/{pid}").exists(), _STOP_SECONDS):
        raise OperateError(f"The supervisor (pid {pid}) does not stop: see `twinhub logs`.")
    return True


def run_until_told(installation: Installation) -> None:
    """Return when SIGTERM or SIGINT has come and every process is stopped.

    Raises:
        OperateError: the supervisor has ended by itself, and its processes with it.
    """
    pid, signals = supervisor_pid(installation), {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    while pid is not None and Path(f"/proc/{pid}").exists():
        if signal.sigtimedwait(signals, _LOOK_SECONDS):
            shut_down(installation)
            return
    raise OperateError(f"The supervisor has ended: see {installation.logs / 'supervisor.log'}")


def _wait(is_done: Callable[[], bool], seconds: float) -> bool:
    deadline = monotonic() + seconds
    while not is_done():
        if monotonic() > deadline:
            return False
        sleep(0.05)
    return True


def _call(installation: Installation, method: str, *arguments: object) -> Any:  # noqa: ANN401
    socket = installation.supervisor_socket
    transport = SupervisorTransport(serverurl=f"unix://{socket}")
    server = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
    try:
        return getattr(cast("Any", server).supervisor, method)(*arguments)
    except (OSError, HTTPException) as error:
        raise NotRunningError(f"TwinHub in {installation.home} is not running.") from error
    except xmlrpc.client.Fault as error:
        raise OperateError(f"The supervisor refused {method}: {error.faultString}") from error
    finally:
        transport.close()
