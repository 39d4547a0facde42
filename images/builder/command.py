"""The command: which images are wanted, what is done for each, and what is said about it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING

from images.builder.arguments import HOST_CERTIFICATES, make_parser
from images.builder.building import Build, Builder, Options
from images.builder.engine import connect_engine
from images.builder.errors import BuildError, ImagesError
from images.builder.hierarchy import load_hierarchy
from images.builder.questions import Questions
from images.builder.recording import Recorder
from images.builder.records import Records
from images.builder.remedies import find_remedy

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

FOLDER = Path(__file__).resolve().parents[1]
"""Where hierarchy.yaml and the context folders are."""

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
    """Run the command and return its exit status: 0, or 1 when something could not be done."""
    options = make_parser().parse_args(arguments)
    try:
        with _opened(options.log) as log:
            screen = Screen(log, time.monotonic(), options.quiet)
            _run(options, screen)
    except ImagesError as error:
        print(_explain(error, options.log), file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace, screen: Screen) -> None:
    hierarchy = load_hierarchy(FOLDER / "hierarchy.yaml")
    engine = connect_engine()
    builder = Builder(engine, FOLDER, hierarchy=hierarchy, options=_build_options(options))
    recorder = Recorder(engine, Records(options.records))
    questions = Questions(engine, hierarchy, builder=builder, recorder=recorder)
    answer = questions.answer(options)
    if answer is not None:
        _print_answer(answer, options.output)
        return

    def built(build: Build) -> None:
        screen.step(f"{build.image.name}: {recorder.record(build)}")

    images = hierarchy.lineage(options.names)
    builder.build(images, step=screen.step, output=screen.output, built=built)


def _build_options(options: argparse.Namespace) -> Options:
    return Options(
        uid=options.uid,
        tag_prefix=options.tag_prefix,
        version=version("twinhub-hub"),
        foundation_seconds=options.foundation_timeout,
        certificates=(*options.extra_ca, HOST_CERTIFICATES),
        proxies=_proxies(),
        fresh=options.fresh,
    )


def _print_answer(answer: str, file: Path | None) -> None:
    if file is None:
        print(answer)
        return
    try:
        file.write_text(f"{answer}\n", "utf-8")
    except OSError as error:
        raise ImagesError(f"{file} cannot be written: {error.strerror}") from error


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
