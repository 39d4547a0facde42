"""Opening a link: what stands in the visitor's area, what a click would do, and doing it."""

from __future__ import annotations

import secrets
import threading
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from twinhub_kit.audit import Audit
from twinhub_kit.files.paths import RelativePath

from twinhub_library.metadata import read_metadata
from twinhub_library.opening.faults import NextStep, NoSuchAssetError, OwnWorkError
from twinhub_library.opening.finding import Found, find_published
from twinhub_library.opening.importing import Brought, Standing, State
from twinhub_library.opening.links import workspace_address
from twinhub_library.store.openings import Opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from twinhub_kit.callers import Caller

    from twinhub_library.collecting.collections import Collection
    from twinhub_library.opening.importing import GitImporter, Importer, Publications
    from twinhub_library.opening.links import AssetLink, GitLink
    from twinhub_library.store.openings import Openings
    from twinhub_library.tree import Tree

_ACTIONS = {
    State.ABSENT: "imported", State.OTHER: "imported", State.BEHIND: "updated",
    State.CURRENT: "opened",
}  # fmt: skip
MOST_FILES = 2_000
"""Files of a report that are remembered by name; those that changed come first."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A link that somebody looks at."""

    found: Found
    standing: Standing
    opens: RelativePath
    """Below the visitor's area, where it opens."""

    @property
    def is_ready(self) -> bool:
        """Whether nothing in the visitor's area has to change."""
        return self.standing.state in {State.CURRENT, State.OTHER}


@dataclass(frozen=True, slots=True)
class Done:
    """What opening a link has done."""

    before: State
    brought: Brought
    opens: RelativePath
    """Below the visitor's area."""
    opened_id: str
    """The word that its report is found by."""


class Opening:
    """Opens links for people."""

    def __init__(
        self, tree: Tree, openings: Openings, importer: Importer, git: GitImporter | None,
        clock: Callable[[], datetime], publications: Publications,
    ) -> None:  # fmt: skip
        """Use what brings assets and, where there is one, repositories."""
        self.publications = publications
        self._tree, self.openings, self.clock = tree, openings, clock
        self._importer, self._git = importer, git
        self._audit = Audit()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def use_git(self, git: GitImporter) -> None:
        """Open links to repositories by this from now on."""
        self._git = git

    def prepare(self, caller: Caller, link: AssetLink) -> Prepared:
        """Return what a link would do.

        Raises:
            OpenLinkError: it names nothing that is published.
        """
        found = self._find(link)
        standing = self._importer.look(caller, found.asset)
        return Prepared(found, standing, _inner(standing.place, link.path, found))

    def _find(self, link: AssetLink) -> Found:
        try:
            return find_published(self._tree, link)
        except NoSuchAssetError as error:
            withdrawn = self.publications.find_withdrawn(link)
            if withdrawn is not None:
                raise withdrawn from error
            raise

    def note_opened(self, caller: Caller, prepared: Prepared) -> None:
        """Write down that a link led on to the workspace at once."""
        self._note(caller, prepared.found.link.subject, prepared.standing.version, "opened", {})

    def takes_long(self, caller: Caller, link: AssetLink) -> bool:
        """Return whether bringing what a link names takes longer than a page should.

        Raises:
            OpenLinkError: it names nothing that is published.
        """
        prepared = self.prepare(caller, link)
        return self._importer.takes_long(prepared.found.asset)

    def bring(self, caller: Caller, link: AssetLink, *, beside: bool = False) -> Done:
        """Import or update what a link names; where nothing is new, nothing changes.

        With ``beside`` it comes beside what has the name, as ``tank-2``. A second click while the
        first is at work waits, and finds nothing left to do.

        Raises:
            OwnWorkError: something of the caller's own has the name.
            LibraryError: it is withdrawn, or there is no room.
        """
        with self._locks[caller.name]:
            prepared = self.prepare(caller, link)
            before = prepared.standing.state
            if before is State.OTHER and not beside:
                raise _own_work(prepared.standing, link.name)
            brought = self._importer.bring(caller, prepared.found.asset)
        opens = _inner(brought.place, link.path, prepared.found)
        title = read_metadata(self._tree, prepared.found.asset).title
        opened_id = self._note(
            caller, link.subject, brought.version, _ACTIONS[before],
            _report(brought, opens) | {"title": title},
        )  # fmt: skip
        return Done(before, brought, opens, opened_id)

    def prepare_git(self, caller: Caller, link: GitLink) -> Standing | None:
        """Return how a repository stands in the visitor's area; None where none are opened."""
        return self._git.look(caller, link) if self._git else None

    def bring_git(self, caller: Caller, link: GitLink) -> str:
        """Clone or pull a repository; return the word that its report is found by.

        Raises:
            OwnWorkError: something of the caller's own has the name.
            LibraryError: it does not answer, or there is no room.
        """
        assert self._git  # noqa: S101 - pages offer it only where there is one
        with self._locks[caller.name]:
            standing = self._git.look(caller, link)
            if standing.state is State.OTHER:
                raise _own_work(standing, "the repository")
            brought = self._git.bring(caller, link)
        return self._note(
            caller, link.subject, brought.version, _ACTIONS[standing.state],
            _report(brought, link.path) | {"title": link.target.name},
        )  # fmt: skip

    def note_collection(self, caller: Caller, collection: Collection) -> None:
        """Write down that somebody looked at a collection."""
        self._note(caller, collection.subject, collection.asset.version or "", "opened", {})

    def note_copy(
        self, caller: Caller, collection: Collection, report: dict[str, object]
    ) -> str:  # fmt: skip
        """Write down that all of a collection was copied; return the word of its report."""
        version = collection.asset.version or ""
        return self._note(caller, collection.subject, version, "copied", report)

    def note_git_opened(self, caller: Caller, link: GitLink, standing: Standing) -> None:
        """Write down that a repository's link led on to the workspace at once."""
        self._note(caller, link.subject, standing.version, "opened", {})

    def _note(
        self, caller: Caller, subject: str, version: str, action: str, report: dict[str, object]
    ) -> str:
        opened_id = secrets.token_urlsafe(16)
        self.openings.add(
            Opened(opened_id, subject, caller.name, self.clock(), version, action, report)
        )
        self._audit.record(caller, "open-link", subject, version=version, outcome=action)
        return opened_id


def _own_work(standing: Standing, name: str) -> OwnWorkError:
    place = RelativePath(standing.place.names[1:])
    return OwnWorkError(
        f"You have something of your own called {place}, which did not come from this link. It "
        f"stays as it is. To get {name} as well, rename yours and open the link once more.",
        NextStep("Open what I have", workspace_address(place)),
    )


def _inner(place: RelativePath, path: RelativePath, found: Found) -> RelativePath:
    """Return where a link opens, below the visitor's area, as the workspace has it."""
    names = place.names[1:]
    return RelativePath((*names, *path.names)) if found.asset.is_folder else RelativePath(names)


def _report(brought: Brought, opens: RelativePath) -> dict[str, object]:
    quiet = {"unchanged", "kept"}
    files = sorted(brought.files, key=lambda one: (one.outcome in quiet, one.path))
    counts: dict[str, int] = {}
    for one in files:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return {
        "place": "/".join(brought.place.names[1:]),
        "opens": "/".join(opens.names),
        "counts": counts,
        "files": [asdict(one) for one in files[:MOST_FILES]],
    }
