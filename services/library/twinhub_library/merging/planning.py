"""What a merge is going to do with each file, decided before anything is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_kit.files.paths import MOST_BYTES_OF_A_NAME, RelativePath

from twinhub_library.merging.content import FileMark, chunks_of
from twinhub_library.merging.notebooks import Sides, merge_notebooks
from twinhub_library.merging.outcomes import FileReport, Outcome
from twinhub_library.merging.text import merge_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twinhub_library.merging.content import Content
    from twinhub_library.opened import OpenFolder

MOST_OTHERS = 10_000
"""Files of the owner's own that a report names."""
_LONGEST_SUFFIX = 20
_REMOVED = "removed by you, changed in the new version"
_GONE = "changed by you, gone in the new version"
_MODE = "whether it may be run is as you have it"
MOST_MERGED = 32 << 20
"""Bytes of a file; longer ones are taken whole."""


@dataclass(frozen=True, slots=True)
class Action:
    """One file that is put or removed."""

    path: str
    outcome: Outcome
    expected: str | None
    """Digest of the owner's file that may be replaced without a copy; None: none may."""
    digest: str | None
    """Digest of what is put there; None where the file is removed."""
    is_executable: bool = False

    @property
    def mode(self) -> int:
        """Return the permissions of what is put."""
        return 0o755 if self.is_executable else 0o644


@dataclass(slots=True)
class Plan:
    """All that a merge does: what it puts and removes, and what it leaves."""

    actions: list[Action] = field(default_factory=list)
    left: list[FileReport] = field(default_factory=list)
    merged: dict[str, bytes] = field(default_factory=dict)
    """Content that is neither side's, by path; every other is that of ``theirs``."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One file of which all that is known differs."""

    path: str
    base: FileMark | None
    ours: FileMark
    theirs: FileMark


def plan_merge(
    folder: OpenFolder, base: Content, theirs: Content, *, is_shared: bool = False
) -> Plan:  # fmt: skip
    """Return what brings a folder from ``base`` to ``theirs`` without its owner's changes lost.

    A shared folder holds other things too: nothing but the files of both sides is looked at.

    Raises:
        BadPathError: a path of ``theirs`` leads out, or no file can have it.
    """
    old, new = base.list_files(), theirs.list_files()
    for path in new:
        RelativePath.parse(path)
    wanted = old.keys() | new.keys()
    mine, others = _find(folder, wanted) if is_shared else _look(folder, wanted)
    plan, cases = Plan(), []
    for path in sorted(wanted):
        was, own, next_ = old.get(path), mine.get(path), new.get(path)
        if next_ in (was, own):
            outcome = Outcome.UNCHANGED if own == next_ else Outcome.KEPT
            plan.left.append(FileReport(path, outcome))
        elif own == was:
            plan.actions.append(_take(path, own, next_))
        elif own is None or next_ is None:
            note = _REMOVED if own is None else _GONE
            plan.left.append(FileReport(path, Outcome.KEPT, note=note))
        else:
            cases.append(_Case(path, was, own, next_))
    _settle(plan, cases, base, folder, theirs)
    plan.left += [FileReport(path, Outcome.KEPT) for path in others]
    return plan


def _look(folder: OpenFolder, wanted: set[str]) -> tuple[dict[str, FileMark], list[str]]:
    """Return the owner's files that matter, with their marks, and the names of others."""
    mine: dict[str, FileMark] = {}
    others: list[str] = []
    for found in folder.walk(skip=lambda path, is_folder: is_folder and path == ".git"):
        if not found.is_file:
            continue
        if found.path in wanted:
            mine[found.path] = FileMark(folder.digest(found.path), found.is_executable)
        elif len(others) < MOST_OTHERS and not found.path.startswith("."):
            others.append(found.path)
    return mine, others


def _find(folder: OpenFolder, wanted: set[str]) -> tuple[dict[str, FileMark], list[str]]:
    found = [one for one in map(folder.find, wanted) if one is not None and one.is_file]
    marks = {one.path: FileMark(folder.digest(one.path), one.is_executable) for one in found}
    return marks, []


def _take(path: str, own: FileMark | None, new: FileMark | None) -> Action:
    """Return what takes the new one, where the owner has changed nothing."""
    expected = own.digest if own else None
    if new is None:
        return Action(path, Outcome.REMOVED, expected, None)
    outcome = Outcome.UPDATED if own else Outcome.ADDED
    return Action(path, outcome, expected, new.digest, new.is_executable)


def _settle(
    plan: Plan, cases: list[_Case], base: Content, ours: OpenFolder, theirs: Content
) -> None:  # fmt: skip
    """Merge what both sides changed; what cannot be merged is a conflict."""
    notebooks: list[tuple[_Case, Sides]] = []
    for case in cases:
        if (content := _one_side(case)) is not None:
            _settle_mode(plan, case, content, ours)
            continue
        sides = _read_sides(case, base, ours, theirs)
        if sides is None:
            plan.actions.append(_conflict(case))
        elif case.path.endswith(".ipynb"):
            notebooks.append((case, sides))
        else:
            _conclude(plan, case, merge_text(sides.base, sides.ours, sides.theirs), sides.ours)
    found = merge_notebooks([sides for _, sides in notebooks])
    for (case, sides), merged in zip(notebooks, found, strict=True):
        _conclude(plan, case, merged, sides.ours)


def _settle_mode(plan: Plan, case: _Case, content: str, ours: OpenFolder) -> None:
    """Take the content of the one side that changed it, with the mode of the other."""
    if content != case.theirs.digest:
        mine = _read_start(ours.chunks(case.path))
        if mine is None:
            plan.left.append(FileReport(case.path, Outcome.KEPT, note=_MODE))
            return
        plan.merged[case.path] = mine
    plan.actions.append(_merged(case, content))


def _read_sides(
    case: _Case, base: Content, ours: OpenFolder, theirs: Content
) -> Sides | None:  # fmt: skip
    """Return the three contents; None where one is too long to be merged."""
    mine = _read_start(ours.chunks(case.path))
    was = _read_start(chunks_of(base, case.path)) if case.base else b""
    new = _read_start(chunks_of(theirs, case.path))
    return None if mine is None or was is None or new is None else Sides(was, mine, new)


def _read_start(chunks: Iterable[bytes]) -> bytes | None:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MOST_MERGED:
            return None
    return bytes(content)


def _one_side(case: _Case) -> str | None:
    """Return the digest of the content of a file of which one side changed the mode alone."""
    was = case.base.digest if case.base else None
    if case.ours.digest in {was, case.theirs.digest}:
        return case.theirs.digest
    return case.ours.digest if case.theirs.digest == was else None


def _merged(case: _Case, digest: str) -> Action:
    was = case.base.is_executable if case.base else case.theirs.is_executable
    mode = case.ours.is_executable if case.ours.is_executable != was else case.theirs.is_executable
    return Action(case.path, Outcome.MERGED, case.ours.digest, digest, mode)


def _conflict(case: _Case) -> Action:
    new = case.theirs
    return Action(case.path, Outcome.CONFLICT, None, new.digest, new.is_executable)


def _conclude(plan: Plan, case: _Case, merged: bytes | None, ours: bytes) -> None:
    if merged is None or digest_of(ours) != case.ours.digest:  # or changed while we look
        plan.actions.append(_conflict(case))
        return
    plan.merged[case.path] = merged
    plan.actions.append(_merged(case, digest_of(merged)))


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of content in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def report_of(plan: Plan, label: str, done: Mapping[str, FileReport]) -> tuple[FileReport, ...]:
    """Return what becomes of each file; ``done`` knows better of those that it has."""
    planned = [
        FileReport(
            one.path, one.outcome,
            copy_name(one.path, label) if one.outcome is Outcome.CONFLICT else None,
        )
        for one in plan.actions
    ]  # fmt: skip
    reports = {one.path: one for one in (*plan.left, *planned)} | dict(done)
    return tuple(reports[path] for path in sorted(reports))


def copy_name(path: str, label: str, number: int = 1) -> str:
    """Return the path of a named copy: ``a/tank (yours 2026-11-26).txt``."""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    mark = f" ({label})" if number == 1 else f" ({label} {number})"
    room = MOST_BYTES_OF_A_NAME - len(f"{mark}{dot}{suffix}".encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    return f"{folder}{slash}{stem}{mark}{dot}{suffix}"
