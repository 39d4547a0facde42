"""`twinhub up`, `down`, `purge`, `status` and `logs`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import psutil
from twinhub_api.log_lines import readable

from twinhub_hub.deletions import list_deletions
from twinhub_hub.installation import Installation, default_home
from twinhub_hub.native_accounts import NO_ADMIN
from twinhub_hub.operate import process_mode, supervisor, up, walls, workspaces
from twinhub_hub.operate.answering import answers
from twinhub_hub.operate.asking import ask_for_numbers, ask_for_warnings
from twinhub_hub.operate.engine import Availability, find_engine
from twinhub_hub.operate.errors import EngineError, NotRunningError
from twinhub_hub.operate.lock import only_one
from twinhub_hub.operate.ports import parse_port
from twinhub_hub.operate.restore import check_restored
from twinhub_hub.operate.steps import Steps
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.site import Site

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from twinhub_hub.installation import Running
    from twinhub_hub.operate.up import Started

_NOT_RUNNING = 3
_ON_HOST = (
    "  Stop: twinhub down   Status: twinhub status   Logs: twinhub logs",
    "  In a checkout: make down, make status, make logs",
)
_IN_CONTAINER = ("  Stop: docker compose stop   Status: docker compose exec hub twinhub status",)
_CONFIRM = "purge"


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the five commands."""
    parser = subparsers.add_parser("up", help="start TwinHub, or repair what is not running")
    parser.add_argument(
        "--engine",
        choices=("install", "process"),
        default="",
        help="install an engine if there is none; or go without one, for one user",
    )
    parser.add_argument("--port", default=None, help="port of the edge (TWINHUB_PORT)")
    parser.add_argument(
        "--foreground", action="store_true", help="go on until told to stop, and end the processes"
    )
    parser.set_defaults(run=run_up)
    parser = subparsers.add_parser("down", help="stop everything, remove nothing")
    parser.add_argument("--purge", action="store_true", help="the same as `twinhub purge`")
    parser.set_defaults(run=run_down)
    parser = subparsers.add_parser("purge", help="remove containers, volumes and state")
    parser.set_defaults(run=run_purge)
    parser = subparsers.add_parser("status", help="show each process and workspace")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_status)
    parser = subparsers.add_parser("logs", help="follow the logs of every process")
    parser.add_argument("--json", action="store_true", help="as the processes wrote them")
    parser.set_defaults(run=run_logs)


def _installation() -> Installation:
    return Installation(default_home())


def run_up(arguments: argparse.Namespace) -> int:
    """Start or repair; print the address and the trial accounts."""
    installation = _installation()
    check_restored(installation)
    installation.make_folders()
    with only_one(installation):
        started = up.start(installation, Steps(), port=_port(arguments), engine=arguments.engine)
    print(_summary(started, in_container=arguments.foreground), flush=True)
    if arguments.foreground:
        supervisor.run_until_told(installation)
    return 0


def _port(arguments: argparse.Namespace) -> int | None:
    text = os.environ.get("TWINHUB_PORT", "") if arguments.port is None else arguments.port
    return parse_port(text)


def _summary(started: Started, *, in_container: bool) -> str:
    lines = ["", f"  TwinHub is running at  {started.address}/", ""]
    if started.passwords:
        width = max(map(len, started.passwords))
        lines += ["  Trial accounts:"]
        lines += [f"    {name:<{width}}  {word}" for name, word in started.passwords.items()]
    if started.lacks_admin:
        lines += ["", *(f"  {line}" for line in NO_ADMIN)]
    if started.engine == "process":
        lines += ["", "  PROCESS MODE: one user, no container, no limits; only for a first look."]
        lines += ["  For the real thing: twinhub up --engine=install"]
    if started.outdated:
        count = len(started.outdated)
        lines += ["", f"  {count} workspace(s) go on with an earlier image until they restart:"]
        lines += [f"    {name}" for name in started.outdated]
    return "\n".join([*lines, "", *(_IN_CONTAINER if in_container else _ON_HOST), ""])


def run_down(arguments: argparse.Namespace) -> int:
    """Stop the processes, then workspaces and runs; remove nothing, unless told to."""
    if arguments.purge:
        return run_purge(arguments)
    installation, steps = _installation(), Steps()
    running = up.find_running(installation)
    with only_one(installation):
        was_running = supervisor.shut_down(installation)
        steps.say("Processes: stopped" if was_running else "Processes: were not running")
        count = process_mode.stop_sandboxes(installation)
        runs = process_mode.end_runs(installation)
        if _engine_answers(running):
            count += workspaces.stop_workspaces(running.prefix)
            runs += workspaces.stop_runs(running.prefix)
    steps.say(f"Workspaces: {count} stopped; runs: {runs} stopped")
    print("Nothing was removed. Start again with: twinhub up")
    return 0


def run_purge(arguments: argparse.Namespace) -> int:
    """Remove containers, volumes, walls and the whole folder, after the operator typed a word."""
    installation, steps = _installation(), Steps()
    running = up.find_running(installation)
    print(
        f"This removes every container and home volume of this installation and the folder\n"
        f"  {installation.home}\nwith all assets, accounts, settings and archives of deleted "
        "users. It cannot be undone."
    )
    if _ask(f"Type {_CONFIRM} to go on: ") != _CONFIRM:
        print("Nothing was removed.")
        return 1
    layers: Sequence[str] = ()
    with only_one(installation):
        supervisor.shut_down(installation)
        process_mode.stop_sandboxes(installation)
        process_mode.end_runs(installation)
        if _engine_answers(running):
            for removed in workspaces.purge_workspaces(running.prefix, running.network):
                steps.say(f"Removed {removed}")
            layers = workspaces.list_layers(running.prefix)
        if running.bridge is not None:
            for line in walls.take_down(running.prefix):
                steps.say(line)
        installation.remove()
    steps.say(f"Removed what TwinHub made in {installation.home}")
    print("Images stay.")
    if layers:
        print(f"Nobody else uses those of its layers: docker image rm {' '.join(layers)}")
    return 0


def _engine_answers(running: Running) -> bool:
    """Whether Docker can be asked: containers may be left of a time before the process mode.

    Raises:
        EngineError: workspaces run in it and it does not answer.
    """
    found = find_engine()
    if found.availability is Availability.ANSWERS:
        return True
    if running.engine == "docker":
        raise EngineError(f"The processes are stopped, the workspaces are not: {found.remedy}")
    return False


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def run_status(arguments: argparse.Namespace) -> int:
    """Show processes and workspaces; exit 3 when a process does not run."""
    installation = _installation()
    running = _look_up(installation)
    try:
        processes = supervisor.list_processes(installation)
    except NotRunningError:
        processes = []
    is_well = bool(processes) and all(p.state == "RUNNING" for p in processes)
    report = {
        "address": f"{running.address}/",
        "home": str(installation.home),
        "engine": running.engine,
        "running": is_well and answers(running.address, running.nearby),
        "processes": [asdict(p) | {"rss_bytes": _rss(p.pid)} for p in processes],
        "workspaces": _workspaces(installation, running),
        "runs": _runs(installation, running),
        "deletions": [deletion.name for deletion in list_deletions(installation.deletions)],
    }
    print(json.dumps(report, indent=1) if arguments.json else _table(report))
    return 0 if report["running"] else _NOT_RUNNING


def _look_up(installation: Installation) -> Running:
    """Return what runs; says so and goes by the last start alone where the settings are wrong.

    Raises:
        NotRunningError: it has never been started.
    """
    running = up.find_running(installation)
    try:
        context = up.load_running(installation)
    except SettingsError as error:
        print(
            f"{error}\nThe settings are wrong, so the next `twinhub up` will refuse them; what "
            "follows goes by the last one.",
            file=sys.stderr,
        )
        usual = f"http://{Site().domain}:{running.port}"
        return replace(running, address=running.address or usual)
    site, prefix = context.settings.site, context.settings.engine.prefix
    return replace(running, address=context.address, nearby=site.nearby, prefix=prefix)


def _workspaces(installation: Installation, running: Running) -> list[dict[str, Any]]:
    if running.engine != "docker":
        return [asdict(workspace) for workspace in process_mode.list_sandboxes(installation)]
    try:
        found = workspaces.list_workspaces(running.prefix)
    except EngineError:
        return []
    return [asdict(workspace) for workspace in found]


def _runs(installation: Installation, running: Running) -> dict[str, Any]:
    """Return how many runs go on and wait, and what the runner warns of; no numbers without it."""
    found = ask_for_numbers(installation, running.runner_port, "twinhub_runner_runs_")
    numbers = {name: int(value) for name, value in found.items()}
    return {**numbers, "warnings": ask_for_warnings(running.runner_port)}


def _rss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid else 0
    except psutil.Error:
        return 0


def _table(report: dict[str, Any]) -> str:
    state = "running" if report["running"] else "NOT running: start or repair it with `twinhub up`"
    rows = [f"TwinHub at {report['address']} is {state} (engine: {report['engine']})", ""]
    rows.append(f"{'process':<12}{'state':<12}{'pid':>8}{'uptime':>12}{'memory':>12}")
    for process in report["processes"]:
        memory = f"{process['rss_bytes'] / 2**20:.0f} MiB"
        uptime = _duration(process["uptime_seconds"])
        rows.append(
            f"{process['name']:<12}{process['state']:<12}{process['pid']:>8}{uptime:>12}{memory:>12}"
        )
    rows += ["", f"workspaces: {len(report['workspaces'])}"]
    rows += [
        f"  {w['name']}  {w['state']}" + ("  (earlier image)" if w["is_outdated"] else "")
        for w in report["workspaces"]
    ]
    rows += ["", *_runs_lines(report["runs"])]
    if report["deletions"]:
        rows += ["", "deleted, with files that `twinhub up` puts into an archive:"]
        rows += [f"  {name}" for name in report["deletions"]]
    return "\n".join(rows)


def _runs_lines(runs: dict[str, Any]) -> list[str]:
    if "waiting" not in runs:
        return ["runs: the runner does not say"]
    line = f"runs: {runs['under_way']} under way, {runs['waiting']} waiting"
    if runs["waiting"]:
        line += f", the oldest for {_duration(runs['oldest_waiting_seconds'])}"
    return [line, *(f"  {warning}" for warning in runs["warnings"])]


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def run_logs(arguments: argparse.Namespace) -> int:
    """Follow every log until interrupted."""
    installation = _installation()
    _look_up(installation)
    files: Sequence[str] = [str(path) for path in sorted(installation.logs.glob("*.log"))]
    if not files:
        print("There are no logs yet. Start TwinHub with: twinhub up")
        return 0
    command = ["tail", "--quiet", "--lines=20", "--follow=name", "--retry", *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as tail:
        try:
            for line in tail.stdout or ():
                shown = line if arguments.json else readable(line.rstrip("\n")) + "\n"
                print(shown, end="", flush=True)
        except (KeyboardInterrupt, BrokenPipeError):
            tail.terminate()
    return 0
