"""What a small image has on its disk, made up."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from images.builder.manifest import Contents, Manifest, NpmTree
from images.builder.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS = """\
Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21.23
Description: package management system
 with a second line: and a colon

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-9

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2026a-0

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
_SITE = "opt/x/server/lib/python3.11/site-packages"
_MODULES = "opt/x/editor/node_modules"
FILES = {
    "var/lib/dpkg/status": STATUS,
    "opt/twinhub/page/novnc/version": "Package: novnc\nVersion: 1:1.3.0-1\n",
    "opt/twinhub/other/version": "7\n",
    f"{_SITE}/Foo_Bar-1.2.dist-info/METADATA": (
        "Metadata-Version: 2.4\nName: Foo_Bar\nVersion: 1.2\nLicense-Expression: MIT\n\nName: no\n"
    ),
    f"{_SITE}/pip/_vendor/old-1.dist-info/METADATA": "Name: old\nVersion: 1\n",
    "opt/x/science/lib/python3.11/site-packages/foo_bar-1.2.dist-info/METADATA": (
        "Name: foo-bar\nVersion: 1.2\n"
    ),
    f"{_MODULES}/@a/b/package.json": json.dumps({"name": "@a/b", "version": "2.0.0"}),
    f"{_MODULES}/@a/b/dist/package.json": json.dumps({"type": "module"}),
    f"{_MODULES}/c/package.json": json.dumps(
        {"name": "c", "version": "1.0.0", "license": {"type": "BSD in parts"}}
    ),
    f"{_MODULES}/c/node_modules/d/package.json": json.dumps({"name": "d", "version": "3.0.0"}),
    f"{_MODULES}/c/test/node_modules/e/package.json": "{broken",
}


def reading(files: Mapping[str, str] = FILES, nodes: Mapping[str, str] | None = None) -> Reading:
    """Return files as they are read of an image."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return Reading(buffer.getvalue(), nodes or {})


def contents(**debian: str) -> Contents:
    """Return an image's contents with some Debian packages."""
    return Contents(
        debian=debian,
        python={"/opt/x/science": {"numpy": "2.3.1"}},
        npm={"/opt/x/editor": NpmTree(top={"c": "1.0.0"}, packages=3)},
        node={"/opt/x/bin/node": "24.19.0"},
    )


def manifest(number: int = 1, **debian: str) -> Manifest:
    """Return the manifest of the build with a number, a minute after the one before."""
    return Manifest(
        image="trial",
        tag="test/trial:1",
        id=f"sha256:{number}",
        inputs="ab",
        revision=None,
        size=1_131_600_196,
        added=1_057_572_432,
        built=datetime(2026, 11, 26, tzinfo=UTC) + timedelta(minutes=number),
        seconds=43.2,
        cached_steps=0,
        contents=contents(**debian),
    )
