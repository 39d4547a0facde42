"""Where an installation keeps what it has: every path below ``TWINHUB_HOME``, and its ports."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twinhub_hub.files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

EngineKind = Literal["docker", "process"]
DEFAULT_HOME = Path("~/.local/share/twinhub")
_OURS = (
    "assets",
    "archive",
    "homes",
    "library",
    "runner",
    "sockets",
    "environments",
    "node",
    "logs",
    "secrets",
    "jupyterhub_config.d",
)
# names of the files of generated secrets
COOKIE_SECRET, PROXY_TOKEN, HUB_TOKEN, CULLER_TOKEN, CRYPT_KEYS, METRICS_TOKEN = (
    "cookie_secret", "proxy_token", "hub_token", "culler_token", "crypt_keys", "metrics_token",
)  # fmt: skip
USERS_TOKEN, LIBRARY_TOKEN, LIBRARY_KEYS = "users_token", "library_token", "library_keys"
RUNNER_TOKEN, RUNNER_KEYS = "runner_token", "runner_keys"


@dataclass(frozen=True)
class Listed:
    """Where the proxy to listed hosts answers workspaces."""

    bridge: str
    """Interface of the bridge that they are on."""
    gateway: str
    """This host's address on it."""
    port: int


@dataclass(frozen=True)
class Running:
    """What `twinhub up` decided and every process needs: kept in ``state/running.json``."""

    engine: EngineKind
    port: int
    """Port of the edge."""
    proxy_port: int
    proxy_api_port: int
    hub_port: int
    gateway: str | None
    """Address of TwinHub's bridge on this host; None without an engine."""
    prefix: str = "twinhub"
    """First part of the names of containers and volumes."""
    network: str = "twinhub"
    """Name of TwinHub's bridge, as Docker knows it."""
    bridge: str | None = None
    """Interface of the bridge that the firewall's rules were last made for."""
    closed_bridges: tuple[str, ...] = ()
    """Interfaces of the bridges from which the kernel forwards nothing."""
    listed: Listed | None = None
    """The way to listed hosts; None where nobody's egress is that."""
    engine_address: str = ""
    """Where Docker answers; empty without an engine."""
    engine_root: str = ""
    """Folder in which Docker keeps images and volumes, on its own host; empty without an engine."""
    address: str = ""
    """What people type, without a slash at its end; empty after an earlier TwinHub."""
    nearby: str = "127.0.0.1"
    """Address at which this host itself reaches the edge."""
    library_port: int = 0
    """Port of the library on loopback; 0 after an earlier TwinHub."""
    runner_port: int = 0
    """Port of the runner on loopback; 0 after an earlier TwinHub."""


@dataclass(frozen=True)
class Installation:
    """One installation, named by its folder."""

    home: Path

    @property
    def settings_file(self) -> Path:
        """The ``twinhub.yaml`` of the installation."""
        return self.home / "twinhub.yaml"

    @property
    def config_folder(self) -> Path:
        """Python files of the site, run last by the hub in the order of their names."""
        return self.home / "jupyterhub_config.d"

    @property
    def secrets(self) -> Path:
        """Folder of generated secrets, 0700."""
        return self.home / "secrets"

    @property
    def state(self) -> Path:
        """Folder of what the processes keep: database, sockets, generated configuration."""
        return self.home / "state"

    @property
    def logs(self) -> Path:
        """Folder of the rotated logs."""
        return self.home / "logs"

    @property
    def database(self) -> Path:
        """The hub's database."""
        return self.state / "jupyterhub.sqlite"

    @property
    def library_state(self) -> Path:
        """Folder of the library's database and index, 0700, of the uid of workspaces.

        It is not below ``state``, which only whoever runs TwinHub may enter.
        """
        return self.home / "library"

    @property
    def runner_state(self) -> Path:
        """Folder of the runner's database, as `library_state`."""
        return self.home / "runner"

    @property
    def library_trust(self) -> Path:
        """Folder with what the library's git trusts, as it was when the library started."""
        return self.state / "library-trust"

    @property
    def account_hashes(self) -> Path:
        """Hashes of the trial accounts."""
        return self.secrets / "accounts.json"

    @property
    def account_passwords(self) -> Path:
        """Generated passwords of the trial accounts; may be deleted once they are noted."""
        return self.secrets / "trial-passwords.json"

    @property
    def native_accounts(self) -> Path:
        """Accounts of ``auth.method: native``."""
        return self.secrets / "native-accounts.json"

    @property
    def deletions(self) -> Path:
        """Records of users who are being deleted."""
        return self.state / "users-deleted"

    @property
    def archive(self) -> Path:
        """Folder of the deleted users' files, 0700."""
        return self.home / "archive"

    @property
    def running_file(self) -> Path:
        """See `Running`."""
        return self.state / "running.json"

    @property
    def lock_file(self) -> Path:
        """Held by the command that changes the installation."""
        return self.home / ".lock"

    @property
    def restoring(self) -> Path:
        """Folder that is there as long as `twinhub restore` has not ended."""
        return self.home / ".restoring"

    @property
    def supervisor_socket(self) -> Path:
        """Where the supervisor answers."""
        return self.state / "supervisor.sock"

    @property
    def supervisor_config(self) -> Path:
        """The supervisor's configuration, generated."""
        return self.state / "supervisord.conf"

    @property
    def layers_file(self) -> Path:
        """The site layers that the hub offers, see `layers.records`."""
        return self.state / "layers.json"

    @property
    def images_lock(self) -> Path:
        """Held by the command that builds images."""
        return self.state / "images.lock"

    def image_log(self, layer: str) -> Path:
        """The log of a site layer's last build."""
        return self.logs / "images" / f"{layer}.log"

    @property
    def broker_socket(self) -> Path:
        """Where the broker answers, to whom Docker's own socket is closed."""
        return self.state / "broker.sock"

    @property
    def sockets(self) -> Path:
        """Folder of sockets for services that work as the uid of workspaces: their group enters."""
        return self.home / "sockets"

    @property
    def runs_socket(self) -> Path:
        """Where the broker answers the runner, and makes runs alone."""
        return self.sockets / "runs.sock"

    @property
    def edge_config(self) -> Path:
        """The edge's configuration, generated."""
        return self.state / "Caddyfile"

    @property
    def edge_socket(self) -> Path:
        """Where the edge takes a new configuration; only with a certificate of the site's own."""
        return self.state / "edge.sock"

    @property
    def node_folder(self) -> Path:
        """Where the proxy's npm packages are installed."""
        return self.home / "node"

    @property
    def environments(self) -> Path:
        """Editions of the process mode, see `sandbox.edition`."""
        return self.home / "environments"

    @property
    def audit_file(self) -> Path:
        """The audit trail; older ones beside it have a number."""
        return self.logs / "audit.jsonl"

    @property
    def library_log(self) -> Path:
        """The log of the library, with its part of the audit trail; older ones have a number."""
        return self.logs / "library.log"

    @property
    def runner_log(self) -> Path:
        """The log of the runner, likewise."""
        return self.logs / "runner.log"

    @property
    def homes(self) -> Path:
        """Homes of the process mode, one folder for each label."""
        return self.home / "homes"

    @cached_property
    def running(self) -> Running:
        """What the last `twinhub up` decided.

        Raises:
            FileNotFoundError: it has never been started, or by an earlier TwinHub.
        """
        found: Mapping[str, object] = json.loads(self.running_file.read_text("utf-8"))
        try:
            known = {field.name for field in fields(Running)}  # a later version may know more
            values = {
                k: tuple(v) if isinstance(v, list) else v for k, v in found.items() if k in known
            }
            listed = values.pop("listed", None)
            if isinstance(listed, dict):
                values["listed"] = Listed(**listed)
            return Running(**values)  # type: ignore[arg-type]
        except TypeError as error:
            raise FileNotFoundError(f"{self.running_file} is of another version") from error

    def save_running(self, running: Running) -> None:
        """Keep what was decided for the processes to read."""
        write_private(self.running_file, json.dumps(asdict(running), indent=1))

    def token(self, name: str) -> str:
        """Return a generated token by its name.

        Raises:
            FileNotFoundError: `twinhub up` has not made it.
        """
        return (self.secrets / name).read_text("ascii").strip()

    def remove(self) -> None:
        """Remove all that TwinHub made in the folder, what says that it is one last."""
        for name in _OURS:
            remove_tree(self.home / name)
        for path in (self.state, self.settings_file, self.lock_file):
            remove_tree(path)
        with suppress(OSError):  # somebody else's files are in it
            self.home.rmdir()

    def make_folders(self) -> None:
        """Make the folders of secrets, state and logs, readable for their owner only."""
        for folder in (self.home, self.secrets, self.state, self.logs, self.config_folder):
            folder.mkdir(parents=True, exist_ok=True)
            if folder is not self.home:
                folder.chmod(0o700)


def remove_tree(path: Path) -> None:
    """Remove a file or a folder, whatever the modes of the folders in it."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder, names, _ in os.walk(path):
        for name in names:
            inner = Path(folder) / name
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(path)


def default_home() -> Path:
    """Return the folder that ``TWINHUB_HOME`` names, or the usual one, absolute."""
    return Path(os.environ.get("TWINHUB_HOME") or DEFAULT_HOME).expanduser().absolute()


def share() -> Path:
    """Return the folder of ``images``, ``extensions``, ``services``, ``config``, ``requirements``.

    In a checkout that is its root; in an installed wheel they lie within the package.
    """
    package = Path(str(files("twinhub_hub")))
    packed = package / "share"
    return packed if packed.is_dir() else package.parents[1]
