"""Writes a twin as a folder of lifecycle scripts that run without TwinHub."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, cast

from twinhub_dtconfig.export.binding import bound_cosimulations
from twinhub_dtconfig.export.copying import OwnFiles, copy_file, find_own_files
from twinhub_dtconfig.export.errors import ExportError
from twinhub_dtconfig.export.left_out import LeftOut, find_left_out
from twinhub_dtconfig.export.pages import make_pipeline, make_readme
from twinhub_dtconfig.export.plan import PROGRAMS, is_secret, make_plan
from twinhub_dtconfig.export.scripts import make_scripts
from twinhub_dtconfig.export.values import defaults_of
from twinhub_dtconfig.files import FileRefusedError, read_file_inside
from twinhub_dtconfig.loading import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_dtconfig.loading import LoadedTwin
    from twinhub_dtconfig.models.twin import Twin

_RUNTIME = ("prepare.py", "run_phase.py", "stop.py")
_LARGEST_TEMPLATE = 2**20


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Where an export is, which files it has, and how it differs from the twin."""

    folder: Path
    files: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def export_dtaas(loaded: LoadedTwin, out: Path, *, folder: Path | None = None) -> ExportReport:
    """Write ``digital_twins/<name>`` below a folder, with scripts that need only sh and Python 3.

    ``folder`` is the twin's own, by default that of its file. Secrets are never written.

    Raises:
        ExportError: the export exists already, or something cannot be read or written.
    """
    twin = loaded.twin
    source = folder or Path(loaded.document.file).parent
    target = out / "digital_twins" / twin.name
    _check(twin, source, target)
    bound = bound_cosimulations(twin, source)
    defaults = defaults_of(twin, {name: one.to for name, one in bound.items()})
    scripts = make_scripts(twin, defaults)
    own = find_own_files(source, {file.to for file in twin.files} | {".gitlab-ci.yml"})
    moved = {path: _room_for(path) for path in own.files if path in scripts}
    templates = {f.render: _template(source, f.render) for f in twin.files if f.render is not None}
    plan = make_plan(twin, templates, moved, defaults, bound)
    secret_files = [file.to for file in twin.files if is_secret(file, templates)]
    left_out = (*find_left_out(twin, secret_files, bound), *_skipped(own))
    made = {**scripts, **plan.files}
    made[f"{PROGRAMS}/plan.json"] = json.dumps(plan.data, indent=2, ensure_ascii=False) + "\n"
    made.update((f"{PROGRAMS}/{name}", _runtime(name)) for name in _RUNTIME)
    asked = cast("dict[str, dict[str, str]]", plan.data["needs"]).values()
    needs = {name: what for one in asked for name, what in one.items()}
    own_readme = _text(source, "README.md")
    made["README.md"] = make_readme(twin, own_readme, defaults, needs, left_out)
    made["description.md"] = _text(source, "description.md") or f"{twin.summary or twin.name}\n"
    made[".gitlab-ci.yml"] = make_pipeline(twin, scripts)
    _copy(source, target, own, moved, made)
    _write(target, made)
    return ExportReport(target, tuple(sorted({*made, *_placed(own, moved)})), left_out)


def _check(twin: Twin, source: Path, target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise ExportError(f"{target} exists already", "choose another folder, or remove it")
    if target.resolve().is_relative_to(source.resolve()):
        raise ExportError(f"{target} is inside the twin itself", "choose a folder outside")
    if PROGRAMS.rpartition("/")[2] in twin.phases:
        what = f"the phase of that name has the place of {PROGRAMS}"
        raise ExportError(what, "rename the phase")
    if (source / PROGRAMS / "plan.json").exists():
        raise ExportError(f"{source} is an export", "export the twin that it was made from")


def _room_for(path: str) -> str:
    """Return where a file of the twin is kept that has the place of a generated script."""
    return f"{path}.twin"


def _placed(own: OwnFiles, moved: Mapping[str, str]) -> list[str]:
    return [_place(path, moved) for path in own.files]


def _place(path: str, moved: Mapping[str, str]) -> str:
    return f"{PROGRAMS}/{FILE_NAME}" if path == FILE_NAME else moved.get(path, path)


def _template(source: Path, path: str) -> str:
    text = _text(source, path)
    if text is None:
        raise ExportError(f"the template {path} cannot be read as text", "see whether it is there")
    return text


def _text(source: Path, path: str) -> str | None:
    try:
        return read_file_inside(source, path, _LARGEST_TEMPLATE).content.decode("utf-8")
    except (FileRefusedError, UnicodeDecodeError):
        return None


def _runtime(name: str) -> str:
    return (files("twinhub_dtconfig.export") / "runtime" / name).read_text(encoding="utf-8")


def _skipped(own: OwnFiles) -> list[LeftOut]:
    return [LeftOut(path, "leads out of the twin's folder, or to no file") for path in own.skipped]


def _copy(
    source: Path, target: Path, own: OwnFiles, moved: Mapping[str, str], made: Mapping[str, str]
) -> None:
    for path in own.files:
        if _place(path, moved) not in made:
            copy_file(source, path, target / _place(path, moved))


def _write(target: Path, made: Mapping[str, str]) -> None:
    for path, text in made.items():
        file = target / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            file.chmod(0o755 if text.startswith("#!") else 0o644)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ExportError(f"{file} cannot be written: {reason}", "see to it") from error
