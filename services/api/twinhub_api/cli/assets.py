"""``twin assets``: asks the library, and prints what it answers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_api.cli.asking import Asking, area_of, nearest_of, site_address
from twinhub_api.cli.assets_collections import (
    collection_of,
    copy_collection,
    show_collection,
)
from twinhub_api.cli.assets_git import GIT_VERBS
from twinhub_api.cli.assets_printing import (
    print_details,
    print_found,
    print_usage,
    render_outcomes,
    size_of,
)
from twinhub_api.cli.assets_sharing import SHARING_VERBS
from twinhub_api.cli.assets_time import TIME_VERBS
from twinhub_api.cli.command import FAULTY, GOOD, CommandError
from twinhub_api.cli.runs_clearing import as_text
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.client.errors import ClientError
from twinhub_api.client.library import LibraryClient
from twinhub_api.client.places import Places
from twinhub_api.client.runner import RunnerClient
from twinhub_api.library.imports import Import, UpdateReport
from twinhub_api.library.publishing import Published, PublishRequest
from twinhub_api.library.search import SearchQuery

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator


_LONGEST_CHANGELOG = 20_000


def run(arguments: argparse.Namespace) -> int:
    """Do what a verb says; 1 where somebody has to look at something."""
    try:
        with LibraryClient.here() as client:
            asking = Asking(client, Places.from_environment(os.environ), arguments)
            return _VERBS[arguments.verb](asking)
    except ClientError as error:
        raise CommandError(safe(str(error))) from error


def _search(asking: Asking) -> int:
    options = asking.options
    query = SearchQuery(
        q=" ".join(options.words), kind=tuple(options.kind),
        area=tuple(map(_area, options.area)), limit=max(1, min(options.limit, 200)),
    )  # fmt: skip
    page = asking.client.search(query)
    if options.json:
        asking.print_json(page)
    else:
        print_found(page, asking.places, terminal_of())
    return GOOD


def _area(text: str) -> str:
    return text.strip("/")


def _show(asking: Asking) -> int:
    if name := collection_of(asking.options.asset):
        return show_collection(asking, name)
    with nearest_of(asking, asking.options.asset) as path:
        details = asking.client.get_asset(path)
    if asking.options.json:
        asking.print_json(details)
    else:
        print_details(details, asking.places, terminal_of())
    return GOOD


def _import(asking: Asking) -> int:
    options = asking.options
    if name := collection_of(options.asset):
        if options.target:
            raise CommandError("a collection goes to where its assets go: leave out the target")
        return copy_collection(asking, name)
    target = asking.path(options.target) if options.target else ""
    with nearest_of(asking, options.asset) as path:
        done = asking.wait(asking.client.start_import(path, target))
    made = Import.model_validate(done.result)
    if options.json:
        asking.print_json(made)
    else:
        version = f" {made.version}" if made.version else ""
        print(f"{asking.places.shown(made.path)}: a copy of {made.source}{version}")
    return GOOD


def _update(asking: Asking) -> int:
    options = asking.options
    if bool(options.asset) == options.all:
        raise CommandError("name the copy to update, or write --all for every copy of yours")
    copies = list(_copies(asking))
    if options.fresh:
        return _start_fresh(asking, copies)
    reports = []
    for one in copies:
        started = asking.client.start_update(
            one.id, version=options.wanted, dry_run=options.dry_run
        )
        report = UpdateReport.model_validate(asking.wait(started).result)
        reports.append(report)
        if not options.json:
            print(render_outcomes(report, asking.places, terminal_of()))
    if options.json:
        asking.print_json(*reports)
    elif not copies:
        print("All copies are of the newest version.")
    return FAULTY if any(report.conflicts for report in reports) else GOOD


def _copies(asking: Asking) -> Iterator[Import]:
    options = asking.options
    if options.all:
        yield from (one for one in asking.client.list_imports() if one.is_outdated)
        return
    path = asking.path(options.asset)
    found = list(asking.client.list_imports(area_of(path)))
    for one in found:
        if one.path == path:
            yield one
            return
    known = ", ".join(asking.places.shown(one.path) for one in found[:10])
    raise CommandError(
        f"{safe(options.asset)} was not imported, so there is nothing to update it from; "
        + (f"imported were {safe(known)}" if known else "`twin assets import` copies an asset")
    )


def _start_fresh(asking: Asking, copies: list[Import]) -> int:
    made = []
    for one in copies:
        started = asking.client.start_fresh(one.id, version=asking.options.wanted)
        made.append(Import.model_validate(asking.wait(started).result))
        if not asking.options.json:
            print(f"{asking.places.shown(made[-1].path)}: a fresh copy of {made[-1].source}")
    if asking.options.json:
        asking.print_json(*made)
    return GOOD


def _publish(asking: Asking) -> int:
    options = asking.options
    request = PublishRequest(
        path=asking.path(options.asset), version=options.wanted, message=options.message,
        changelog=_changelog(options.changelog), allowed_secrets=tuple(options.allow_secret),
        dry_run=options.dry_run,
    )  # fmt: skip
    done = asking.wait(asking.client.start_publishing(request))
    published = Published.model_validate(done.result)
    if options.json:
        asking.print_json(published)
    elif published.state == "checked":
        print("All is well: it could be published.")
    elif published.proposal is not None:
        one = published.proposal
        print(f"{one.kind}/{one.name} {one.version} is proposed and waits for a review")
    elif published.version is not None:
        print(f"{published.version.path} is published: {size_of(published.version.size)}")
    return GOOD


def _changelog(file: str | None) -> str:
    if file is None:
        return ""
    text = Path(file).read_text("utf-8", "replace")
    if len(text) > _LONGEST_CHANGELOG:
        raise CommandError(
            f"{safe(file)}: a changelog has at most {_LONGEST_CHANGELOG:,} characters, and this one"
            f" has {len(text):,}: keep what is of this version"
        )
    return text


def _usage(asking: Asking) -> int:
    area = asking.options.area
    page = (
        asking.client.get_area_usage(area.strip("/"), fresh=asking.options.fresh)
        if area
        else asking.client.get_usage()
    )
    if asking.options.json:
        asking.print_json(page)
    else:
        print_usage(page, asking.places, terminal_of())
        if not area and (runs := _usage_of_runs()):
            print(runs)
    return GOOD


def _usage_of_runs() -> str:
    """Return what one's runs take beside the area; empty where there is no runner."""
    try:
        with RunnerClient.here() as client:
            return as_text(client.usage())
    except ClientError:
        return ""


def _open_link(asking: Asking) -> int:
    options = asking.options
    link = f"/open/{quote(_linked(asking), safe='/@')}"
    if options.path:
        link += f"?path={quote(options.path)}"
    site = site_address(os.environ)
    link = f"{site or ''}{link}"
    print(json.dumps({"link": link}) if options.json else link)
    if not site and not options.json:
        print("twin: put the address of your TwinHub before it", file=sys.stderr)
    return GOOD


def _linked(asking: Asking) -> str:
    """Return the path of what is linked to, if it is there for everybody."""
    options = asking.options
    if name := collection_of(options.asset):
        if options.path:
            raise CommandError("a collection opens as a whole: leave out --path")
        asking.client.get_collection(name)
        return f"collections/{name}"
    with nearest_of(asking, options.asset) as path:
        if not path.startswith("common/"):
            raise CommandError(
                f"{safe(options.asset)} is not for everybody: publish it, then link to its version"
            )
        asking.client.get_asset(path)
    if options.path and not asking.client.has_entry(f"{path}/{options.path}"):
        raise CommandError(f"{safe(options.asset)} has no {safe(options.path)}: name a file in it")
    return path


_VERBS: dict[str, Callable[[Asking], int]] = {
    **TIME_VERBS,
    **SHARING_VERBS,
    **GIT_VERBS,
    "search": _search,
    "show": _show,
    "import": _import,
    "update": _update,
    "publish": _publish,
    "usage": _usage,
    "open-link": _open_link,
}
