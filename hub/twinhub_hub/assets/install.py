"""Installs the common assets on the host and leaves alone what people changed there."""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.assets.errors import AssetsError, UnsafePathError
from twinhub_hub.assets.fmus import built_digest, is_model, render_fmu, source_digest
from twinhub_hub.assets.folders import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MANIFEST = ".common-installed.json"
"""In the assets root: what was installed, as a map from path below ``common`` to SHA-256."""

_COMMON = "common"
_SHARED_SOURCES = Path("tools", "fmi2-slave")


@dataclass(frozen=True)
class InstallReport:
    """What happened to each file, by its path below the common assets."""

    installed: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]
    """Changed by hand, or of another kind than a file: not overwritten."""


@dataclass(frozen=True)
class _Shipped:
    """A file to install; ``render`` is asked for its content only if it has to be written."""

    path: str
    mode: int
    is_current: Callable[[Path], bool]
    render: Callable[[], bytes]


def install_common(source: Path, root: Path, *, uid: int) -> InstallReport:
    """Bring ``<root>/common`` up to what is shipped in ``source``, and build its FMUs.

    Only files that differ are written, each one as a whole. Nothing is ever removed, and a file
    that is neither what was installed before nor what would be installed now stays as it is.
    The result may be had again and again; new files belong to ``uid`` if this process is root.

    Raises:
        AssetsError: the source is no folder, the manifest is damaged, or an FMU does not build.
    """
    if not source.is_dir():
        raise AssetsError(f"{source} is no folder with common assets")
    outcomes: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="twinhub-cache-") as cache,
        Folder.open_root(root, uid=uid) as top,
        top.make(_COMMON) as common,
    ):
        manifest = _load_manifest(root / MANIFEST)
        try:
            for shipped in _list_shipped(source, cache=Path(cache)):
                outcomes[shipped.path] = _install(shipped, common, manifest=manifest)
        finally:
            if any(outcome != "kept" for outcome in outcomes.values()):
                top.write(MANIFEST, _dump_manifest(manifest))
    return InstallReport(
        **{
            wanted: tuple(path for path, outcome in outcomes.items() if outcome == wanted)
            for wanted in ("installed", "unchanged", "kept")
        }
    )


def _list_shipped(source: Path, *, cache: Path) -> Iterator[_Shipped]:
    """Yield the files of the source, and after a model's files the FMU that is built of them."""
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.suffix == ".fmu" or any(_is_leftover(part) for part in relative.parts):
            continue
        if path.is_symlink():
            raise UnsafePathError(f"{path} is a symbolic link: common assets hold files only")
        if path.is_file():
            yield _ship_file(path, relative)
        elif is_model(path):
            yield _ship_fmu(path, relative, shared=source / _SHARED_SOURCES, cache=cache)


def _is_leftover(name: str) -> bool:
    """Tell whether a tool left this in the checkout: no asset of ours has a hidden file."""
    return name.startswith(".") or name == "__pycache__"


def _ship_file(path: Path, relative: Path) -> _Shipped:
    content = path.read_bytes()
    return _Shipped(
        path=relative.as_posix(),
        mode=0o755 if path.stat().st_mode & 0o100 else 0o644,
        is_current=lambda _: False,
        render=lambda: content,
    )


def _ship_fmu(model: Path, relative: Path, *, shared: Path, cache: Path) -> _Shipped:
    digest = source_digest(model, shared=shared)
    return _Shipped(
        path=(relative / f"{model.name}.fmu").as_posix(),
        mode=0o644,
        is_current=lambda fmu: built_digest(fmu) == digest,
        render=lambda: render_fmu(model, shared=shared, cache=cache),
    )


def _install(shipped: _Shipped, common: Folder, *, manifest: dict[str, str]) -> str:
    """Write one file unless it is there already or somebody changed it; return the outcome."""
    *folders, name = shipped.path.split("/")
    with ExitStack() as opened:
        try:
            folder = common
            for part in folders:
                folder = opened.enter_context(folder.make(part))
            found = folder.digest(name)
        except UnsafePathError:
            return "kept"
        known = manifest.get(shipped.path)
        if found is not None and found == known and shipped.is_current(folder.path / name):
            return "unchanged"
        content = shipped.render()
        wanted = hashlib.sha256(content).hexdigest()
        if found is not None and found not in {known, wanted}:
            return "kept"
        manifest[shipped.path] = wanted
        if found == wanted:
            return "unchanged"
        folder.write(name, content, mode=shipped.mode)
        return "installed"


def _load_manifest(path: Path) -> dict[str, str]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise AssetsError(f"{path} is damaged: remove it and repeat, no asset is lost") from error
    return {str(key): str(value) for key, value in loaded.items()}


def _dump_manifest(manifest: dict[str, str]) -> bytes:
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
