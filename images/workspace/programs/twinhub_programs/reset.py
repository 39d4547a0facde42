"""``twinhub-reset``: begin anew with the packages, the settings or the dotfiles of a home.

Everything is moved, by renaming within the home, to a folder of its own: nothing is lost, and no
space is needed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from twinhub_programs.defaults import RECORD, read_record, write_record
from twinhub_programs.homefiles import HomeError, ensure_folder, kind_of, remove, say

PARTS = ("environment", "settings", "dotfiles")
_SETTINGS = (
    ".jupyter", ".ipython", ".local/share/jupyter/nbconvert", ".local/share/jupyter/runtime",
    ".config/pip", ".config/uv", ".config/matplotlib", ".config/code-server",
    ".local/share/code-server/User", ".config/xfce4", ".config/twinhub",
)  # fmt: skip
"""What programs of a workspace read when they start, and what keeps a kernel from starting."""

_HELP = {
    "environment": "packages that you installed with pip",
    "settings": "settings of JupyterLab, kernels and editors, and the start hook",
    "dotfiles": "files such as ~/.bashrc that the image brings",
}
_IMAGE = "/opt/twinhub"


def main(arguments: list[str]) -> int:
    """Reset the parts that are named, or all, after a question."""
    parser = argparse.ArgumentParser(
        prog="twinhub-reset",
        description="Begin anew. What is there is moved to ~/.local/share/twinhub/before-reset-…,"
        " which needs no space; remove that folder when you miss nothing.",
    )
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true", help=_HELP[part])
    parser.add_argument("--yes", action="store_true", help="do not ask")
    given = parser.parse_args(arguments)
    parts = [part for part in PARTS if getattr(given, part)] or list(PARTS)
    if not (given.yes or _is_confirmed(parts)):
        say("nothing was changed")
        return 1
    try:
        reset(parts)
    except OSError as error:
        say(f"the reset did not come to its end: {error}")
        return 1
    return 0


def reset(parts: list[str]) -> None:
    """Move the parts away and lay what the image brings.

    Raises:
        OSError: a part could not be moved.
    """
    home, environment = os.environ["HOME"], os.environ["TWINHUB_ENVIRONMENT"]
    state = f"{home}/.local/share/twinhub"
    paths = {
        "environment": [environment],
        "settings": [f"{home}/{name}" for name in _SETTINGS],
        "dotfiles": _dotfiles(home),
    }
    kept = f"{state}/before-reset-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    os.makedirs(f"{home}/.local/share", exist_ok=True)
    ensure_folder(kept, above=f"{home}/.local/share")
    moved = [path for part in parts for path in paths[part] if _move(path, home, kept)]
    if not moved:
        os.rmdir(kept)
    say(f"moved to {kept}: {', '.join(moved)}" if moved else "there was nothing to move")
    if "dotfiles" in parts:
        _forget_defaults(state)
    if parts != ["settings"]:
        _prepare_again(state)
    say("done. Kernels and terminals that are open keep what they have loaded: start them again")


def _is_confirmed(parts: list[str]) -> bool:
    sys.stderr.write(f"Begin anew with: {', '.join(parts)}? Type yes: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def _dotfiles(home: str) -> list[str]:
    names = [path.partition("/") for path in read_record(f"{_IMAGE}/digests")]
    return [f"{home}/{name}" for area, _, name in names if area == "skel"]


def _move(path: str, home: str, kept: str) -> bool:
    if kind_of(path) == "nothing":
        return False
    target = f"{kept}/{path[len(home) + 1 :]}"
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.rename(path, target)
    return True


def _forget_defaults(state: str) -> None:
    record = read_record(f"{state}/{RECORD}")
    kept = {path: digests for path, digests in record.items() if not path.startswith("skel/")}
    try:
        # An empty record would be taken for a home of an image that kept none.
        write_record(f"{state}/{RECORD}", kept or {"none": ["0"]})
    except OSError as error:
        say(f"the defaults come with the next change of the image: {error}")


def _prepare_again(state: str) -> None:
    for name in os.listdir(state):
        if name.startswith("edition"):
            remove(f"{state}/{name}")
    with open(f"{_IMAGE}/edition", "rb") as file:
        edition = file.read().decode().strip()
    off = os.environ.get("INCLUDE_TUTORIALS", "true").lower() == "false"
    mark = f"edition-{edition}-without-tutorials" if off else f"edition-{edition}"
    program = [sys.executable, "-I", "-S", f"{_IMAGE}/programs/run.py", "prepare"]
    done = subprocess.run(program, env={**os.environ, "TWINHUB_MARK": mark}, check=False)
    if done.returncode:
        raise HomeError("what the image brings could not be laid. Make room and start again")
