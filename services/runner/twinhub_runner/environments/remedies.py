"""What to do about an environment that cannot be built, as far as its output tells."""

from __future__ import annotations

import re

from twinhub_dtconfig.faults import nearest_key

_UNKNOWN = re.compile(r"there is no Debian package (?P<name>\S+); near are: ?(?P<near>.*)")
_REMEDIES = (
    (
        r"E: Version '([^']+)' for '([^']+)' was not found",
        "Debian has {1} in another version than {0}: leave the version out",
    ),
    (
        r"Temporary failure resolving|Name or service not known|Temporary failure in name"
        r"|Network is unreachable|Connection refused|Could not connect",
        "builds do not reach the package index: ask an administrator",
    ),
    (
        r"No matching distribution found for ([^\s;]+)",
        "the package index has no ready-made package for {0}: correct its name or version",
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES",
        "a package differs from the one that was locked: do not use it",
    ),
    (r"No space left on device", "the disk is full: ask an administrator"),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "the Python packages do not fit together: loosen their versions",
    ),
)  # fmt: skip


def find_remedy(output: str) -> str:
    """Return what to do; empty where the output does not tell."""
    if unknown := [*_UNKNOWN.finditer(output)]:
        return "; ".join(_explain(one["name"], one["near"].split()) for one in unknown)
    for signs, remedy in _REMEDIES:
        if found := re.search(signs, output):
            return remedy.format(*(one.strip() for one in found.groups()))
    return ""


def _explain(name: str, near: list[str]) -> str:
    nearest = nearest_key(name, near)
    hint = f", did you mean {nearest!r}?" if nearest else ":"
    return f"Debian has no package {name!r}{hint} correct environment.system"
