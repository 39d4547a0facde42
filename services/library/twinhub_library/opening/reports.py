"""Reports of imports and updates, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from twinhub_kit.files.paths import RelativePath

from twinhub_library.opening.links import PAGES, workspace_address
from twinhub_library.opening.markdown import render_markdown

if TYPE_CHECKING:
    from twinhub_library.store.openings import Opened

MOST_SHOWN = 200
"""Files on one page."""

_WORDS = {
    "added": "new",
    "updated": "updated",
    "merged": "merged with your changes",
    "conflict": "changed on both sides",
    "removed": "removed, since you had not changed it",
    "kept": "kept as you have it",
    "unchanged": "unchanged",
}
_PART_WORDS = {
    "imported": "copied", "updated": "updated", "current": "you have it already",
    "own": "not copied", "missing": "not copied", "failed": "not copied",
}  # fmt: skip
_COUNTED = {**_WORDS, "removed": "removed"}
_TITLES = {"imported": "was copied", "opened": "is up to date", "copied": "was copied"}
_ORDER = tuple(_WORDS)


def title_of(opened: Opened) -> str:
    """Return the title of a report."""
    name = cast("dict[str, str]", opened.report).get("title") or opened.subject.rpartition("/")[2]
    return f"{name} {_TITLES.get(opened.action, 'was updated')}"


def describe(opened: Opened, after: int = 0) -> dict[str, Any]:
    """Return what the page of a report shows, from a file on."""
    report = cast("dict[str, Any]", opened.report)
    files = [
        {**one, "words": _WORDS.get(one["outcome"], one["outcome"])}
        for one in report.get("files", ())
        if one["outcome"] != "unchanged"
    ]
    files.sort(key=lambda one: (one["outcome"] != "conflict", _rank(one["outcome"]), one["path"]))
    counts: dict[str, int] = report.get("counts", {})
    end = after + MOST_SHOWN
    return {
        "action": opened.action, "version": opened.version, "place": report.get("place", ""),
        "workspace": _workspace(str(report.get("opens", ""))), "files": files[after:end],
        "first": after + 1, "last": min(end, len(files)), "told": len(files),
        "untold": max(0, _changed(counts) - len(files)),
        "before": f"?after={max(0, after - MOST_SHOWN)}" if after else "",
        "next": f"?after={end}" if len(files) > end else "",
        "conflicts": counts.get("conflict", 0),
        "counts": [
            (_COUNTED.get(outcome, outcome), counts[outcome])
            for outcome in sorted(counts, key=_rank)
        ],
    }  # fmt: skip


def describe_copy(opened: Opened) -> dict[str, Any]:
    """Return what the page of a copied collection shows: each part in its order."""
    report = cast("dict[str, Any]", opened.report)
    parts = [
        {
            **one, "text": render_markdown(one["text"]),
            "words": _PART_WORDS.get(one["outcome"], ""),
            "workspace": _workspace(one["opens"]) if one["opens"] else "",
            "is_fault": one["outcome"] in {"own", "missing", "failed"},
        }
        for one in report["parts"]
    ]  # fmt: skip
    return {
        "parts": parts, "version": opened.version,
        "faults": sum(one["is_fault"] for one in parts),
        "conflicts": sum(one["conflicts"] for one in parts),
        "address": f"{PAGES}/{opened.subject}",
    }  # fmt: skip


def _changed(counts: dict[str, int]) -> int:
    return sum(count for outcome, count in counts.items() if outcome != "unchanged")


def _workspace(opens: str) -> str:
    return workspace_address(RelativePath(tuple(filter(None, opens.split("/")))))


def _rank(outcome: str) -> int:
    return _ORDER.index(outcome) if outcome in _ORDER else len(_ORDER)
