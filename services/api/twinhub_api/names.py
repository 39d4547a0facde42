"""One label for each user: the name of the folder, the volume and the origin.

A label is a DNS label (RFC 1123: 1 to 63 of ``a-z``, ``0-9`` and ``-``), so the same text is safe
as a folder, as part of a Docker name and as a host name. Plain user names are their own label.
Every other name gets a readable part, two hyphens and 130 bits of its SHA-256; plain names have no
two hyphens in a row, so the two forms never meet.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from base64 import b32encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_USER_NAME = 200
"""Longest user name in characters; JupyterHub's own column holds 255."""

RESERVED = frozenset(
    {
        "common", "teams", "twins", "hub", "api", "services", "www", "grafana", "influxdb",
        "rabbitmq", "mqtt", "mongodb", "library", "runner", "platform", "gateway", "proxy", "edge",
        "user", "users", "open", "static", "login", "logout", "docs", "status", "localhost",
    }
)  # fmt: skip
"""Labels of TwinHub itself, which no user can have."""

SERVER_PATHS = frozenset(
    {
        # of Jupyter and its extensions
        "api", "lab", "tree", "doc", "docs", "notebooks", "edit", "view", "consoles", "terminals",
        "files", "static", "custom", "nbconvert", "nbextensions", "kernelspecs", "login", "logout",
        "proxy", "server-proxy", "metrics", "lsp", "git", "hub", "user", "users", "public",
        "shared", "voila", "retro", "nbclassic", "nbdime", "jupytext", "oauth", "shell",
        "websocket",
        # of TwinHub's tools and of addresses that DTaaS had
        "twinhub", "services", "tools", "desktop", "vnc", "vscode", "git-page", "tensorboard",
        "monitor", "big-files", "ssh", "sshd", "notebook", "share", "open",
    }
)  # fmt: skip
"""First parts of addresses in a workspace: a second one of such a name would hide them."""

_PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SERVER = re.compile(r"[a-z](?:-?[a-z0-9]){0,29}")
_HASHED = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*--[a-z2-7]{26}")
_SANDBOX = re.compile(r"[0-9a-hjkmnp-tv-z]{20}-[1-9][0-9]{0,3}")
_ENVIRONMENT = re.compile(r"[0-9a-f]{64}")
_PLAIN_LENGTH = 32
_READABLE_LENGTH = 20
_HASH_LENGTH = 26
_LABEL_LENGTH = _READABLE_LENGTH + 2 + _HASH_LENGTH


def check_user_name(name: str) -> str:
    """Return the name, or say why no user can have it.

    Raises:
        ValueError: empty, too long, reserved, or with characters that cannot be seen.
    """
    if not name or name != name.strip():
        raise ValueError("a user name cannot be empty or begin or end with a space")
    if len(name) > MAX_USER_NAME:
        raise ValueError(f"a user name has at most {MAX_USER_NAME} characters, not {len(name)}")
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise ValueError("a user name cannot hold control or invisible characters")
    if "/" in name:
        raise ValueError("a user name cannot hold a slash")
    if name.casefold() in RESERVED:
        raise ValueError(f"the name {name!r} is reserved for TwinHub itself: choose another")
    return name


def check_server_name(name: str) -> str:
    """Return the name of a further workspace, or say why none can have it.

    Raises:
        ValueError: it is no name, or the first workspace has something at that address.
    """
    if not _SERVER.fullmatch(name):
        raise ValueError(
            "The name of a workspace has at most 30 small letters, digits and single hyphens, and "
            "begins with a letter."
        )
    if name in SERVER_PATHS:
        raise ValueError(
            f"A workspace cannot be called {name!r}: the first workspace has pages at that "
            "address. Choose another name."
        )
    return name


@functools.lru_cache(4096)
def label_for(name: str) -> str:
    """Return the label of a user: equal names have equal labels, different names never do."""
    plain = _PLAIN.fullmatch(name) and len(name) <= _PLAIN_LENGTH and name not in RESERVED
    if plain:
        return name
    decomposed = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^a-z0-9]+", "-", decomposed)[:_READABLE_LENGTH].strip("-") or "u"
    digest = (
        b32encode(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()).decode().lower()
    )
    return f"{readable}--{digest[:_HASH_LENGTH]}"


def find_user(label: str, users: Iterable[str]) -> str | None:
    """Return the user whose label this is, or None; text that is no label is nobody's."""
    if _PLAIN.fullmatch(label) and len(label) <= _PLAIN_LENGTH:
        return label if label not in RESERVED and label in set(users) else None
    return next((user for user in users if label_for(user) == label), None)


def volume_for(prefix: str, name: str) -> str:
    """Return the name of the Docker volume that holds a user's home."""
    return f"{prefix}-home-{label_for(name)}"


def container_for(prefix: str, name: str, server: str = "") -> str:
    """Return the name of the container of a user's workspace, or of a named server of theirs.

    A server name has no two hyphens in a row (JupyterHub 6), so the last ``--server-`` separates.
    """
    return f"{prefix}-workspace-{label_for(name)}" + (f"--server-{server}" if server else "")


def find_label(prefix: str, container: str) -> str | None:
    """Return the label in a name that `container_for` made with this prefix, else None."""
    start = f"{prefix}-workspace-"
    if not container.startswith(start):
        return None
    label, separator, server = container.removeprefix(start).rpartition("--server-")
    if not separator:
        label, server = server, "x"
    is_plain = _PLAIN.fullmatch(label) and len(label) <= _PLAIN_LENGTH and label not in RESERVED
    is_label = is_plain or (_HASHED.fullmatch(label) and len(label) <= _LABEL_LENGTH)
    return label if is_label and _SERVER.fullmatch(server) else None


def run_container_for(prefix: str, sandbox: str) -> str:
    """Return the name of the container of a run's sandbox, which is no workspace's ever."""
    return f"{prefix}-run-{sandbox}"


def find_sandbox(prefix: str, container: str) -> str | None:
    """Return the sandbox in a name that `run_container_for` made with this prefix, else None.

    A sandbox is called by the id of its run, and by which try of it it is.
    """
    start = f"{prefix}-run-"
    sandbox = container.removeprefix(start)
    return sandbox if container.startswith(start) and _SANDBOX.fullmatch(sandbox) else None


def environment_image_for(prefix: str, address: str) -> str:
    """Return the tag of the image that has a twin's software, by the address of its content."""
    return f"{prefix}/environment:{address}"


def find_environment(prefix: str, image: str) -> str | None:
    """Return the address in a tag that `environment_image_for` made with this prefix, else None."""
    start = environment_image_for(prefix, "")
    address = image.removeprefix(start)
    return address if image.startswith(start) and _ENVIRONMENT.fullmatch(address) else None


def host_for(name: str, domain: str) -> str:
    """Return the host name of a user's own origin below a domain."""
    return f"{label_for(name)}.{domain}"
