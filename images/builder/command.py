"""The command: which images are wanted, what is done for each, and what is said about it."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING

from images.builder.building import Builder, Options
from images.builder.engine import connect_engine
from images.builder.errors import BuildError, ImagesError
from images.builder.hierarchy import load_hierarchy
from images.builder.remedies import find_remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = Path(__file__).resolve().parents[1]
"""Where hierarchy.yaml and the context folders are."""

HOST_CERTIFICATES = Path("/usr/local/share/ca-certificates")
"""Certificates that the admin of this machine has added to those it trusts."""

_SMALLEST_UID = 100
_LARGEST_UID = 2**31 - 2
_SHOWN_LINES = 30


@dataclass(frozen=True, slots=True)
class Screen:
    """Where the steps are printed, and the file that gets every line of output."""

    log: IO[str]
    started: float
    is_quiet: bool

    def step(self, text: str) -> None:
        """Print one finished step with the time since the start of the command."""
        line = f"[{time.monotonic() - self.started:6.1f} s] {text}"
        self.output(line)
        if not self.is_quiet:
            print(line, flush=True)

    def output(self, line: str) -> None:
        """Write one line of a build's output."""
        self.log.write(f"{line}\n")
        self.log.flush()


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status: 0, or 1 when something could not be built."""
    options = _parser().parse_args(arguments)
    try:
        with _opened(options.log) as log:
            screen = Screen(log, time.monotonic(), options.quiet)
            return _run(options, screen)
    except ImagesError as error:
        print(_explain(error, options.log), file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, screen: Screen) -> int:
    hierarchy = load_hierarchy(FOLDER / "hierarchy.yaml")
    builder = Builder(
        connect_engine(),
        FOLDER,
        hierarchy=hierarchy,
        options=Options(
            uid=options.uid,
            tag_prefix=options.tag_prefix,
            version=version("twinhub-hub"),
            foundation_seconds=options.foundation_timeout,
            certificates=(*options.extra_ca, HOST_CERTIFICATES),
            proxies=_proxies(),
        ),
    )
    images = hierarchy.lineage(options.names)
    if options.list:
        for image in images if options.names else hierarchy.images:
            print(f"{image.name:16} {builder.tag_of(image):32} {builder.state_of(image)}")
        return 0
    builder.build(images, step=screen.step, output=screen.output)
    return 0


def _explain(error: ImagesError, log: Path | None) -> str:
    if not isinstance(error, BuildError):
        return f"error: {error}"
    shown = "\n".join(f"    {line}" for line in error.output[-_SHOWN_LINES:] if line.strip())
    whole = f"; the whole output is in {log}" if log else "; --log FILE keeps the whole output"
    return f"{shown}\nerror: {error}\n{find_remedy(error)}{whole}"


def _proxies() -> dict[str, str]:
    names = ("http_proxy", "https_proxy", "no_proxy")
    return {n: os.environ[n] for name in names for n in (name, name.upper()) if n in os.environ}


@contextlib.contextmanager
def _opened(log: Path | None) -> Iterator[IO[str]]:
    path = log or Path(os.devnull)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise ImagesError(f"the log {path} cannot be written: {error.strerror}") from error
    with file:
        yield file


def _uid(text: str) -> int:
    if not text.isdecimal() or not _SMALLEST_UID <= int(text) <= _LARGEST_UID:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no uid for a workspace: give a number from {_SMALLEST_UID} on"
        )
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="images/build.py",
        description="Build images and all they stand on; what is up to date is left alone.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all that are shipped")
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
    parser.add_argument("--log", type=Path, metavar="FILE", help="append all output to a file")
    parser.add_argument("--list", action="store_true", help="show the images and build nothing")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    return parser
