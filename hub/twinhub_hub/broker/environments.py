"""Builds of a twin's software, which the runner asks for: a list of packages, and nothing else.

What is built is composed here of TwinHub's own files and of lists that were read and written anew.
No byte of a request becomes a line of a Dockerfile or a word of a command.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from twinhub_api.names import environment_image_for

from twinhub_hub.broker.checks import check_keys, each, is_text, parse_object
from twinhub_hub.broker.policy import KIND_LABEL, LABEL, RefusedError
from twinhub_hub.builds import pack_context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KIND = "environment"
_SCRIPT = "install-environment"
_SYSTEM = re.compile(r"[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+.](?:=[0-9][A-Za-z0-9.+~:-]{0,98})?")
"""Debian policy 5.6.1 and 5.6.12. A name that ends in `-` would have apt remove a package."""
_HASHED = re.compile(r"(?P<requirement>[^\n]+?)(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})*)")
_PERIOD = 100_000


@dataclass(frozen=True)
class EnvironmentPolicy:
    """What environments may have, and what a build of one may use."""

    parent: str
    """The image that they stand on."""
    uid: int
    files: Mapping[str, str]
    """What they are built by: TwinHub's Dockerfile and script, by their names."""
    python: tuple[str, ...] = ("*",)
    """Patterns of the names of Python packages that they may have; and so of Debian's."""
    system: tuple[str, ...] = ("*",)
    may_compile: bool = False
    """Whether a Python package may be one that is built when it is installed."""
    memory: int = 2**32
    cpus: float = 2.0
    seconds: float = 1800
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Further arguments of each build: the way to a proxy."""

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Return the policy whose values were written as JSON."""
        return cls(**{**values, **{name: tuple(values[name]) for name in ("python", "system")}})


@dataclass(frozen=True)
class Build:
    """A build, as Docker is asked for it."""

    query: Mapping[str, str]
    archive: bytes = field(repr=False)
    seconds: float


def compose_build(body: bytes, policy: EnvironmentPolicy, prefix: str, address: str) -> Build:
    """Return the build of an environment that is then found by an address.

    Raises:
        RefusedError: it asks for anything but packages that are allowed.
    """
    checks = {"system": each(is_text), "python": each(is_text)}
    wanted = check_keys(parse_object(body), checks, "", set(checks))
    context = {name: text.encode() for name, text in policy.files.items()} | {
        "system.txt": _lines([_system(one, policy) for one in wanted["system"]]),
        "python.txt": _lines([_python(one, policy) for one in wanted["python"]]),
    }
    if policy.may_compile:
        context["may-compile"] = b""
    return Build(_query(policy, prefix, address), pack_context(context, [_SCRIPT]), policy.seconds)


def labels_of(prefix: str) -> Mapping[str, str]:
    """Return the labels of each environment's image."""
    return {LABEL: prefix, KIND_LABEL: KIND}


def _query(policy: EnvironmentPolicy, prefix: str, address: str) -> dict[str, str]:
    arguments = {
        **policy.arguments, "PARENT": policy.parent, "TWINHUB_UID": str(policy.uid),
    }  # fmt: skip
    return {
        "t": environment_image_for(prefix, address),
        "buildargs": json.dumps(arguments),
        "labels": json.dumps(labels_of(prefix)),
        "rm": "1",
        "forcerm": "1",
        "memory": str(policy.memory),
        "memswap": str(policy.memory),
        "cpuperiod": str(_PERIOD),
        "cpuquota": str(int(policy.cpus * _PERIOD)),
    }


def _system(text: str, policy: EnvironmentPolicy) -> str:
    if not _SYSTEM.fullmatch(text):
        raise RefusedError(f"{text[:80]!r} is no name of a Debian package")
    _check_allowed(text.partition("=")[0], policy.system, "Debian")
    return text


def _python(text: str, policy: EnvironmentPolicy) -> str:
    found = _HASHED.fullmatch(text)
    try:
        requirement = Requirement(found["requirement"] if found else "")
    except InvalidRequirement as error:
        raise RefusedError(f"{text[:80]!r} is no requirement of a Python package") from error
    if found is None or requirement.url:
        raise RefusedError(f"{text[:80]!r} names an address: only packages of the index are had")
    if " -" in str(requirement):  # pip would take it for an option, wherever it stands
        raise RefusedError(f"{text[:80]!r} has an option: only packages may be listed")
    _check_allowed(canonicalize_name(requirement.name), policy.python, "Python")
    return f"{requirement}{found['hashes']}"


def _check_allowed(name: str, patterns: Sequence[str], kind: str) -> None:
    if not any(fnmatchcase(name, pattern) for pattern in patterns):
        raise RefusedError(f"the {kind} package {name} is not among those that this site allows")


def _lines(packages: Sequence[str]) -> bytes:
    return "".join(f"{one}\n" for one in sorted(packages)).encode()
