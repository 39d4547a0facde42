"""`twinhub check`: says whether a ``twinhub.yaml`` can be used, without starting anything."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_api.storage import find_quota_support
from twinhub_dtconfig.values import format_size

from twinhub_hub.images import all_images
from twinhub_hub.installation import Installation, default_home
from twinhub_hub.layers.checks import check_locks, find_doubtful_groups
from twinhub_hub.operate.errors import EngineError
from twinhub_hub.operate.ports import parse_port
from twinhub_hub.operate.walls import inspect_walls
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.loading import check_certificate, load_settings
from twinhub_hub.settings.writing import render_effective

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from twinhub_hub.operate.walls import WallsReport
    from twinhub_hub.settings.certificates import Certificate
    from twinhub_hub.settings.errors import Fault
    from twinhub_hub.settings.loading import LoadedSettings
    from twinhub_hub.settings.models import Settings
    from twinhub_hub.settings.site import Site

_WRONG_INPUT = 2


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `twinhub`."""
    parser = subparsers.add_parser(
        "check",
        help="check twinhub.yaml without starting anything",
        description=(
            "Check twinhub.yaml and the files that it names, without starting or writing anything. "
            "Exit code 0: it can be used. 2: every fault is a line file:line:column: what; remedy."
        ),
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="the file to check (default: twinhub.yaml in $TWINHUB_HOME or ~/.local/share/twinhub)",
    )
    parser.add_argument(
        "--print",
        action="store_true",
        dest="with_settings",
        help="print the effective settings as YAML, secrets masked",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check the file; print what it amounts to and return 0, or every fault and return 2."""
    installation = Installation(default_home())
    path = arguments.file or installation.settings_file
    try:
        loaded = load_settings(path)
        certificate = check_certificate(loaded)
        check_locks(loaded)
    except SettingsError as error:
        _print_faults(path, error.faults, as_json=arguments.json)
        return _WRONG_INPUT
    port = loaded.settings.site.port
    if loaded.path == installation.settings_file:
        port = _find_port(installation, loaded.settings.site)
    if arguments.json:
        report = _report(
            loaded, summarize(loaded, certificate, port=port), with_settings=arguments.with_settings
        )
        report["warnings"] = [asdict(one) for one in find_doubtful_groups(loaded)]
        if arguments.file is None:
            report["sandboxes"] = _sandboxes(loaded.settings)
            report["walls"] = _walls_report(inspect_walls(installation))
        print(json.dumps(report, indent=2))
    elif arguments.with_settings:
        print(f"# Effective settings of {loaded.path}")
        print(render_effective(loaded.settings), end="")
    else:
        print(f"{path} can be used.")
        for key, value in summarize(loaded, certificate, port=port).items():
            print(f"{key}: {value}")
        _print_warnings(find_doubtful_groups(loaded))
        if arguments.file is None:
            print(f"sandboxes of runs: {_sandboxes(loaded.settings)}")
            _print_walls(inspect_walls(installation))
    return 0


def _find_port(installation: Installation, site: Site) -> int:
    """Return the port of the edge: as `twinhub up` takes it here, else as it took it last."""
    port = parse_port(os.environ.get("TWINHUB_PORT", ""))
    if port is None and "port" not in site.model_fields_set:
        with suppress(FileNotFoundError):
            port = installation.running.port
    return port or site.port


def summarize(
    loaded: LoadedSettings, certificate: Certificate | None, *, port: int
) -> dict[str, str]:
    """Return in a few words what an installation with these settings is."""
    settings = loaded.settings
    return {
        "address": f"{settings.site.address(port)}/",
        "encryption": _encryption(settings.site, certificate),
        "sign-in": _sign_in(settings),
        "engine": settings.engine.kind,
        "images": ", ".join(image.image for image in all_images(settings)),
        "layers": _layers(settings),
        "assets": str(loaded.assets),
        "library": _library(loaded),
        "runs": _runs(loaded),
        "sharing": _sharing(settings.site),
    }


def _layers(settings: Settings) -> str:
    return ", ".join(
        f"{layer.name} on {layer.base} for {', '.join(layer.groups) or 'everybody'}"
        for layer in settings.workspace.layers
    ) or "none"  # fmt: skip


def _library(loaded: LoadedSettings) -> str:
    """Return how much areas may hold, who sees to it, and how often versions are kept."""
    library = loaded.settings.library
    quota, snapshots = library.quota, library.snapshots.every_minutes
    words = [
        f"{format_size(quota.user)} for each user" if quota.user else "no quota for users",
        f"{format_size(quota.team)} for each team" if quota.team else "none for teams",
        f"versions every {snapshots} minutes" if snapshots else "no previous versions",
        str(find_quota_support(loaded.assets)),
    ]
    with suppress(FileNotFoundError):  # before the first start
        if shutil.disk_usage(loaded.assets).free < quota.free_space:
            words.insert(0, f"READ-ONLY: less than {format_size(quota.free_space)} are free")
    return "; ".join(words)


def _runs(loaded: LoadedSettings) -> str:
    """Return how many runs there may be, and what each may use."""
    runner = loaded.settings.runner
    words = [
        f"{runner.each_user or 'any number'} of each user and {runner.all or 'any number'} in all "
        "at once",
        f"each {format_size(runner.memory)} and {runner.cpus:g} cores"
        if loaded.settings.engine.kind != "process"
        else "memory and cores not limited",
        f"writes {format_size(runner.disk)}" if runner.disk else "writes without a limit",
        f"kept for {runner.keep_days:g} days" if runner.keep_days else "kept for ever",
    ]
    with suppress(FileNotFoundError):  # before the first start
        if shutil.disk_usage(loaded.assets).free < runner.least_free:
            words.insert(0, f"NONE BEGINS: less than {format_size(runner.least_free)} are free")
    return "; ".join(words)


def _sandboxes(settings: Settings) -> str:
    """Return whether what runs run in can be made here and now."""
    # imported here, since checking a file needs none of it
    from twinhub_hub.operate.engine import Availability, find_engine  # noqa: PLC0415
    from twinhub_hub.operate.process_mode import check_host  # noqa: PLC0415

    found = None if settings.engine.kind == "process" else find_engine()
    if found is not None and found.availability is Availability.ANSWERS:
        return "containers, and Docker answers"
    if found is not None and settings.engine.kind == "docker":
        return f"NONE: {found.remedy}"
    try:
        check_host()
    except EngineError as error:
        return f"NONE: {error}"
    return "by bubblewrap, which can make them"


def _encryption(site: Site, certificate: Certificate | None) -> str:
    if certificate is not None:
        now = datetime.now(UTC)
        left = certificate.days_left(now)
        warning = "; RENEW IT NOW" if certificate.ends_soon(now) else ""
        return f"certificate for {', '.join(certificate.names)}, {left} days left{warning}"
    if site.tls is not None and site.tls.acme is not None:
        return f"certificates from {site.tls.acme.directory}"
    return "off (reached from this machine only)"


def _sign_in(settings: Settings) -> str:
    if settings.auth.method != "trial":
        return settings.auth.method
    accounts = (f"{account.name} ({account.role})" for account in settings.auth.accounts)
    return f"{settings.auth.method}, {', '.join(accounts)}"


def _sharing(site: Site) -> str:
    if site.wildcard:
        return f"on (each user has an origin of their own below {site.domain})"
    return (
        "off (site.wildcard is false, so all users share one origin, where a page of one user "
        "could act as another)"
    )


def _report(
    loaded: LoadedSettings, summary: Mapping[str, str], *, with_settings: bool
) -> dict[str, object]:
    report: dict[str, object] = {
        "file": str(loaded.path),
        "valid": True,
        "faults": [],
        "summary": summary,
    }
    if with_settings:
        report["settings"] = loaded.settings.model_dump(mode="json")
    return report


def _walls_report(walls: WallsReport) -> dict[str, object]:
    rules = [{"rule": rule, "in_place": is_there} for rule, is_there in walls.rules]
    return {"in_place": walls.is_in_place, "summary": walls.summary, "rules": rules}


def _print_warnings(warnings: Sequence[Fault]) -> None:
    for warning in warnings:
        print(f"warning: {warning}")


def _print_walls(walls: WallsReport) -> None:
    print(f"walls: {walls.summary}")
    for rule, is_there in walls.rules:
        print(f"  {'in place' if is_there else 'MISSING '}  {rule}")


def _print_faults(path: Path, faults: tuple[Fault, ...], *, as_json: bool) -> None:
    if as_json:
        report = {
            "file": str(path.absolute()),
            "valid": False,
            "faults": [asdict(fault) for fault in faults],
        }
        print(json.dumps(report, indent=2))
        return
    for fault in faults:
        print(fault, file=sys.stderr)
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    print(f"{path} cannot be used: {count}; nothing was changed.", file=sys.stderr)
