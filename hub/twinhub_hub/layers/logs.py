"""The log of a layer's last build: every line, with how it began and how it ended."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

ENDED = "# ended without an image"
"""How the last line of a log begins when the build failed, or was interrupted."""

_MOST_TAIL_BYTES = 64 * 1024


@contextmanager
def writing(
    path: Path, title: str, *, show: Callable[[str], None]
) -> Iterator[Callable[[str], None]]:
    """Give what takes each line of a build; the log before stays beside it as ``.log.1``."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_suffix(".log.1"))
    with path.open("w", encoding="utf-8") as file:
        _write(file, f"# {title}, {_now()}")

        def line(text: str) -> None:
            _write(file, text)
            show(text)

        try:
            yield line
        except BaseException as error:
            _write(file, f"{ENDED}, {_now()}: {str(error) or 'interrupted'}")
            raise
        _write(file, f"# built, {_now()}")


def read_end(path: Path, lines: int) -> Sequence[str]:
    """Return the last lines of a log; none where there is no log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MOST_TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except FileNotFoundError:
        return ()


def _write(file: IO[str], text: str) -> None:
    file.write(f"{text}\n")
    file.flush()


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
