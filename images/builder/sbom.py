"""The bill of materials of an image (CycloneDX): Debian by debsbom, then Python, npm and Node."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from images.builder.components import (
    Component,
    node_components,
    npm_components,
    python_components,
    unpacked_components,
)
from images.builder.errors import SbomError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from images.builder.engine import Built
    from images.builder.reading import Reading

SCHEMA = "1.6"
_SECONDS = 600
_SERIES = uuid.UUID("5b3a8a0e-5d0b-4a3c-9d0e-6a1f1d2b7c40")


def make_sbom(reading: Reading, *, tag: str, found: Built) -> str:
    """Return the bill of materials as JSON; the same image gives the same one.

    Raises:
        SbomError: debsbom is not there, or failed.
    """
    bom = json.loads(_debian_part(reading, tag=tag, found=found))
    _name_root(bom, tag=tag, found=found)
    files = reading.files()
    others = [python_components(files), npm_components(files), node_components(reading.nodes)]
    _add(bom, itertools.chain(unpacked_components(files), *others))
    return json.dumps(bom, indent=1, ensure_ascii=False)


def _debian_part(reading: Reading, *, tag: str, found: Built) -> bytes:
    folder = str(Path(sys.executable).parent)
    program = shutil.which("debsbom", path=os.pathsep.join((folder, os.environ.get("PATH", ""))))
    if program is None:
        raise SbomError("a bill of materials is made with debsbom: `pip install 'debsbom[cdx]'`")
    command = [
        program, "generate", "--sbom-type=cdx", f"--cdx-schema-version={SCHEMA}",
        f"--cdx-serialnumber={uuid.uuid5(_SERIES, found.id)}",
        f"--timestamp={found.created.isoformat()}", f"--distro-name={tag}", "--with-licenses",
        "--root=-", "--out=-",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, input=reading.archive, capture_output=True, check=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        raise SbomError(f"debsbom failed with {error.returncode}: {said[-2000:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SbomError(f"debsbom failed: {error}") from error
    return done.stdout


def _name_root(bom: dict[str, Any], *, tag: str, found: Built) -> None:
    root = bom["metadata"]["component"]
    root |= {"type": "container", "name": tag}
    labels = {name: value for name, value in found.labels.items() if name.startswith("org.")}
    if version := labels.get("org.opencontainers.image.version"):
        root["version"] = version
    properties = {"twinhub:image:id": found.id} | labels
    root["properties"] = [{"name": name, "value": properties[name]} for name in sorted(properties)]


def _add(bom: dict[str, Any], components: Iterable[Component]) -> None:
    added = [component.as_cyclonedx() for component in components]
    bom.setdefault("components", []).extend(added)
    root = bom["metadata"]["component"]["bom-ref"]
    dependencies = bom.setdefault("dependencies", [])
    of_root = next((d for d in dependencies if d["ref"] == root), None)
    if of_root is None:
        of_root = {"ref": root}
        dependencies.append(of_root)
    of_root["dependsOn"] = sorted({*of_root.get("dependsOn", ()), *(c["bom-ref"] for c in added)})
