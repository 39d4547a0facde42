"""Content addresses: what an environment or a build step depends on, as one digest.

SHA-256 over a canonical JSON text (RFC 8785 for the strings, whole numbers and lists that occur
here: sorted keys, no spaces, UTF-8). The same digest means that nothing needs to be made anew.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from twinhub_dtconfig.command_lines import split_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_dtconfig.models.environment import BuildStep, Environment


def environment_digest(
    environment: Environment, *, image: str, requirements: bytes | None = None
) -> str:
    """Return the address of a twin's software on top of an image, given by its own digest.

    ``requirements`` is the content of the file that ``environment.requirements`` names. The order
    of packages and toolchains does not count; every phase of the twin has the same address.
    """
    data = environment.model_dump(mode="json", exclude={"image", "requirements"})
    for key in ("packages", "system", "toolchains"):
        data[key] = sorted(data[key] or ())
    data["requirements"] = hashlib.sha256(requirements).hexdigest() if requirements else None
    return _digest({"kind": "environment", "image": image, **data})


def build_digest(step: BuildStep, *, environment: str, inputs: Mapping[str, str]) -> str:
    """Return the address of what a build step makes.

    ``environment`` is the address of the twin's software; ``inputs`` maps each input file, by its
    path in the twin's folder, to the digest of its content.
    """
    return _digest(
        {
            "kind": "build",
            "command": split_command(step.command),
            "folder": step.folder,
            "outputs": sorted(step.outputs),
            "environment": environment,
            "inputs": dict(inputs),
        }
    )


def _digest(data: Mapping[str, object]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
