"""Merges into a folder of the library."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_kit.errors import ServiceError
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.errors import LibraryError
from twinhub_library.merging.journal import carry_out, commit, discard, list_jobs, undo
from twinhub_library.merging.outcomes import MergeReport
from twinhub_library.merging.planning import plan_merge, report_of
from twinhub_library.tree import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twinhub_library.merging.content import Content
    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)
_LOCKS = "locks"


@dataclass(frozen=True)
class Ending:
    """What belongs to a merge and is done after all files are in place."""

    note: Mapping[str, str] = field(default_factory=dict)
    """Text by which `recover_merges` tells which ending it is, after a crash."""
    act: Callable[[], None] = lambda: None
    """Called when all files are in place, and after a crash once more; if it refuses, they go."""


NO_ENDING = Ending()


def merge(  # noqa: PLR0913 - three sides of a merge, and where and how
    tree: Tree, place: RelativePath, *, base: Content, theirs: Content, label: str,
    ending: Ending = NO_ENDING, is_shared: bool = False,
) -> MergeReport:  # fmt: skip
    """Bring a folder from ``base`` to ``theirs`` and lose no byte that its owner changed.

    ``label`` is in the names of copies: ``tank (yours 2026-11-26).txt``. The merge is done as a
    whole: after a crash `recover_merges` ends it. A shared folder holds other things as well: only
    the files of both sides are looked at.

    Raises:
        NotThereError: there is no such folder.
        BadPathError: a path of ``theirs`` is none that a file can have.
        FullError: there is no room; nothing has changed.
        ServiceError: the ending refused; nothing has changed.
    """
    with lock_place(tree, place), translated(place):
        with tree.open_folder(place) as folder:
            plan = plan_merge(folder, base, theirs, is_shared=is_shared)
        if not plan.actions:
            ending.act()
            return MergeReport(report_of(plan, label, {}))
        job = commit(tree, place, plan, theirs, label=label, note=ending.note)
        try:
            done = carry_out(tree, job, ending.act, is_fresh=True)
        except ServiceError:
            undo(tree, job)
            raise
        discard(tree, job)
        return MergeReport(report_of(plan, label, done))


def preview(
    tree: Tree, place: RelativePath, *, base: Content, theirs: Content, label: str,
    is_shared: bool = False,
) -> MergeReport:  # fmt: skip
    """Return what `merge` would do now; nothing is changed.

    Raises:
        NotThereError: there is no such folder.
        BadPathError: a path of ``theirs`` is none that a file can have.
    """
    with translated(place), tree.open_folder(place) as folder:
        plan = plan_merge(folder, base, theirs, is_shared=is_shared)
        return MergeReport(report_of(plan, label, {}))


def recover_merges(tree: Tree) -> Iterator[Mapping[str, str]]:
    """End the merges that a crash broke off, and yield the note of each before it is forgotten."""
    for job in list_jobs(tree):
        try:
            carry_out(tree, job, lambda: None, is_fresh=False)
        except NotThereError:
            _log.warning("merge ended place=%s reason=the folder is gone", job.place)
        except LibraryError:  # no room, perhaps: the next start tries again
            _log.exception("merge not ended place=%s", job.place)
            continue
        else:
            yield job.note
        discard(tree, job)


@contextlib.contextmanager
def lock_place(tree: Tree, place: RelativePath) -> Iterator[None]:
    """Let one merge at a time work on a folder."""
    name = hashlib.sha256(str(place).encode()).hexdigest()[:2]
    with contextlib.ExitStack() as held:
        with translated(RelativePath((OWN_FOLDER, _LOCKS))):
            own = held.enter_context(tree.open_folder(RelativePath((OWN_FOLDER,))))
            own.make_folders(_LOCKS)
            held.enter_context(own.lock(f"{_LOCKS}/{name}"))
        yield
