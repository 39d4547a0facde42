"""The command line of ``images/build.py``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from images.builder.records import default_folder

HOST_CERTIFICATES = Path("/usr/local/share/ca-certificates")
"""Certificates that the admin of this machine has added to those it trusts."""

_SMALLEST_UID = 100
_LARGEST_UID = 2**31 - 2


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; what it returns has one attribute for each option."""
    parser = argparse.ArgumentParser(
        prog="images/build.py",
        description="Build images and all they stand on; what is up to date is left alone.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all that are shipped")
    _add_build_options(parser)
    _add_questions(parser.add_mutually_exclusive_group())
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where the answer goes (standard output)"
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="append all output to a file")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


def _add_build_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--uid", type=_uid, default=1000, help="owner of homes and assets (1000)")
    parser.add_argument("--tag-prefix", default="twinhub", help="what tags begin with (twinhub)")
    parser.add_argument(
        "--foundation-timeout", type=float, default=10, metavar="SECONDS",
        help="how long to try pulling the foundation (10)",
    )  # fmt: skip
    parser.add_argument(
        "--extra-ca", type=Path, action="append", default=[], metavar="FOLDER",
        help=f"more *.crt to trust, besides <image>/extra-ca and {HOST_CERTIFICATES}",
    )  # fmt: skip
    parser.add_argument(
        "--fresh", action="store_true",
        help="build what is current too, and without the cache: takes in security updates",
    )  # fmt: skip
    parser.add_argument(
        "--records", type=Path, default=default_folder(os.environ), metavar="FOLDER",
        help="where the manifest of each build is kept (in the user's state folder)",
    )  # fmt: skip


def _add_questions(group: argparse._MutuallyExclusiveGroup) -> None:
    group.add_argument("--list", action="store_true", help="show the images and build nothing")
    group.add_argument(
        "--manifest", metavar="IMAGE", help="print as JSON what is in an image; build nothing"
    )
    group.add_argument(
        "--diff", metavar="IMAGE", help="show what the last build changed; build nothing"
    )
    group.add_argument(
        "--sbom", metavar="IMAGE",
        help="write an image's bill of materials (CycloneDX 1.6); build nothing",
    )  # fmt: skip
    group.add_argument(
        "--table", type=Path, metavar="FILE",
        help="write sizes and build times between the marks in a page; build nothing",
    )  # fmt: skip


def _uid(text: str) -> int:
    if not text.isdecimal() or not _SMALLEST_UID <= int(text) <= _LARGEST_UID:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no uid for a workspace: give a number from {_SMALLEST_UID} on"
        )
    return int(text)
