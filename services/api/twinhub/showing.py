"""How a run is shown while somebody waits for it, and afterwards: text, or a table of HTML."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Protocol, Self, cast

from twinhub_api.cli.runs_progress import PROGRESS, bar_of
from twinhub_api.cli.terminal import safe
from twinhub_api.runner.results import Preview, PreviewKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twinhub_api.client.runner import RunnerClient
    from twinhub_api.runner.runs import Run

_EVERY_SECONDS = 0.5


class _Handle(Protocol):
    def update(self, shown: object) -> None:
        """Show something else in its place."""


class _Html:
    """What a notebook shows as HTML."""

    def __init__(self, text: str, line: str) -> None:
        self._text, self._line = text, line

    def __repr__(self) -> str:
        return self._line

    def _repr_html_(self) -> str:
        return self._text


class Shower:
    """Shows how far a run is: on a terminal as a line, in a notebook as a table."""

    def __init__(self, client: RunnerClient, *, is_shown: bool) -> None:
        """Ask a runner for the progress, if somebody looks."""
        self._client = client
        self._is_notebook = is_shown and _is_notebook()
        self._is_terminal = is_shown and not self._is_notebook and sys.stderr.isatty()
        self._handle: _Handle | None = None
        self._shown_at = 0.0
        self._place = 0
        self._progress: float | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201

    def show(self, run: Run) -> None:
        """Show a run as it is now."""
        is_due = time.monotonic() - self._shown_at > _EVERY_SECONDS or run.status.is_final
        if not is_due or not (self._is_notebook or self._is_terminal):
            return
        self._shown_at = time.monotonic()
        self._ask_progress(run)
        if self._is_terminal:
            line = as_line(run, self._progress)
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)  # noqa: T201
        else:
            self._update(_Html(as_html(run, self._progress), as_line(run, self._progress)))

    def _ask_progress(self, run: Run) -> None:
        found = self._client.metrics(run.id, most=2, start=self._place)
        self._place = found.end
        for one in found.series:
            if one.name == PROGRESS:
                self._progress = min(1.0, max(0.0, one.last))

    def _update(self, shown: _Html) -> None:
        if self._handle is None:
            display = sys.modules["IPython.display"].display
            self._handle = cast("_Handle", display(shown, display_id=True))
        else:
            self._handle.update(shown)


def as_line(run: Run, progress: float | None = None) -> str:
    """Return a run as a line, in which nothing steers a terminal."""
    done = "" if progress is None else f" {bar_of(progress)}"
    why = f": {run.reason}" if run.reason else ""
    return safe(f"Run {run.id}: {run.phase} of {run.twin} {run.status.value}{done}{why}")


def as_html(run: Run, progress: float | None = None, lines: Sequence[str] = ()) -> str:
    """Return a run as a table of HTML in which all text is text."""
    values = ", ".join(f"{name}={value}" for name, value in run.parameters.items())
    rows = {
        "run": run.id, "twin": run.twin, "phase": run.phase, "status": run.status.value,
        "why": run.reason, "exit code": "" if run.exit_code is None else str(run.exit_code),
        "parameters": values, "time": _took(run),
    }  # fmt: skip
    cells = {name: escape(text) for name, text in rows.items() if text}
    if progress is not None:
        cells["progress"] = f'<progress max="1" value="{progress:.4f}"></progress> {progress:.0%}'
    body = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in cells.items())
    log = f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""
    return f"<table>{body}</table>{log}"


def as_table(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Return rows as a table of HTML in which all text is text."""
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>{f'<thead><tr>{first}</tr></thead>' if head else ''}{body}</table>"


def as_row(run: Run) -> tuple[str, ...]:
    """Return a run as a row of a table."""
    return run.id, run.twin, run.phase, run.status.value, _took(run), run.reason


def without_numbers(lines: Iterable[str]) -> list[str]:
    """Return lines without those that only tell numbers, which are shown as such."""
    return [line for line in lines if not line.startswith("@twin ")]


class ShownPreview(Preview):
    """The beginning of a result, as a notebook shows it: text, or a table."""

    def __repr__(self) -> str:
        """Return it as text."""
        if self.kind is PreviewKind.TABLE:
            return "\n".join("\t".join(row) for row in (self.columns, *self.rows))
        return self.text or self._in_words()

    def _repr_html_(self) -> str:
        """Return it for notebooks; all of it is text."""
        more = "" if self.is_whole else "<p>There is more.</p>"
        if self.kind is PreviewKind.TABLE:
            return as_table(self.rows, self.columns) + more
        return f"<pre>{escape(repr(self))}</pre>{more}"

    def _in_words(self) -> str:
        if (picture := self.picture) is not None:
            return f"{picture.media_type}, {picture.width} x {picture.height}"
        return "It is nothing that can be shown."


def _took(run: Run) -> str:
    if run.started_at is None:
        return ""
    seconds = ((run.ended_at or datetime.now(UTC)) - run.started_at).total_seconds()
    return f"{seconds:.1f} s"


def _is_notebook() -> bool:
    """Tell whether a kernel runs this, so that HTML is seen."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None and "IPython.display" in sys.modules
