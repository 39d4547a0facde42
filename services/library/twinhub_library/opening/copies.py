"""Copying everything of a collection: each asset for itself, told in the collection's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.library.opening import CollectionCopy, CopiedItem

from twinhub_library.errors import LibraryError
from twinhub_library.opening.faults import OwnWorkError
from twinhub_library.opening.importing import State
from twinhub_library.opening.links import PAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_kit.callers import Caller
    from twinhub_kit.operations import Progress

    from twinhub_library.collecting.collections import Collection, Part
    from twinhub_library.opening.links import AssetLink
    from twinhub_library.opening.opening import Done, Opening

_OUTCOMES: Mapping[State, str] = {
    State.ABSENT: "imported", State.BEHIND: "updated", State.CURRENT: "current",
}  # fmt: skip


def report_address(opened_id: str) -> str:
    """Return the address of a report's page."""
    return f"{PAGES}/reports/{opened_id}"


def copy_all(
    opening: Opening, caller: Caller, collection: Collection, progress: Progress
) -> CollectionCopy:
    """Bring everything of a collection into the caller's area, as each of its links would.

    What cannot be brought is told in the report and keeps nothing else from coming. What was
    brought when the work is cancelled stays.

    Raises:
        CancelledError: it is to end.
    """
    items = []
    for number, part in enumerate(collection.parts):
        progress.say(f"Copying {part.title}", number, len(collection.parts))
        items.append(_copy(opening, caller, part))
    kept: dict[str, object] = {
        "title": collection.title, "parts": [one.model_dump() for one in items],
    }  # fmt: skip
    opened_id = opening.note_copy(caller, collection, kept)
    return CollectionCopy(
        name=collection.name, title=collection.title, version=collection.asset.version or "",
        items=tuple(items), report=report_address(opened_id),
    )  # fmt: skip


def _copy(opening: Opening, caller: Caller, part: Part) -> CopiedItem:
    if part.heading:
        return CopiedItem(heading=part.heading, text=part.text)
    if part.link is None or not part.is_there:
        detail = "It is not published any more."
        return CopiedItem(title=part.title, text=part.text, outcome="missing", detail=detail)
    try:
        done = opening.bring(caller, part.link)
    except LibraryError as error:
        outcome = "own" if isinstance(error, OwnWorkError) else "failed"
        facts = _facts(part, part.link) | {"outcome": outcome, "detail": str(error)}
        return CopiedItem.model_validate(facts)
    return CopiedItem.model_validate(_facts(part, part.link) | _told(done))


def _facts(part: Part, link: AssetLink) -> dict[str, object]:
    return {"title": part.title, "text": part.text, "asset": link.subject}


def _told(done: Done) -> dict[str, object]:
    counts: dict[str, int] = {}
    for one in done.brought.files:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return {
        "outcome": _OUTCOMES[done.before], "version": done.brought.version,
        "place": "/".join(done.brought.place.names[1:]), "opens": str(done.opens),
        "files": counts, "conflicts": counts.get("conflict", 0),
        "report": report_address(done.opened_id),
    }  # fmt: skip
