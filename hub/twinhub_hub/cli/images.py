"""`twinhub images`: builds TwinHub's images and the site's layers, and tells how they are."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import nearest_key

from twinhub_hub.images import RUN, all_images, is_own, own_names
from twinhub_hub.installation import Installation, default_home, share
from twinhub_hub.layers.errors import LayerError
from twinhub_hub.layers.states import find_built
from twinhub_hub.operate.image_reports import look_at_images, prune
from twinhub_hub.operate.layers import Workshop, choose_layers
from twinhub_hub.operate.prepare import build_images
from twinhub_hub.operate.steps import Steps
from twinhub_hub.settings.images import OWN
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from twinhub_hub.operate.image_reports import ImageReport
    from twinhub_hub.settings.models import Settings

_WRONG_INPUT = 2


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `twinhub`."""
    parser = subparsers.add_parser("images", help="build images and site layers, or list them")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    build = actions.add_parser("build", help="build what is not current; default: all in use")
    build.add_argument("names", nargs="*", metavar="NAME", help="an image of TwinHub's, or a layer")
    build.add_argument("-v", "--verbose", action="store_true", help="show the output of builds")
    build.add_argument(
        "--fresh", action="store_true",
        help="with the packages of today: layers, and those of TwinHub's images that are named",
    )  # fmt: skip
    build.set_defaults(run=run_build)
    listing = actions.add_parser("list", help="show each image: state, size, date, groups, use")
    listing.add_argument("--json", action="store_true", help="print one JSON list")
    listing.set_defaults(run=run_list)
    log = actions.add_parser("log", help="print the log of a layer's last build")
    log.add_argument("name", metavar="NAME")
    log.set_defaults(run=run_log)
    pruning = actions.add_parser("prune", help="remove earlier builds of layers nobody runs on")
    pruning.set_defaults(run=run_prune)


def _load() -> tuple[Installation, Settings]:
    installation = Installation(default_home())
    return installation, load_settings(installation.settings_file).settings


def run_build(arguments: argparse.Namespace) -> int:
    """Build what was named, TwinHub's images first; 1 when something could not be built."""
    installation, settings = _load()
    layer_names = [layer.name for layer in settings.workspace.layers]
    if unknown := _find_unknown(arguments.names, [*OWN, *layer_names]):
        print(unknown, file=sys.stderr)
        return _WRONG_INPUT
    installation.make_folders()
    steps = Steps()
    show = _print_line if arguments.verbose else _say_nothing
    failures = []
    with Workshop.opened(installation, settings) as workshop, workshop.alone():
        layers = choose_layers(settings, arguments.names or layer_names)
        if wanted := _wanted_images(workshop, arguments.names):
            log = installation.logs / "images.log"
            is_fresh = arguments.fresh and bool(arguments.names)
            build_images(share(), settings, log, steps, names=wanted, is_fresh=is_fresh)
        for layer in layers:
            try:
                workshop.ensure(layer, steps, show, is_fresh=arguments.fresh)
            except LayerError as error:
                failures.append(str(error))
        workshop.publish(with_unbuilt=False)
    if arguments.fresh and not arguments.names:
        for line in left_as_they_are(settings):
            steps.say(line)
    for failure in failures:
        print(f"twinhub: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _wanted_images(workshop: Workshop, names: Sequence[str]) -> list[str]:
    """Return which of TwinHub's images to build: those named, else all in use; and absent bases."""
    settings = workshop.settings
    if not names:
        return [*own_names(settings), RUN]
    bases = {layer.base for layer in choose_layers(settings, names)}
    return [
        name
        for name, own in OWN.items()
        if name in names or (name in bases and find_built(workshop.client, own.image) is None)
    ]


def left_as_they_are(settings: Settings) -> Sequence[str]:
    """Say what `build --fresh` does not build anew, and what does."""
    own = own_names(settings)
    of_the_site = [image.image for image in all_images(settings) if not is_own(image.image)]
    lines = [f"{image}: left as it is, for it is yours: docker build" for image in of_the_site]
    if own:
        names = " ".join(own)
        lines.insert(0, f"Of TwinHub's images only what was not current; all: --fresh {names}")
    return lines


def _find_unknown(names: Sequence[str], known: Sequence[str]) -> str:
    for name in names:
        if name not in known:
            nearest = nearest_key(name, known)
            hint = f"did you mean {nearest!r}?" if nearest else f"there are: {', '.join(known)}"
            return f"twinhub: there is no image and no layer {name!r}; {hint}"
    return ""


def _print_line(line: str) -> None:
    print(f"    {line}", flush=True)


def _say_nothing(_: str) -> None:
    """Leave the output to the log."""


def run_list(arguments: argparse.Namespace) -> int:
    """Show each image of the installation."""
    installation, settings = _load()
    with Workshop.opened(installation, settings) as workshop:
        reports = look_at_images(workshop)
    if arguments.json:
        print(json.dumps([asdict(report) for report in reports], indent=1))
    else:
        print("\n".join(_table(reports)))
    return 0


def _table(reports: Sequence[ImageReport]) -> list[str]:
    head = ("name", "state", "size", "built", "running", "groups", "tag")
    rows = [head, *map(_row, reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(report: ImageReport) -> tuple[str, ...]:
    return (
        report.name,
        report.state,
        f"{report.size_bytes / 2**20:.0f} MiB" if report.size_bytes else "-",
        report.built[:16].replace("T", " ") or "-",
        str(report.workspaces),
        ", ".join(report.groups) or "everybody",
        report.tag,
    )


def run_log(arguments: argparse.Namespace) -> int:
    """Print the log of a layer's last build."""
    installation, settings = _load()
    known = [layer.name for layer in settings.workspace.layers]
    if unknown := _find_unknown([arguments.name], known):
        print(unknown, file=sys.stderr)
        return _WRONG_INPUT
    log = installation.image_log(arguments.name)
    try:
        print(log.read_text("utf-8", "replace"), end="")
    except FileNotFoundError as error:
        raise LayerError(
            f"The layer {arguments.name} was never built here: twinhub images build "
            f"{arguments.name}"
        ) from error
    return 0


def run_prune(_: argparse.Namespace) -> int:
    """Remove builds of this installation's layers that have no tag any more, and no workspace."""
    installation, settings = _load()
    with Workshop.opened(installation, settings) as workshop, workshop.alone():
        removed = prune(workshop)
    for line in removed:
        print(f"removed {line}")
    print(f"{len(removed)} earlier builds removed.")
    return 0
