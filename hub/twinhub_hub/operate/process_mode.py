"""The process mode: whether this host can have it, and the workspaces that run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.operate.errors import EngineError, OperateError
from twinhub_hub.operate.workspaces import Workspace
from twinhub_hub.sandbox.edition import current_edition
from twinhub_hub.sandbox.processes import find_sandboxes, stop_sandbox
from twinhub_hub.sandbox.runs import stop_runs

if TYPE_CHECKING:
    from twinhub_hub.installation import Installation
    from twinhub_hub.sandbox.processes import FoundSandbox

_PACKAGES = {
    # program -> the package that has it
    "bwrap": "bubblewrap",
    "setpriv": "util-linux",
    "choom": "util-linux",
    "prlimit": "util-linux",
}
_OTHERWISE = "or get the engine with: twinhub up --engine=install"
_SYSCTLS = Path("/proc/sys")
_APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
_APPARMOR_REMEDY = """\
This system lets AppArmor refuse user namespaces, which bubblewrap needs. Allow them until the next
boot with
  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0
or for bubblewrap alone, for good, with
  printf 'abi <abi/4.0>,\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\\n' \\
    | sudo tee /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap"""
_SWITCHES = {
    # what is 0 when the kernel refuses user namespaces -> what allows them
    "kernel/unprivileged_userns_clone": "kernel.unprivileged_userns_clone=1",
    "user/max_user_namespaces": "user.max_user_namespaces=15000",
}
_TRY_SECONDS = 20
_STOP_SECONDS = 10


def check_host() -> None:
    """Return when the process mode can work here; nothing is made or changed.

    Raises:
        EngineError: names what is missing or forbidden, and the remedy.
    """
    missing = sorted({p for name, p in _PACKAGES.items() if shutil.which(name) is None})
    if missing:
        raise EngineError(
            f"Without a Docker engine TwinHub needs {' and '.join(missing)}, which is not "
            f"installed. Install with: sudo apt-get install {' '.join(missing)}, {_OTHERWISE}"
        )
    done = subprocess.run(
        _trial(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=_TRY_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.strip() or f"exit status {done.returncode}"
        raise EngineError(
            f"bubblewrap is installed but cannot make a sandbox ({said}).\n"
            f"{explain_refusal(_SYSCTLS, is_root=os.geteuid() == 0)},\n{_OTHERWISE}"
        )


def _trial() -> list[str]:
    own = [] if os.geteuid() == 0 else ["--unshare-user"]
    kinds = ["--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    return ["bwrap", *own, *kinds, "--ro-bind", "/", "/", "--proc", "/proc", "--", "true"]


def explain_refusal(sysctls: Path, *, is_root: bool) -> str:
    """Return why namespaces are refused and what allows them, from the kernel's settings."""
    if is_root:
        return (
            "This root may not make namespaces, as is usual within a container: run TwinHub on the "
            "host, or give the container the right to (CAP_SYS_ADMIN)"
        )
    if _read(sysctls / _APPARMOR) == "1":
        return _APPARMOR_REMEDY
    for name, switch in _SWITCHES.items():
        if _read(sysctls / name) == "0":
            return f"This kernel forbids user namespaces. Allow them with: sudo sysctl {switch}"
    return "Find out what forbids it with: bwrap --unshare-user --ro-bind / / true"


def _read(path: Path) -> str:
    return path.read_text("ascii").strip() if path.exists() else ""


def list_sandboxes(installation: Installation) -> list[Workspace]:
    """Return the running workspaces."""
    try:
        current = current_edition(installation.environments)
    except FileNotFoundError:
        current = None
    return [
        Workspace(name=found.label, state="running", is_outdated=found.edition != current)
        for found in find_sandboxes(installation.homes)
    ]


def stop_sandboxes(installation: Installation, label: str | None = None) -> int:
    """Stop the running workspaces, or those of one user; return how many there were.

    Raises:
        OperateError: one does not end even when it is killed.
    """
    found = find_sandboxes(installation.homes)
    running = [one for one in found if label is None or one.label == label]
    with ThreadPoolExecutor(max(1, len(running))) as pool:
        ended = list(pool.map(_stop, running))
    for one, has_ended in zip(running, ended, strict=True):
        if not has_ended:
            raise OperateError(
                f"The workspace of {one.label} (pid {one.process.pid}) does not end: something "
                "on this host blocks it, such as a network file system that does not answer."
            )
    return len(running)


def end_runs(installation: Installation) -> int:
    """End all runs; return how many there were. The runner is not to be there, to start others."""
    return stop_runs(installation.environments, grace_seconds=_STOP_SECONDS)


def _stop(found: FoundSandbox) -> bool:
    return stop_sandbox(found.process, grace_seconds=_STOP_SECONDS)
