"""For image builds: describes our own packages as an installer does.

The folder holds each package with the ``pyproject.toml`` of its member as ``NAME.toml``, which is
replaced by a ``.dist-info`` folder with name, version and entry points.
"""

from __future__ import annotations

import os
import tomllib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def main(arguments: list[str]) -> int:
    """Describe what is in a folder."""
    (folder,) = arguments
    for name in sorted(os.listdir(folder)):
        if name.endswith(".toml"):
            _describe(folder, f"{folder}/{name}")
    return 0


def _describe(folder: str, file: str) -> None:
    with open(file, "rb") as opened:
        project = tomllib.load(opened)["project"]
    name, version = project["name"], project["version"]
    target = f"{folder}/{name.replace('-', '_')}-{version}.dist-info"
    os.makedirs(target, exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    _write(f"{target}/METADATA", metadata)
    _write(f"{target}/entry_points.txt", _entry_points(project))
    os.remove(file)


def _entry_points(project: Mapping[str, Mapping[str, Mapping[str, str]]]) -> str:
    groups = dict(project.get("entry-points", {}))
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""]
    return "\n".join(lines)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
