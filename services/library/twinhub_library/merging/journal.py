"""Merges that a crash does not leave half: staged first, then done step by step.

``.library/journal/<id>/`` holds what is to be put into a folder and, last of all, ``plan.json``.
Without the plan nothing has happened; with it, every step can be repeated. A file is put by an
exchange of two names, so that what comes out is known to be the owner's old one before it is
removed. Whatever else comes out gets a named copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from twinhub_kit.errors import ServiceError
from twinhub_kit.files.errors import ChangedError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.errors import LibraryError
from twinhub_library.merging.content import chunks_of
from twinhub_library.merging.outcomes import Outcome
from twinhub_library.merging.placing import Placing
from twinhub_library.merging.planning import Action
from twinhub_library.opened import TEMPORARY
from twinhub_library.tree import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from twinhub_library.merging.content import Content
    from twinhub_library.merging.outcomes import FileReport
    from twinhub_library.merging.planning import Plan
    from twinhub_library.opened import OpenFolder
    from twinhub_library.tree import Tree

JOURNAL = "journal"
_PLAN = "plan.json"
_MANY = 64
"""Files from which on the whole file system is brought to the disk at once."""


@dataclass(frozen=True)
class Job:
    """A merge that is going to be done, whatever happens meanwhile."""

    id: str
    place: RelativePath
    label: str
    actions: tuple[Action, ...]
    note: Mapping[str, str] = field(default_factory=dict)
    """What whoever began it has to know to end it after a crash."""


def commit(
    tree: Tree, place: RelativePath, plan: Plan, theirs: Content, *,
    label: str, note: Mapping[str, str],
) -> Job:  # fmt: skip
    """Stage what a plan puts into a folder; from the return on the merge will be done."""
    job = Job(secrets.token_hex(8), place, label, tuple(plan.actions), note)
    with tree.open_folder(RelativePath((OWN_FOLDER,))) as own:
        try:
            _stage(own, job, plan, theirs)
        except (OSError, LibraryError):
            own.remove_all(f"{JOURNAL}/{job.id}")
            raise
    return job


def _stage(own: OpenFolder, job: Job, plan: Plan, theirs: Content) -> None:
    folder = f"{JOURNAL}/{job.id}"
    own.make_folders(folder)
    with own.open_folder(folder) as staged:
        if len(job.actions) > _MANY:
            staged.be_lazy()
        for number, action in enumerate(job.actions):
            if action.digest is not None:
                content = plan.merged.get(action.path)
                chunks = chunks_of(theirs, action.path) if content is None else [content]
                staged.write(str(number), _checked(chunks, action), mode=action.mode)
        staged.flush()
    own.write(f"{folder}/{_PLAN}.part", [_dump(job)])
    own.move(f"{folder}/{_PLAN}.part", f"{folder}/{_PLAN}")


def _prepare(placing: Placing, job: Job) -> None:
    """Take the room that a job needs; what its owner has is not touched."""
    placing.begin()
    for number, action in enumerate(job.actions):
        if action.digest is not None:
            placing.prepare(number, action)
    if placing.has_copied:
        placing.flush()


def carry_out(
    tree: Tree, job: Job, end: Callable[[], None], *, is_fresh: bool
) -> dict[str, FileReport]:
    """Do what is not yet done; return what became otherwise than planned, by path.

    A fresh job is one that has just been committed.
    ``end`` is called when all is in its place, before what came out is removed. If it refuses, or
    anything stands in the way before, all is put back.

    Raises:
        NotThereError: the folder is gone.
        FullError: there is no room.
        ServiceError: of ``end``.
    """
    with _opened(tree, job, is_fresh=is_fresh) as placing:
        try:
            _prepare(placing, job)
            _put(placing, job)
            end()
        except (OSError, ServiceError):
            placing.take_back()
            raise
        _clear(placing, job)
        return placing.reports


def _put(placing: Placing, job: Job) -> None:
    for number, action in enumerate(job.actions):
        if action.digest is None:
            placing.remove(number, action)
    for number, action in enumerate(job.actions):
        if action.digest is not None:
            placing.put(number, action)
    placing.flush()


def _clear(placing: Placing, job: Job) -> None:
    for number, action in enumerate(job.actions):
        clear = placing.clear_removed if action.digest is None else placing.clear
        clear(number, action)
    placing.flush()
    placing.end()


@contextlib.contextmanager
def _opened(tree: Tree, job: Job, *, is_fresh: bool) -> Iterator[Placing]:
    with (
        translated(job.place),
        tree.open_folder(RelativePath((OWN_FOLDER, JOURNAL, job.id))) as staged,
        tree.open_folder(job.place) as folder,
    ):
        if len(job.actions) > _MANY:
            folder.be_lazy()
        yield Placing(folder, staged, job.id, job.label, is_fresh=is_fresh)


def undo(tree: Tree, job: Job) -> None:
    """Forget a job that `carry_out` has put back."""
    with tree.open_folder(job.place) as folder:
        folder.remove_all(f"{TEMPORARY}{job.id}")
    discard(tree, job)


def discard(tree: Tree, job: Job) -> None:
    """Forget a merge that is done."""
    with tree.open_folder(RelativePath((OWN_FOLDER,))) as own:
        own.remove_file(f"{JOURNAL}/{job.id}/{_PLAN}")
        own.be_lazy()  # what a crash leaves without a plan, `list_jobs` removes
        own.remove_all(f"{JOURNAL}/{job.id}")


def list_jobs(tree: Tree) -> Iterator[Job]:
    """Yield the merges that were begun and not ended; what was never committed is removed."""
    with tree.open_folder(RelativePath((OWN_FOLDER,))) as own:
        if own.find(JOURNAL) is None:
            return
        with own.open_folder(JOURNAL) as journal:
            for name in journal.list_names():
                if journal.find(f"{name}/{_PLAN}") is None:
                    journal.remove_all(name)
                    continue
                yield _load(name, journal.read(f"{name}/{_PLAN}"))


def _checked(chunks: Iterable[bytes], action: Action) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != action.digest:
        raise ChangedError(f"{action.path} was changed meanwhile: try again.")


def _dump(job: Job) -> bytes:
    document = {
        "place": str(job.place), "label": job.label, "note": dict(job.note),
        "actions": [asdict(action) for action in job.actions],
    }  # fmt: skip
    return json.dumps(document).encode()


def _load(name: str, content: bytes) -> Job:
    try:
        document = json.loads(content)
        actions = tuple(
            Action(**{**one, "outcome": Outcome(one["outcome"])}) for one in document["actions"]
        )
        place = RelativePath.parse(document["place"])
        return Job(name, place, document["label"], actions, document["note"])
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryError(
            f"{OWN_FOLDER}/{JOURNAL}/{name}/{_PLAN} is damaged: restore it from a backup, or move "
            "the folder away to leave that update undone."
        ) from error
