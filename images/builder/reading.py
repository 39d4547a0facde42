"""What an image has on its disk about the packages in it, read without a network."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from images.builder.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from images.builder.engine import Engine

# One line for each Node, an empty line, then a tar archive as text, for an engine's log keeps text.
# `-xdev` leaves out /proc and /sys.
_SCRIPT = r"""
set -eu
find / -xdev -path '*/bin/node' -type f -perm -001 2>/dev/null | while read -r node; do
    printf '%s %s\n' "$node" "$("$node" --version)"
done
echo
cd /
find . -xdev -type f \( -path ./var/lib/dpkg/status -o -path ./var/lib/dpkg/arch-native \
    -o -path './opt/twinhub/*/version' -o -path './usr/share/doc/*/copyright' \
    -o -path '*.dist-info/METADATA' -o -path '*/node_modules/*/package.json' \) \
    -readable -print0 2>/dev/null \
    | LC_ALL=C sort -z | tar --create --null --no-recursion --files-from=- --file=- \
    | gzip -1 | base64 --wrap=8000
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one image."""

    archive: bytes
    """The files about packages, as an uncompressed tar archive."""
    nodes: Mapping[str, str]
    """The version of each Node by its path."""

    def files(self) -> dict[str, bytes]:
        """Return the content of each file by its absolute path."""
        with tarfile.open(fileobj=io.BytesIO(self.archive)) as archive:
            return {
                f"/{member.name.removeprefix('./')}": file.read()
                for member in archive
                if (file := archive.extractfile(member))
            }


def read_image(engine: Engine, image: str) -> Reading:
    """Read an image in a container that has no network, no capability and nothing to write to.

    Raises:
        EngineError: the image is not there, or lacks the shell, `find` or `tar`.
    """
    output = engine.run_isolated(image, ("/bin/sh", "-c", _SCRIPT))
    lines, _, packed = f"\n{output.decode()}".partition("\n\n")
    try:
        archive = gzip.decompress(base64.b64decode(packed))
    except (OSError, EOFError, ValueError) as error:
        raise EngineError(f"the image {image} does not say what is in it: {error}") from error
    pairs = (line.rpartition(" ") for line in lines.splitlines() if line)
    return Reading(archive, {path: version.removeprefix("v") for path, _, version in pairs})
