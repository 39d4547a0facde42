"""Files in a home, read and written so that nothing that lies there hangs or leads elsewhere.

A link in the last place of a path is never followed, a FIFO or device never waited for, a file is
written aside and renamed, and what is read has a bound. Links among the folders *above* are the
user's own arrangement; :func:`ensure_folder` refuses one where TwinHub keeps its own files.
"""

from __future__ import annotations

import os
import stat

READ_LIMIT = 2**20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class HomeError(OSError):
    """Something in the home is not what it has to be."""


def say(text: str) -> None:
    """Tell the user and the operator, in the log of the workspace or in the terminal."""
    os.write(2, f"TwinHub: {text}\n".encode("utf-8", "replace"))


def kind_of(path: str) -> str:
    """Return ``file``, ``folder``, ``link``, ``nothing`` or ``other``."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


def read_file(path: str, *, limit: int = READ_LIMIT) -> bytes | None:
    """Return the content of a regular file, or nothing for all else and above the limit."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)


def write_file(path: str, content: bytes, *, mode: int = 0o644) -> None:
    """Put a file in its place at once; what was there is replaced, a folder moved aside."""
    if kind_of(path) == "folder":
        set_aside(path)
    aside = f"{path}.twinhub-{os.getpid()}"
    remove(aside)
    try:
        with open(os.open(aside, _NEW, mode), "wb") as file:
            file.write(content)
        os.replace(aside, path)
    except OSError:
        remove(aside)
        raise


def ensure_folder(path: str, *, above: str) -> None:
    """Make the folders from ``above`` down to a path that lies below it.

    What is no folder is moved aside.

    Raises:
        HomeError: a link to a folder stands there, which is somebody's own arrangement.
    """
    at = above
    for name in os.path.relpath(path, above).split(os.sep):
        at = os.path.join(at, name)
        found = kind_of(at)
        if found == "link" and os.path.isdir(at):
            raise HomeError(f"{at} is a link, through which nothing is written: put a folder there")
        if found in {"file", "link", "other"}:
            set_aside(at)
        if found != "folder":
            os.mkdir(at)


def set_aside(path: str) -> None:
    """Give what is in the way another name beside."""
    aside = f"{path}.set-aside-{os.getpid()}"
    os.rename(path, aside)
    say(f"{path} was in the way and is now {aside}")


def remove(path: str) -> None:
    """Remove a file, link, FIFO or whole folder, and nothing that a link in it leads to."""
    found = kind_of(path)
    if found == "folder":
        for name in os.listdir(path):
            remove(f"{path}/{name}")
        os.rmdir(path)
    elif found != "nothing":
        os.unlink(path)
