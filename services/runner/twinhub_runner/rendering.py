"""What a run's agent is told of the files that it makes before a phase, and which secrets it needs.

The agent puts values in, since templates lie in the twin's folder, and secrets reach it alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twinhub_dtconfig.interpolation import find_names
from twinhub_dtconfig.resolving import known_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.resolving import Context, Value

_UNPREPARED = frozenset({"terminate", "clean"})
"""Phases that no file is made for."""
_OPENING = ("password", "token")


def plan_files(
    twin: Twin, phase: str, parameters: Mapping[str, Value], context: Context, folder: str
) -> dict[str, Any]:
    """Return the parts ``files`` and ``secrets`` of a plan; neither where none is made.

    ``secrets`` names, for each dotted name that may be put in, the twin's secret that it means.
    """
    if not twin.files or phase in _UNPREPARED:
        return {}
    has_template = any(one.render is not None for one in twin.files)
    texts = [one.text for one in twin.files if one.text is not None]
    used = {name.dotted for text in texts for name in find_names(text)}
    secrets = {
        dotted: name for dotted, name in _secret_names(twin) if has_template or dotted in used
    }
    made = [
        {"to": one.to, "text": one.text, "render": one.render, "executable": one.executable}
        for one in twin.files
    ]
    values = known_values(twin, parameters, context)
    if not has_template:
        values = {name: value for name, value in values.items() if name in used}
    files = {"folder": folder, "made": made, "values": values}
    return {"files": files, **({"secrets": secrets} if secrets else {})}


def names_of_services(twin: Twin) -> dict[str, str]:
    """Return what is known of services outside of TwinHub, as ``service.key``."""
    found: dict[str, str] = {}
    for name, service in twin.services.items():
        if (external := service.external) is None:
            continue
        parts = urlsplit(external.url)
        found |= {f"{name}.url": external.url, f"{name}.host": parts.hostname or ""}
        if parts.port is not None:
            found[f"{name}.port"] = str(parts.port)
        if external.username is not None:
            found[f"{name}.username"] = external.username
    return found


def _secret_names(twin: Twin) -> Iterator[tuple[str, str]]:
    for name in twin.secrets:
        yield f"secrets.{name}", name
    for name, service in twin.services.items():
        if service.external is not None and service.external.secret is not None:
            for key in _OPENING:
                yield f"services.{name}.{key}", service.external.secret
