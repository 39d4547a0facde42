"""``.twinignore``: which files stay out of archives, of what is published, and of what is synced.

The rules are those of gitignore(5), of one file in each folder for what is below it; a few names
are left out without being named. Matching takes no longer than pattern times name, whatever
somebody has written, see `wildmatch`.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from twinhub_kit.files.walking import walk

from twinhub_library.wildmatch import match_path, read_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twinhub_kit.files.walking import Found

    from twinhub_library.wildmatch import Rule

FILE = ".twinignore"
ALWAYS = (".git", ".twinhub-*")
"""Never taken, whatever a file says."""
BY_DEFAULT = ("__pycache__/", ".ipynb_checkpoints/", ".DS_Store")
"""Left out unless a file takes them in again by ``!``."""

_MOST_BYTES = 1 << 16
_MOST_RULES = 1000


class Ignoring:
    """The rules of one file, for paths from the folder that it is in."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Use rules, of which the last that matches decides."""
        self._rules = tuple(rules)

    @classmethod
    def parse(cls, text: str) -> Ignoring:
        """Return the rules of a file's text; lines that are no pattern match nothing."""
        rules = [read_rule(line) for line in text.splitlines()[:_MOST_RULES]]
        return cls([one for one in rules if one is not None])

    def decide(self, names: Sequence[str], *, is_folder: bool) -> bool | None:
        """Return whether a path is left out; None where no rule says anything of it.

        The folders that it is in are not looked at: nothing is below what is left out.
        """
        for rule in reversed(self._rules):
            if (is_folder or not rule.folders_only) and match_path(rule.parts, names):
                return not rule.takes
        return None

    def ignores(self, path: str, *, is_folder: bool = False) -> bool:
        """Return whether a path is left out, by itself or by a folder that it is in."""
        names = path.strip("/").split("/")
        return any(
            self.decide(names[:end], is_folder=is_folder or end < len(names))
            for end in range(1, len(names) + 1)
        )


_BUILT_IN = Ignoring.parse("\n".join(BY_DEFAULT))
_FIXED = Ignoring.parse("\n".join(ALWAYS))


def walk_kept(folder: int) -> Iterator[Found]:
    """Go through all below an open folder but what ``.twinignore`` leaves out, see `walk`."""
    rules: dict[tuple[str, ...], Ignoring | None] = {(): _load(folder)}

    def keeps(found: Found) -> bool:
        return not _is_left_out(found, rules)

    for found in walk(folder, keeps):
        if not keeps(found):
            continue
        if found.is_folder:
            rules[found.names] = _load_in(found)
        yield found


def _is_left_out(found: Found, rules: dict[tuple[str, ...], Ignoring | None]) -> bool:
    if _FIXED.decide(found.names, is_folder=found.is_folder):
        return True
    for depth in range(len(found.names) - 1, -1, -1):
        of_folder = rules.get(found.names[:depth])
        if of_folder is None:
            continue
        decided = of_folder.decide(found.names[depth:], is_folder=found.is_folder)
        if decided is not None:
            return decided
    return bool(_BUILT_IN.decide(found.names, is_folder=found.is_folder))


def _load_in(found: Found) -> Ignoring | None:
    try:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(found.names[-1], flags, dir_fd=found.folder)
    except OSError:
        return None  # it has ended meanwhile, and nothing of it will be found
    try:
        return _load(folder)
    finally:
        os.close(folder)


def _load(folder: int) -> Ignoring | None:
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(FILE, flags, dir_fd=folder)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None
        return Ignoring.parse(os.read(file, _MOST_BYTES).decode(errors="replace"))
    finally:
        os.close(file)
