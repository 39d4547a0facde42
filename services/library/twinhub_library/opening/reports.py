"""Reports of imports and updates, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from twinhub_library.opening.links import workspace_address
from twinhub_library.paths import RelativePath

if TYPE_CHECKING:
    from twinhub_library.store.openings import Opened

MOST_SHOWN = 200

_WORDS = {
    "added": "new",
    "updated": "updated",
    "merged": "merged with your changes",
    "conflict": "changed on both sides",
    "removed": "removed, since you had not changed it",
    "kept": "kept as you have it",
    "unchanged": "unchanged",
}
_COUNTED = {**_WORDS, "removed": "removed"}
_ORDER = tuple(_WORDS)


def title_of(opened: Opened) -> str:
    """Return the title of a report."""
    name = opened.subject.rpartition("/")[2]
    return f"{name} was copied" if opened.action == "imported" else f"{name} was updated"


def describe(opened: Opened) -> dict[str, Any]:
    """Return what the page of a report shows."""
    report = cast("dict[str, Any]", opened.report)
    files = [
        {**one, "words": _WORDS.get(one["outcome"], one["outcome"])}
        for one in report.get("files", ())
    ]
    files.sort(key=lambda one: (one["outcome"] != "conflict", _rank(one["outcome"]), one["path"]))
    counts: dict[str, int] = report.get("counts", {})
    shown = [one for one in files if one["outcome"] != "unchanged"][:MOST_SHOWN]
    told = sum(count for outcome, count in counts.items() if outcome != "unchanged")
    opens = RelativePath(tuple(filter(None, str(report.get("opens", "")).split("/"))))
    return {
        "action": opened.action, "version": opened.version, "place": report.get("place", ""),
        "workspace": workspace_address(opens), "files": shown, "more": told - len(shown),
        "conflicts": [one for one in files if one["outcome"] == "conflict"],
        "counts": [
            (_COUNTED.get(outcome, outcome), counts[outcome])
            for outcome in sorted(counts, key=_rank)
        ],
    }  # fmt: skip


def _rank(outcome: str) -> int:
    return _ORDER.index(outcome) if outcome in _ORDER else len(_ORDER)
