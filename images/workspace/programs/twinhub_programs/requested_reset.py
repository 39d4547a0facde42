"""A reset that is asked for by a file, for a workspace in which neither kernel nor terminal starts.

``/workspace/twinhub-reset`` holds words of ``environment settings dotfiles``, or nothing for all.
It can be made in the file browser, and is gone once it was read.
"""

from __future__ import annotations

from twinhub_programs.homefiles import kind_of, read_file, remove, say
from twinhub_programs.reset import PARTS, reset

REQUEST = "/workspace/twinhub-reset"


def main(_arguments: list[str]) -> int:
    """Do what the file asks for."""
    if kind_of(REQUEST) != "file":  # a folder of the user's, which has that name for another reason
        return 1
    words = (read_file(REQUEST, limit=1000) or b"?").decode("utf-8", "replace").split()
    try:
        remove(REQUEST)
        if unknown := [word for word in words if word not in PARTS]:
            say(f"{REQUEST} asks for {unknown[0]!r}: it may name {', '.join(PARTS)}")
            return 1
        reset(words or list(PARTS))
    except OSError as error:
        say(f"the reset that {REQUEST} asks for did not come to its end: {error}")
        return 1
    return 0
