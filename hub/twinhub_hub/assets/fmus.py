"""Builds a co-simulation FMU of FMI 2.0 from a model's folder, the same bytes every time.

A model's folder holds ``modelDescription.xml`` and ``sources/``. The element ``SourceFiles`` names
the files to compile; each is in ``sources/`` or in a folder shared by models. The compiler is the
one of the package ``ziglang``: it brings its own headers and C library stubs, so nothing has to be
installed on the host and the binary runs on any Linux with glibc 2.28 or later.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.assets.errors import BuildError
from twinhub_hub.assets.folders import Folder

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAGS = (
    "-std=c11", "-O2", "-fPIC", "-shared", "-s", "-fvisibility=hidden",
    "-ffp-contract=off",  # the same numbers on processors with and without fused multiply-add
    "-Wall", "-Wextra", "-Werror",
)  # fmt: skip
_GLIBC = "2.28"
_TIMEOUT_SECONDS = 300
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_DESCRIPTION = "modelDescription.xml"


@dataclass(frozen=True)
class _Model:
    """What an FMU is made of: all its files but the binary, and which of them to compile."""

    identifier: str
    compiled: tuple[str, ...]
    sources: dict[str, bytes]
    others: dict[str, bytes]

    def digest(self) -> str:
        """Return a digest of everything that the bytes of the FMU depend on."""
        digest = hashlib.sha256()
        tools = (version("ziglang"), platform.machine(), _GLIBC, *_FLAGS)
        files = {**self.others, **{f"sources/{name}": text for name, text in self.sources.items()}}
        for part in (*tools, *(part for item in sorted(files.items()) for part in item)):
            data = part.encode() if isinstance(part, str) else part
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.hexdigest()


def is_model(folder: Path) -> bool:
    """Tell whether an FMU can be built from this folder."""
    return (folder / _DESCRIPTION).is_file() and (folder / "sources").is_dir()


def source_digest(source_folder: Path, *, shared: Path | None = None) -> str:
    """Return the digest of all inputs of an FMU; it changes whenever the FMU's bytes would."""
    return _read_model(source_folder, shared).digest()


def built_digest(fmu: Path) -> str | None:
    """Return the digest of the inputs that an FMU was built from, or None if it holds none."""
    try:
        with zipfile.ZipFile(fmu) as archive:
            return archive.comment.decode("ascii", "replace") or None
    except (OSError, zipfile.BadZipFile):
        return None


def build_fmu(
    source_folder: Path, target: Path, *, shared: Path | None = None, cache: Path | None = None
) -> bool:
    """Build the FMU of a model and put it in place as a whole; False if it is up to date.

    Args:
        source_folder: the model's folder.
        target: the ``.fmu`` to write.
        shared: further sources, headers and ``LICENSE``, for all models.
        cache: where the compiler keeps what it needs again; a throw-away folder by default.

    Raises:
        BuildError: a source is missing or does not compile.
    """
    if built_digest(target) == source_digest(source_folder, shared=shared):
        return False
    with Folder.open_root(target.parent, uid=os.geteuid()) as folder:
        folder.write(target.name, render_fmu(source_folder, shared=shared, cache=cache))
    return True


def render_fmu(
    source_folder: Path, *, shared: Path | None = None, cache: Path | None = None
) -> bytes:
    """Return the bytes of a model's FMU; the arguments are those of ``build_fmu``."""
    model = _read_model(source_folder, shared)
    with tempfile.TemporaryDirectory(prefix="twinhub-fmu-") as scratch:
        binary = _compile(model, Path(scratch), cache=cache or Path(scratch) / "cache")
    files = {
        **model.others,
        **{f"sources/{name}": content for name, content in model.sources.items()},
        f"binaries/linux64/{model.identifier}.so": binary,
    }
    return _zip(files, comment=model.digest().encode())


def _read_model(folder: Path, shared: Path | None) -> _Model:
    description = (folder / _DESCRIPTION).read_bytes()
    element = ET.fromstring(description).find("CoSimulation")  # noqa: S314 (our own file)
    if element is None:
        raise BuildError(f"{folder / _DESCRIPTION} has no element CoSimulation")
    compiled = tuple(file.attrib["name"] for file in element.iterfind("SourceFiles/File"))
    places = [folder / "sources", *([shared] if shared else [])]
    headers = (path.name for place in places for path in sorted(place.glob("*.h")))
    others = {_DESCRIPTION: description}
    if shared and (shared / "LICENSE").is_file():
        others["documentation/licenses/license.txt"] = (shared / "LICENSE").read_bytes()
    return _Model(
        identifier=element.attrib["modelIdentifier"],
        compiled=compiled,
        sources={name: _find_source(name, places) for name in (*compiled, *headers)},
        others=others,
    )


def _find_source(name: str, places: Sequence[Path]) -> bytes:
    for place in places:
        if (place / name).is_file():
            return (place / name).read_bytes()
    looked_in = ", ".join(str(place) for place in places)
    raise BuildError(f"{name} is in none of {looked_in}: correct SourceFiles in {_DESCRIPTION}")


def _compile(model: _Model, scratch: Path, *, cache: Path) -> bytes:
    """Return the shared library; names are relative, so no path of this host gets into it."""
    for name, content in model.sources.items():
        (scratch / name).write_bytes(content)
    library = f"{model.identifier}.so"
    target = f"{platform.machine()}-linux-gnu.{_GLIBC}"
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *_FLAGS]
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    try:
        subprocess.run(
            [*command, "-o", library, *model.compiled, "-lm"],
            cwd=scratch,
            env={"PATH": os.defpath, "HOME": str(scratch), **caches},
            check=True,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{model.identifier} does not compile:\n{error.stderr}") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(
            f"compiling {model.identifier} took more than {_TIMEOUT_SECONDS} s: try again on a "
            "machine that is less busy"
        ) from error
    return (scratch / library).read_bytes()


def _zip(files: dict[str, bytes], comment: bytes) -> bytes:
    """Return an archive without a trace of when and where it was made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
