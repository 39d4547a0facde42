"""What to do about a failed build, as far as its output tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.builds import CERTIFICATE_SIGNS, DISK_SIGNS, HASHES, LOOK, NETWORK, first_remedy

if TYPE_CHECKING:
    from images.builder.errors import BuildError

_REMEDIES = (
    (
        CERTIFICATE_SIGNS,
        "a certificate was not trusted: put the certificate of your site's authority as *.crt into"
        " images/<image>/extra-ca, then build again",
    ),
    (
        DISK_SIGNS,
        "the disk is full: `docker image prune` removes what no container uses, then build again",
    ),
    NETWORK,
    HASHES,
)


def find_remedy(error: BuildError) -> str:
    """Return one sentence that says what to do."""
    return first_remedy("\n".join((*error.output, str(error))), _REMEDIES) or LOOK
