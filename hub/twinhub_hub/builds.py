"""What builds of TwinHub's images and of site layers have in common."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INPUTS_LABEL = "org.twinhub.inputs"
"""Label of an image with the digest of what it was built from."""

LOOK = "look at the lines above for the step that failed"
"""What to do where the output tells nothing."""

NETWORK = (
    r"Temporary failure resolving|Could not resolve|dns error|Name or service not known|no such"
    r" host|Network is unreachable|Connection timed out|Could not connect|Connection refused",
    "the network was not reached from inside the build: check DNS and the proxy settings of the"
    " Docker engine, then build again",
)
"""Signs in the output of a build, and the remedy; so are the others."""

HASHES = (
    r"Hash mismatch|DO NOT MATCH THE HASHES|hashes? (?:mismatch|do(?:es)? not match)",
    "a package differs from the one that was locked: do not use it, and ask who runs your"
    " package mirror",
)

CERTIFICATE_SIGNS = r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|self.signed certificate"
DISK_SIGNS = r"No space left on device|disk quota exceeded"


def digest_inputs(archive: bytes, arguments: Mapping[str, str], image_ids: Sequence[str]) -> str:
    """Return one digest for all that decides what a build makes; the parent's id comes first."""
    digest = hashlib.sha256(archive)
    for part in (*image_ids, *(f"{name}={arguments[name]}" for name in sorted(arguments))):
        digest.update(f"\0{part}".encode())
    return digest.hexdigest()


def first_remedy(output: str, remedies: Sequence[tuple[str, str]]) -> str | None:
    """Return what to do about the first fault whose signs are in the output of a build."""
    for signs, remedy in remedies:
        if re.search(signs, output, re.IGNORECASE):
            return remedy
    return None
