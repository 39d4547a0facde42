"""What to do about a layer's failed build, as far as its output tells."""

from __future__ import annotations

import re

from twinhub_dtconfig.faults import nearest_key

_UNKNOWN = re.compile(r"site layer: no Debian package (?P<name>\S+); near: ?(?P<near>.*)")
_NO_VERSION = re.compile(r"E: Version '(?P<version>[^']+)' for '(?P<name>[^']+)' was not found")
_NO_PYTHON = re.compile(r"Because (?P<name>\S+) was not found in the package registry")
_REMEDIES = (
    (
        r"Temporary failure resolving|Could not resolve|dns error|Name or service not known|no such"
        r" host|Network is unreachable|Connection timed out|Could not connect|Connection refused",
        "the network was not reached from inside the build: check DNS and the proxy settings of the"
        " Docker engine, then build again",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|self.signed certificate",
        "a certificate was not trusted: add the one of your site's authority to this machine's, run"
        " `twinhub up`, then build again",
    ),
    (
        r"No space left on device|disk quota exceeded",
        "the disk is full: `twinhub images prune` removes builds that nobody uses, then build anew",
    ),
    (
        r"Hash mismatch|DO NOT MATCH THE HASHES|hashes? (?:mismatch|do(?:es)? not match)",
        "a package differs from the one that was locked: do not use it, and ask who runs your"
        " package mirror",
    ),
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
    """Return one sentence that says what to do."""
    for pattern, remedy in _REMEDIES[:3]:
        if re.search(pattern, output, re.IGNORECASE):
            return remedy
    if unknown := list(_UNKNOWN.finditer(output)):
        return "; ".join(_explain_unknown(match["name"], match["near"]) for match in unknown)
    if match := _NO_VERSION.search(output):
        return (
            f"apt has {match['name']} in another version than {match['version']}: leave the version"
            " out, or take the one that `apt-cache policy` shows"
        )
    if match := _NO_PYTHON.search(output):
        return f"the package index has no Python package {match['name']}: check its name"
    for pattern, remedy in _REMEDIES[3:]:
        if re.search(pattern, output, re.IGNORECASE):
            return remedy
    return "look at the lines above for the step that failed"


def _explain_unknown(name: str, near: str) -> str:
    nearest = nearest_key(name, near.split())
    hint = f"did you mean {nearest!r}?" if nearest else "check its name"
    return f"apt has no package {name!r}: {hint}"
