"""`twinhub up`: from nothing, or from whatever state there is, to a running installation."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twinhub_hub.accounts import ensure_accounts
from twinhub_hub.apply.broker import broker_environment
from twinhub_hub.apply.context import Context
from twinhub_hub.apply.library import library_environment, trusted
from twinhub_hub.apply.runner import runner_environment
from twinhub_hub.assets.install import install_common
from twinhub_hub.egress import closed_networks, network_of, networks_in_use, uses_proxy
from twinhub_hub.files import write_private
from twinhub_hub.images import all_images
from twinhub_hub.installation import Listed
from twinhub_hub.native_accounts import lacks_admin
from twinhub_hub.operate import allow_list, prepare, supervisor, walls
from twinhub_hub.operate.answering import (
    wait_for_broker,
    wait_for_egress,
    wait_until_answering,
)
from twinhub_hub.operate.deletion import finish_deletions
from twinhub_hub.operate.edge import render_caddyfile
from twinhub_hub.operate.engine import (
    Availability,
    engine_address,
    ensure_network,
    find_engine,
    find_root,
    has_network,
    install_engine,
)
from twinhub_hub.operate.environments import ensure_environments
from twinhub_hub.operate.errors import EngineError, NotRunningError, OperateError
from twinhub_hub.operate.layers import ensure_layers
from twinhub_hub.operate.ports import find_free, is_free
from twinhub_hub.operate.process_mode import check_host, list_sandboxes
from twinhub_hub.operate.proxy_packages import ensure_proxy
from twinhub_hub.operate.workspaces import absent_images, list_workspaces
from twinhub_hub.settings.loading import check_certificate, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twinhub_hub.installation import EngineKind, Installation, Running
    from twinhub_hub.operate.steps import Steps
    from twinhub_hub.settings.loading import LoadedSettings
    from twinhub_hub.settings.models import Settings


@dataclass(frozen=True)
class Started:
    """What the operator is told at the end."""

    address: str
    engine: EngineKind
    passwords: Mapping[str, str]
    """Generated password of each account that still shows one."""
    outdated: Sequence[str]
    """Workspaces that go on running on an earlier image."""
    lacks_admin: bool = False
    """Whether accounts are TwinHub's own and none of them is an admin's."""


def start(installation: Installation, steps: Steps, *, port: int | None, engine: str) -> Started:
    """Make everything that is missing, start or repair the processes, wait until the hub answers.

    May be repeated at will: what is there is left alone. ``engine`` is ``""``, ``install`` or
    ``process``; ``port`` overrides the settings.

    Raises:
        SettingsError: ``twinhub.yaml`` is wrong.
        OperateError: anything else that the operator can mend.
    """
    supervisor.check_is_near(installation)
    if prepare.ensure_settings(installation):
        steps.say(f"Settings: wrote {installation.settings_file}")
    loaded = load_settings(installation.settings_file)
    check_certificate(loaded)
    kind = choose_engine(loaded.settings.engine.kind, engine, steps)
    if kind == "process":
        _check_process_mode(loaded.settings)
    context = _make_context(installation, loaded, kind, port=port)
    if kind == "docker":
        if uses_proxy(loaded.settings):
            allow_list.ensure_program(steps, may_install=engine == "install")
        context = _with_network(context)
        steps.say(f"Walls: {walls.put_up(installation.home, context.running)}")
        log = installation.logs / "images.log"
        prepare.build_images(context.share, context.settings, log, steps)
        _say_absent_images(context.settings, steps)
        ensure_layers(installation, context.settings, steps)
    else:
        ensure_environments(context, steps)
    passwords = _ensure_contents(context, steps)
    _run_processes(context, steps)
    finish_deletions(context, steps)
    if kind == "docker":
        workspaces = list_workspaces(context.settings.engine.prefix)
    else:
        workspaces = list_sandboxes(installation)
    names = [workspace.name for workspace in workspaces if workspace.is_outdated]
    return Started(context.address, kind, passwords, names, lacks_admin=_lacks_admin(context))


def _say_absent_images(settings: Settings, steps: Steps) -> None:
    for name in absent_images(image.image for image in all_images(settings)):
        steps.say(
            f"Images: {name} is not on this machine: build or load it; nobody can start it until "
            "then"
        )


def _with_network(context: Context) -> Context:
    """Make TwinHub's bridges, and return the context with what Docker has decided."""
    bridge = ensure_network(context.settings.engine.network)
    running = replace(
        context.running,
        gateway=bridge.gateway,
        bridge=bridge.interface,
        closed_bridges=_closed_bridges(context),
        listed=_listed_proxy(context),
        engine_address=engine_address(),
        engine_root=find_root(),
    )
    return replace(context, running=running)


def _check_process_mode(settings: Settings) -> None:
    if settings.site.tls is not None:
        why = "is for one user of this machine. Remove site.tls from"
    elif settings.auth.method != "trial":
        why = "is for one user and has the trial sign-in only. Set auth.method to trial in"
    elif networks_in_use(settings) != (settings.engine.network,):
        why = "has no walls to keep workspaces from the outside. Leave `egress` open in"
    else:
        return
    raise OperateError(
        f"Process mode {why} twinhub.yaml, or install a Docker engine with: "
        "twinhub up --engine=install"
    )


def _closed_bridges(context: Context) -> tuple[str, ...]:
    """Return the bridges that are not open; workspaces may be on one that is not needed now."""
    network, wanted = context.settings.engine.network, networks_in_use(context.settings)
    names = [name for name in closed_networks(network) if name in wanted or has_network(name)]
    return tuple(ensure_network(name, network).interface for name in names)


def _listed_proxy(context: Context) -> Listed | None:
    """Return where the proxy to listed hosts is to be: where it was, if it was somewhere."""
    if not uses_proxy(context.settings):
        return None
    network, last = context.settings.engine.network, context.running.listed
    bridge = ensure_network(network_of(network, "listed"), network)
    is_ours = supervisor.supervisor_pid(context.installation) is not None
    if last and last.gateway == bridge.gateway and (is_ours or is_free(last.port, last.gateway)):
        return Listed(bridge.interface, bridge.gateway, last.port)
    port = find_free(context.running.hub_port + 1, address=bridge.gateway)
    return Listed(bridge.interface, bridge.gateway, port)


def _lacks_admin(context: Context) -> bool:
    is_native = context.settings.auth.method == "native"
    return is_native and lacks_admin(context.installation.native_accounts)


def choose_engine(wanted: str, asked: str, steps: Steps) -> EngineKind:
    """Return what will start workspaces; installs an engine only when asked and none is there.

    Raises:
        EngineError: an engine is there but does not answer, or the settings want one.
    """
    if asked == "process" or wanted == "process":
        check_host()
        return "process"
    found = find_engine()
    if found.availability is Availability.ABSENT and _may_install(asked):
        install_engine(steps)
        found = find_engine()
    if found.availability is Availability.ANSWERS:
        steps.say(f"Docker engine: {found.version} answers")
        return "docker"
    if found.availability is not Availability.ABSENT or wanted == "docker":
        raise EngineError(found.remedy)
    steps.say("Docker engine: none found, going on in process mode (twinhub up --engine=install)")
    check_host()
    return "process"


def _may_install(asked: str) -> bool:
    if asked == "install":
        return True
    if not os.isatty(0):
        return False
    try:
        answer = input("No Docker engine is installed. Install docker.io? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in {"y", "yes"}


def _make_context(
    installation: Installation, loaded: LoadedSettings, kind: EngineKind, *, port: int | None
) -> Context:
    running = prepare.choose_ports(
        installation,
        loaded.settings,
        port=port or loaded.settings.site.port,
        ours_running=supervisor.supervisor_pid(installation) is not None,
        engine=kind,
    )
    site = loaded.settings.site
    running = replace(running, address=site.address(running.port), nearby=site.nearby)
    return Context.of(installation, loaded, running)


def _ensure_contents(context: Context, steps: Steps) -> Mapping[str, str]:
    installation = context.installation
    prepare.ensure_secrets(installation)
    passwords = _ensure_passwords(context)
    if ensure_proxy(context.share / "requirements" / "proxy", installation.node_folder):
        steps.say("Proxy: installed from its lock")
    source = context.share / "config" / "assets" / "common"
    report = install_common(source, context.assets, uid=context.settings.uid)
    if report.installed:
        steps.say(f"Common assets: {len(report.installed)} files installed")
    for path in report.kept:
        steps.say(f"Common assets: {path} was changed here and is left as it is")
    prepare.ensure_socket_folder(installation, uid=context.settings.uid)
    prepare.ensure_service_folders(installation, context.assets, uid=context.settings.uid)
    return passwords


def _ensure_passwords(context: Context) -> Mapping[str, str]:
    """Return the passwords of the trial accounts that can be shown; none with another sign-in."""
    installation, auth = context.installation, context.settings.auth
    if auth.method != "trial":
        return {}
    passwords = ensure_accounts(
        auth.accounts, hashes=installation.account_hashes, passwords=installation.account_passwords
    )
    return {a.name: passwords[a.name] for a in context.accounts if a.name in passwords}


def _run_processes(context: Context, steps: Steps) -> None:
    installation = context.installation
    caddyfile = render_caddyfile(context)
    installation.save_running(context.running)
    write_private(installation.edge_config, caddyfile)
    was_running = supervisor.supervisor_pid(installation) is not None
    digests = _program_digests(context, caddyfile)
    supervisor.apply_config(installation, supervisor.render_config(context, digests))
    supervisor.start_stopped(installation)
    steps.say("Processes: already running" if was_running else "Processes: started")
    if context.running.engine == "docker":
        wait_for_broker(installation)
        wait_for_egress(context)
    wait_until_answering(context)
    steps.say("Hub: answers")


def _program_digests(context: Context, caddyfile: str) -> dict[str, str]:
    """Return each program with a digest of what it depends on, so that only what changed restarts.

    A restart of edge or proxy cuts every open connection, one of the hub none.
    """
    installation = context.installation
    locks = context.share / "requirements"
    proxy_lock = (locks / "proxy" / "package-lock.json").read_text("utf-8")
    running = context.running
    ports = (running.proxy_port, running.proxy_api_port, running.hub_port)
    proxy = (context.proxy_token, str(ports), proxy_lock)
    site = (path.read_text("utf-8") for path in sorted(installation.config_folder.glob("*.py")))
    code = supervisor.code_digest(
        *proxy, repr(running),
        context.cookie_secret.hex(), context.client_secret, *context.crypt_keys,
        (locks / "hub.txt").read_text("utf-8"),
        installation.settings_file.read_text("utf-8"), *site,
    )  # fmt: skip
    digests = {
        "edge": supervisor.text_digest(caddyfile),
        "proxy": supervisor.text_digest(*proxy, str(context.settings.site.wildcard)),
        "hub": code,
        "library": supervisor.code_digest(
            repr(sorted(library_environment(context).items())),
            *(path.read_text("utf-8") for path in trusted(context).values()),
            (locks / "hub.txt").read_text("utf-8"),
            packages=supervisor.LIBRARY_CODE,
        ),
        "runner": supervisor.code_digest(
            repr(sorted(runner_environment(context).items())),
            (locks / "hub.txt").read_text("utf-8"),
            packages=supervisor.RUNNER_CODE,
        ),
    }
    if context.certificate_files:
        digests["certificates"] = supervisor.code_digest()
    if context.running.engine == "docker":
        digests["broker"] = supervisor.code_digest(
            repr(sorted(broker_environment(context).items()))
        )
    if running.listed:
        hosts = context.settings.workspace.egress_hosts
        digests["egress"] = supervisor.text_digest(
            allow_list.render_configuration(running.listed, hosts)
        )
    return digests | ({"culler": code} if context.settings.workspace.idle_hours > 0 else {})


def load_running(installation: Installation) -> Context:
    """Return the context of an installation that has been started.

    Raises:
        NotRunningError: it never was.
        SettingsError: its settings are wrong.
    """
    running = find_running(installation)
    return Context.of(installation, load_settings(installation.settings_file), running)


def find_running(installation: Installation) -> Running:
    """Return what the last start decided; needs no settings.

    Raises:
        NotRunningError: it has never been started.
    """
    try:
        return installation.running
    except FileNotFoundError as error:
        raise NotRunningError(
            f"There is no installation in {installation.home}. Make one with: twinhub up"
        ) from error
