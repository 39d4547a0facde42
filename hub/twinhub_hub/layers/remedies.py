"""What to do about a layer's failed build, as far as its output tells."""

from __future__ import annotations

import re

from twinhub_dtconfig.faults import nearest_key

from twinhub_hub.builds import CERTIFICATE_SIGNS, DISK_SIGNS, HASHES, LOOK, NETWORK, first_remedy

_UNKNOWN = re.compile(r"site layer: no Debian package (?P<name>\S+); near: ?(?P<near>.*)")
_NO_VERSION = re.compile(r"E: Version '(?P<version>[^']+)' for '(?P<name>[^']+)' was not found")
_NO_PYTHON = re.compile(r"Because (?P<name>\S+) was not found in the package registry")
_OF_THE_MACHINE = (
    NETWORK,
    (
        CERTIFICATE_SIGNS,
        "a certificate was not trusted: add the one of your site's authority to this machine's, run"
        " `twinhub up`, then build again",
    ),
    (
        DISK_SIGNS,
        "the disk is full: `twinhub images prune` removes builds that nobody uses, then build anew",
    ),
)
_OF_PACKAGES = (
    HASHES,
    (
        r"No solution found",
        "the Python packages do not fit together, or not the versions that the image has: the lines"
        " above say which; loosen the version in `python`, or give a `lock`",
    ),
    (
        r"unmet dependencies|held broken packages",
        "the Debian packages do not fit together: the lines above say which; leave one out, or take"
        " another version",
    ),
)


def find_remedy(output: str) -> str:
    """Return one sentence that says what to do.

    A machine without a network or space also finds no package, so it comes first.
    """
    return (
        first_remedy(output, _OF_THE_MACHINE)
        or _explain_missing(output)
        or first_remedy(output, _OF_PACKAGES)
        or LOOK
    )


def _explain_missing(output: str) -> str | None:
    """Return what to do about a package that is not there, if one is not."""
    if unknown := list(_UNKNOWN.finditer(output)):
        return "; ".join(_explain_unknown(match["name"], match["near"]) for match in unknown)
    if match := _NO_VERSION.search(output):
        return (
            f"apt has {match['name']} in another version than {match['version']}: leave the version"
            " out, or take the one that `apt-cache policy` shows"
        )
    if match := _NO_PYTHON.search(output):
        return f"the package index has no Python package {match['name']}: check its name"
    return None


def _explain_unknown(name: str, near: str) -> str:
    nearest = nearest_key(name, near.split())
    hint = f"did you mean {nearest!r}?" if nearest else "check its name"
    return f"apt has no package {name!r}: {hint}"
