"""What to do about a failed build, as far as its output tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from images.builder.errors import BuildError

_REMEDIES = (
    (
        r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|self.signed certificate",
        "a certificate was not trusted: put the certificate of your site's authority as *.crt into"
        " images/<image>/extra-ca, then build again",
    ),
    (
        r"No space left on device|disk quota exceeded",
        "the disk is full: `docker image prune` removes what no container uses, then build again",
    ),
    (
        r"Temporary failure resolving|Could not resolve|dns error|Name or service not known|no such"
        r" host|Network is unreachable|Connection timed out|Could not connect",
        "the network was not reached from inside the build: check DNS and the proxy settings of"
        " the Docker engine, then build again",
    ),
    (
        r"Hash mismatch|DO NOT MATCH THE HASHES",
        "a package differs from the one that was locked: do not use it, and ask who runs your"
        " package mirror",
    ),
)


def find_remedy(error: BuildError) -> str:
    """Return one sentence that says what to do."""
    text = "\n".join((*error.output, str(error)))
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, text, re.IGNORECASE):
            return remedy
    return "look at the lines above for the step that failed"
