"""The configuration of sshd: one file for all connections of a run of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OF_THE_SESSION = {"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM"}
"""Variables that each session has of its own; what begins with SSH_ is another's as well."""

_FIXED = """\
AuthenticationMethods publickey
AuthorizedKeysFile .ssh/authorized_keys
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
PermitRootLogin no
PermitEmptyPasswords no
StrictModes yes
UsePAM no
UseDNS no
LoginGraceTime 60
ClientAliveInterval 30
ClientAliveCountMax 4
X11Forwarding no
GatewayPorts no
PermitTunnel no
PermitUserEnvironment no
PermitUserRC no
PrintLastLog no
PrintMotd no
PidFile none
LogLevel INFO
Subsystem sftp internal-sftp
"""


def render_configuration(user: str, host_key: Path, environment: Mapping[str, str]) -> str:
    """Return the text of ``sshd_config``: that user, by key, with those variables."""
    lines = [_FIXED + f"AllowUsers {user}", f"HostKey {_quoted(str(host_key))}"]
    settings = [
        _quoted(f"{name}={value}")
        for name, value in sorted(environment.items())
        if name not in _OF_THE_SESSION and not name.startswith("SSH_") and _is_plain(name + value)
    ]
    if settings:
        lines.append("SetEnv " + " ".join(settings))
    return "\n".join(lines) + "\n"


def _is_plain(text: str) -> bool:
    """Whether a text can stand on a line; a variable of several lines cannot be handed on."""
    return not any(character in "\r\n\0" for character in text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
