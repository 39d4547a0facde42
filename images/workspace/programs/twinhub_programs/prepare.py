"""Prepares a home for this edition of the image: once, and again after the image has changed.

Starts of two workspaces with the same home wait for each other. Exit status 1 says that the home
cannot be written; the workspace starts all the same.
"""

from __future__ import annotations

import fcntl
import os
import time

from twinhub_programs.defaults import lay_defaults
from twinhub_programs.homefiles import (
    HomeError,
    ensure_folder,
    kind_of,
    read_file,
    remove,
    say,
    set_aside,
    write_file,
)  # fmt: skip

TYPE_CHECKING = False  # `typing` and `contextlib` cost as much as all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = "/opt/twinhub"
_WAIT_SECONDS = 5


def main(_arguments: list[str]) -> int:
    """Prepare the home that ``HOME`` names; the mark ``TWINHUB_MARK`` then says so."""
    home, environment = os.environ["HOME"], os.environ["TWINHUB_ENVIRONMENT"]
    state, mark = f"{home}/.local/share/twinhub", os.environ["TWINHUB_MARK"]
    try:
        os.makedirs(os.path.dirname(state), exist_ok=True)
        ensure_folder(state, above=os.path.dirname(state))
        with _Alone(f"{state}/.lock"):
            if not _is_prepared(state, mark, environment):
                lay_environment(f"{_PARTS}/environment", environment, above=state)
                lay_defaults(_PARTS, home, state, tutorials=not mark.endswith("-without-tutorials"))
                _set_mark(state, mark)
    except OSError as error:
        say(f"the home could not be prepared: {error}")
        return 1
    return 0


def _is_prepared(state: str, mark: str, environment: str) -> bool:
    is_whole = os.access(f"{environment}/bin/python", os.X_OK)
    is_marked = kind_of(f"{state}/{mark}") == "file" and kind_of(f"{state}/edition") == "nothing"
    return is_whole and is_marked


class _Alone:
    """Holds a lock, for which another start is waited for some seconds, not for ever."""

    def __init__(self, lock: str) -> None:
        if kind_of(lock) in {"link", "other", "folder"}:
            remove(lock)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._descriptor = os.open(lock, flags, 0o600)

    def __enter__(self) -> None:
        _try_lock(self._descriptor)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _try_lock(descriptor: int) -> None:
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return


def lay_environment(template: str, environment: str, *, above: str) -> None:
    """Lay the environment that ``pip install`` writes to; what the user installed stays beside.

    All is written aside before any of it is put in its place: on a full disk a working environment
    stays as it is.
    """
    ensure_folder(environment, above=above)
    for name in os.listdir(environment):
        if name.startswith(".new"):  # of a start that was killed
            remove(f"{environment}/{name}")
    aside = f"{environment}/.new"
    os.mkdir(aside)
    try:
        staged = list(_stage(template, environment, aside))
        for written, final in staged:
            if kind_of(final) == "folder":
                set_aside(final)
            os.replace(written, final)
    finally:
        remove(aside)


def _stage(template: str, environment: str, aside: str) -> Iterator[tuple[str, str]]:
    number = 0
    for folder, _, _ in os.walk(template):
        inside = f"{environment}{folder[len(template) :]}"
        if inside != environment:
            ensure_folder(inside, above=environment)
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                continue
            number += 1
            written = f"{aside}/{number}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), written)
            else:
                mode = entry.stat().st_mode & 0o777
                write_file(written, read_file(entry.path) or b"", mode=mode)
            yield written, f"{inside}/{entry.name}"


def _set_mark(state: str, mark: str) -> None:
    for name in os.listdir(state):
        if name.startswith("edition"):
            remove(f"{state}/{name}")
    write_file(f"{state}/{mark}", b"")


__all__ = ["HomeError", "lay_environment", "main"]
