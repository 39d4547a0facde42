"""``twin assets bin`` and ``twin assets previous``: what was, and how it comes back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_api.cli.asking import area_of
from twinhub_api.cli.assets_printing import render_rows, size_of
from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.library.files import BinItem, BinListing, FileEntry
from twinhub_api.library.previous import (
    PreviousDifference,
    PreviousRestored,
    PreviousRestoreRequest,
    PreviousVersionPage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_api.cli.asking import Asking

_MOST = 1000


def _bin(asking: Asking) -> int:
    options = asking.options
    if options.restore:
        return _bring_back(asking)
    area = options.area.strip("/") or asking.own_area()
    listing = asking.client.get(BinListing, "/api/bin", {"area": area, "limit": _MOST})
    if options.json:
        asking.print_json(listing)
    elif listing.items:
        often = Counter(one.path for one in listing.items)
        rows = [
            (asking.places.shown(one.path), f"deleted {one.removed_at:%Y-%m-%d %H:%M}",
             f"by {one.removed_by}", f"until {one.expires_at:%Y-%m-%d}",
             one.id if often[one.path] > 1 else "")
            for one in listing.items
        ]  # fmt: skip
        print(render_rows(rows, terminal_of()))
    else:
        print(f"Nothing is in the bin of {safe(area)}.")
    return GOOD


def _bring_back(asking: Asking) -> int:
    options = asking.options
    wanted = options.restore
    path = asking.path(wanted)
    area = options.area.strip("/") or (area_of(path) if "/" in path else asking.own_area())
    listing = asking.client.get(BinListing, "/api/bin", {"area": area, "limit": _MOST})
    found = next((one for one in listing.items if wanted == one.id or path == one.path), None)
    if found is None:
        raise CommandError(
            f"{safe(wanted)} is not in the bin of {safe(area)}: `twin assets bin` lists what is; "
            f"what was deleted by other programs is among the versions of `twin assets previous`"
        )
    target = asking.path(options.to) if options.to else found.path
    entry = asking.client.post(
        FileEntry, f"/api/bin/{quote(found.id)}/restore", {"target": target}, {"area": area}
    )
    _tell_back(asking, found, target, entry)
    return GOOD


def _tell_back(asking: Asking, found: BinItem, target: str, entry: FileEntry) -> None:
    if asking.options.json:
        asking.print_json(entry)
    else:
        print(f"{safe(asking.places.shown(target))}: the {found.kind} is back")


def _previous(asking: Asking) -> int:
    options = asking.options
    path = asking.path(options.path)
    if options.restore:
        return _restore(asking, path)
    if options.difference:
        address = f"/api/previous-differences/{quote(options.difference)}/{quote(path)}"
        differs = asking.client.get(PreviousDifference, address)
        if options.json:
            asking.print_json(differs)
        else:
            print("\n".join(map(safe, differs.text.splitlines())) or "Nothing differs.")
        return GOOD
    page = asking.client.get(PreviousVersionPage, f"/api/previous/{quote(path)}", {"limit": _MOST})
    if options.json:
        asking.print_json(page)
        return GOOD
    if page.items:
        rows = [
            (one.time, one.kind if one.kind == "folder" else size_of(one.size),
             "as it is now" if one.is_present and one.kind == "file" else "")
            for one in page.items
        ]  # fmt: skip
        print(render_rows(rows, terminal_of()))
    else:
        print(
            f"There is no previous version of {safe(options.path)} yet: one is kept of each hour in"
            " which something changed."
        )
    if page.notice:
        print(safe(page.notice))
    return GOOD


def _restore(asking: Asking, path: str) -> int:
    options = asking.options
    into = asking.path(options.into) if options.into else None
    request = PreviousRestoreRequest(path=path, time=options.restore, into=into)
    done = asking.client.post(PreviousRestored, "/api/previous-restores", request.model_dump())
    if options.json:
        asking.print_json(done)
        return GOOD
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(done.counts.items()))
    print(f"{safe(asking.places.shown(into or path))} is as at {options.restore}: {told}")
    if done.kept_as:
        print(f"What was there before is kept: --restore {done.kept_as} brings it back.")
    return GOOD


TIME_VERBS: dict[str, Callable[[Asking], int]] = {"bin": _bin, "previous": _previous}
"""What each of these verbs does."""
