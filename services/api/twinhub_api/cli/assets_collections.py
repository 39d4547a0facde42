"""Collections in ``twin assets``: shown in their order, copied whole, and linked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.assets_printing import render_rows
from twinhub_api.cli.command import FAULTY, GOOD
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.library.opening import CollectionCopy

if TYPE_CHECKING:
    from twinhub_api.cli.asking import Asking
    from twinhub_api.cli.terminal import Terminal
    from twinhub_api.library.opening import CollectionDetail, CopiedItem

_PREFIX = "collections/"
_WORDS = {
    "imported": "copied", "updated": "updated", "current": "there already", "own": "not copied",
    "missing": "not copied", "failed": "not copied",
}  # fmt: skip


def collection_of(text: str) -> str:
    """Return the name of the collection that somebody means, or nothing: ``collections/course``."""
    return text.strip("/").removeprefix(_PREFIX) if text.strip("/").startswith(_PREFIX) else ""


def show_collection(asking: Asking, name: str) -> int:
    """Print what a collection holds, in its order."""
    detail = asking.client.get_collection(name)
    if asking.options.json:
        asking.print_json(detail)
    else:
        print(_render_detail(detail, terminal_of()))
    return GOOD


def copy_collection(asking: Asking, name: str) -> int:
    """Copy everything of a collection, and print what became of each; 1 where something is odd."""
    done = asking.wait(asking.client.start_copy(name))
    copy = CollectionCopy.model_validate(done.result)
    if asking.options.json:
        asking.print_json(copy)
    else:
        print(_render_copy(copy, terminal_of()))
    return FAULTY if any(map(_is_odd, copy.items)) else GOOD


def _render_detail(detail: CollectionDetail, terminal: Terminal) -> str:
    one = detail.collection
    lines = [terminal.paint(safe(f"{one.title} {one.version}".strip()), "bold")]
    lines += _indented(one.summary)
    for item in detail.items:
        if item.heading:
            lines += ["", terminal.paint(safe(item.heading), "bold")]
        else:
            gone = "" if item.is_there else " (not published any more)"
            where = f"{item.asset}/{item.path}" if item.path else item.asset
            lines.append(safe(f"- {f'{item.title}  {where}'.rstrip()}{gone}"))
        lines += _indented(item.text)
    lines += [f"fault: {safe(fault)}" for fault in detail.faults]
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"  {safe(line)}" for line in text.splitlines()]


def _render_copy(copy: CollectionCopy, terminal: Terminal) -> str:
    rows = [(_told(one), one.title, one.opens or one.asset) for one in copy.items if one.outcome]
    lines = [render_rows(rows, terminal)] if rows else ["There is nothing in it."]
    lines += [f"{safe(one.title)}: {safe(one.detail)}" for one in copy.items if one.detail]
    return "\n".join(lines)


def _told(item: CopiedItem) -> str:
    conflicts = f", {item.conflicts} changed on both sides" if item.conflicts else ""
    return f"{_WORDS[item.outcome]}{conflicts}"


def _is_odd(item: CopiedItem) -> bool:
    return bool(item.conflicts) or item.outcome in {"own", "missing", "failed"}
