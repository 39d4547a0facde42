"""Files that a twin names: templates with the names in them, and others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.checks.paths import is_pattern
from twinhub_dtconfig.faults import Fault
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.models.text import SECRETS, Substituted
from twinhub_dtconfig.rules.files import check_secret_file, holds_secret
from twinhub_dtconfig.rules.texts import check_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.nodes import Key

    Where = tuple[Key, ...]

_LARGEST_TEMPLATE = 2**20
_IN_TEMPLATES = Substituted((*Substituted().namespaces, SECRETS))
_MARK = re.compile(r"\$\$\{|\$\{[^{}]*\}")


def check_templates(context: Context) -> Iterator[Result]:
    """Yield templates that are not there, and names in them that name nothing."""
    for at, file in enumerate(context.twin.files):
        if file.render is None:
            continue
        place: Where = ("files", at, "render")
        found = context.find(file.render).path
        if found is None:
            yield from absent(context, place, file.render, "template")
            continue
        try:
            text = read_regular_file(found, _LARGEST_TEMPLATE).content.decode("utf-8")
        except (FileRefusedError, UnicodeDecodeError) as error:
            reason = str(error) if isinstance(error, FileRefusedError) else "is not UTF-8"
            yield Finding(place, f"the template {reason}", "give a text file")
            continue
        yield from _check_names(context, str(found), text)
        if holds_secret(text):
            yield from check_secret_file(context.twin, at)


def check_named_files(context: Context) -> Iterator[Result]:
    """Yield other files that a twin names and that are not there."""
    for place, path in _named(context):
        if not is_pattern(path) and context.find(path).path is None:
            yield from absent(context, place, path, "file")


def _named(context: Context) -> Iterator[tuple[Where, str]]:
    twin = context.twin
    if twin.environment.requirements is not None:
        yield ("environment", "requirements"), twin.environment.requirements
    for name, port in twin.ports.items():
        if port.openapi is not None:
            yield ("ports", name, "openapi"), port.openapi
    for name, service in twin.services.items():
        dashboards = () if service.managed is None else service.managed.dashboards
        for at, dashboard in enumerate(dashboards):
            yield ("services", name, "managed", "dashboards", at), dashboard
    for name, step in twin.build.items():
        for at, needed in enumerate(step.inputs):
            yield ("build", name, "inputs", at), needed


def _check_names(context: Context, file: str, text: str) -> Iterator[Result]:
    for number, line in enumerate(text.splitlines(), 1):
        for mark in _MARK.finditer(line):
            for finding in check_text(context.twin, (), mark[0], _IN_TEMPLATES):
                yield Fault(
                    file, number, mark.start() + 1, finding.what, finding.remedy, finding.nearest
                )


def absent(
    context: Context, place: Where, path: str, kind: str, *, may_come: bool = False
) -> Iterator[Result]:
    """Yield that a file is missing, unless the twin makes it itself.

    With ``may_come``, an earlier phase may make it, so that this is no more than doubtful.
    """
    if context.makes(path):
        return
    nearest = context.nearest(path)
    what = f"there is no {kind} {path}"
    if may_come and nearest is None:
        remedy = "create it, unless the phase `create` does"
        yield Finding(place, what, remedy, is_warning=True)
    else:
        yield Finding(place, what, "" if nearest else "create it, or correct the path", nearest)
