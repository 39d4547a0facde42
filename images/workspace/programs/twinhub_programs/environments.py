"""``twinhub-env``: Python environments in the home, each with a kernel in JupyterLab's launcher.

They outlive restarts and new images. One whose Python went with an earlier image is shown, and
mended with the same packages.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from twinhub_programs.homefiles import HomeError, ensure_folder, kind_of, read_file, remove, say
from twinhub_programs.homefiles import write_file as write

if TYPE_CHECKING:
    from collections.abc import Sequence

UV = "/opt/twinhub/bin/uv"
_LAUNCHER = "/opt/twinhub/bin/twinhub-kernel"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SCIENCE = "twinhub-science.pth"
_DISTRIBUTION = re.compile(r"([A-Za-z0-9._]+)-([^-]+)\.dist-info")
_NEEDED = ("ipykernel", "pip")


def main(arguments: list[str]) -> int:
    """Do what the arguments say; exit status 1 tells that it did not work."""
    parser = _parser()
    given, more = parser.parse_known_args(arguments)
    # argparse leaves over what comes behind an option
    if more and (given.do is not _create or any(word.startswith("-") for word in more)):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if more:
        given.packages += more
    os.umask(0o022)
    try:
        given.do(given)
    except (OSError, subprocess.CalledProcessError) as error:
        failed = isinstance(error, subprocess.CalledProcessError)
        say("uv could not do it, see above" if failed else str(error))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twinhub-env", description="Python environments that stay, each with a kernel."
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make one, and its kernel")
    create.add_argument("name", type=_name)
    create.add_argument("packages", nargs="*", help="requirements as for pip")
    create.add_argument("--python", help="a version such as 3.12, or a path")
    create.add_argument("--with-science", action="store_true",
                        help="on top of NumPy, SciPy and the others of this image")  # fmt: skip
    create.set_defaults(do=_create)
    shown = actions.add_parser("list", help="show them, and which are broken")
    shown.set_defaults(do=_list)
    repair = actions.add_parser("repair", help="make one anew with the packages that it had")
    repair.add_argument("name", type=_name)
    repair.add_argument("--python", help="a version such as 3.12, or a path")
    repair.set_defaults(do=_repair)
    gone = actions.add_parser("remove", help="remove one and its kernel")
    gone.add_argument("name", type=_name)
    gone.set_defaults(do=_remove)
    return parser


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name for an environment: take up to 40 of a-z, 0-9, _ and -"
        )
    return text


def folder_of(name: str = "") -> str:
    """Return where an environment is, or all of them are."""
    return f"{os.environ['HOME']}/.local/share/twinhub/environments/{name}".rstrip("/")


def _kernel_of(name: str) -> str:
    return f"{os.environ['HOME']}/.local/share/jupyter/kernels/twinhub-{name}"


def _create(given: argparse.Namespace) -> None:
    folder = folder_of(given.name)
    if kind_of(folder) != "nothing":
        raise HomeError(f"there is a {given.name} already: remove it first, or take another name")
    _make(given.name, given.packages, python=given.python, on_science=given.with_science)
    say(f"{given.name} is ready: choose its kernel in JupyterLab, or type: "
        f". {folder}/bin/activate")  # fmt: skip


def _make(name: str, packages: Sequence[str], *, python: str | None, on_science: bool) -> None:
    folder = folder_of(name)
    os.makedirs(f"{os.environ['HOME']}/.local/share", exist_ok=True)
    ensure_folder(folder_of(), above=f"{os.environ['HOME']}/.local/share")
    own = f"/usr/bin/python{os.environ['TWINHUB_PYTHON']}"
    try:
        _uv("venv", "--quiet", "--python", python or own, "--prompt", name, "--", folder)
        if on_science:
            _stand_on_science(folder)
        wanted = [*packages] if on_science else [*_NEEDED, *packages]
        if wanted:
            _uv("pip", "install", "--python", f"{folder}/bin/python", "--", *wanted)
        _write_kernel(name, folder)
    except BaseException:
        remove(folder)
        raise


def _uv(*arguments: str) -> None:
    # an environment that happens to be active in the terminal is not the one that is meant
    variables = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "CONDA_PREFIX"}}
    subprocess.run([UV, *arguments], env=variables, check=True, stdin=subprocess.DEVNULL)


def _stand_on_science(folder: str) -> None:
    (library,) = [e.path for e in os.scandir(f"{folder}/lib") if e.name.startswith("python")]
    version = os.path.basename(library)
    if version != f"python{os.environ['TWINHUB_PYTHON']}":
        raise HomeError(
            f"--with-science goes with Python {os.environ['TWINHUB_PYTHON']} only, which the "
            "scientific packages of this image are for"
        )
    line = f"import site; site.addsitedir('/opt/twinhub/science/lib/{version}/site-packages')\n"
    write(f"{library}/site-packages/{_SCIENCE}", line.encode())


def _write_kernel(name: str, folder: str) -> None:
    os.makedirs(os.path.dirname(_kernel_of(name)), exist_ok=True)
    ensure_folder(_kernel_of(name), above=os.path.dirname(_kernel_of(name)))
    spec = {
        "argv": [_LAUNCHER, name, "{connection_file}"],
        "display_name": f"{name} (Python {_version(folder)})",
        "language": "python",
        "metadata": {"debugger": True},
    }
    write(f"{_kernel_of(name)}/kernel.json", json.dumps(spec, indent=1).encode())


def _version(folder: str) -> str:
    text = (read_file(f"{folder}/pyvenv.cfg") or b"").decode("utf-8", "replace")
    found = re.search(r"^version(?:_info)? = (\d+\.\d+)", text, re.MULTILINE)
    return found[1] if found else "?"


def is_broken(folder: str) -> bool:
    """Tell whether the environment's Python is gone."""
    return not os.access(f"{folder}/bin/python", os.X_OK)


def _names() -> list[str]:
    if kind_of(folder_of()) != "folder":
        return []
    names = [entry.name for entry in os.scandir(folder_of()) if entry.is_dir(follow_symlinks=False)]
    return sorted(name for name in names if _NAME.fullmatch(name))


def _list(_given: argparse.Namespace) -> None:
    for name in _names():
        folder = folder_of(name)
        state = f"has lost its Python: twinhub-env repair {name}" if is_broken(folder) else folder
        sys.stdout.write(f"{name}  Python {_version(folder)}  {state}\n")


def _require(name: str) -> str:
    folder = folder_of(name)
    if kind_of(folder) != "folder":
        others = ", ".join(_names()) or "none yet"
        raise HomeError(f"there is no environment {name}. There are: {others}")
    return folder


def _repair(given: argparse.Namespace) -> None:
    folder = _require(given.name)
    aside = folder_of(f".before-repair-{given.name}")
    packages, on_science = _packages(folder)
    remove(aside)
    os.rename(folder, aside)
    try:
        _make(given.name, packages, python=given.python, on_science=on_science)
    except BaseException:
        os.rename(aside, folder)
        raise
    remove(aside)
    say(f"{given.name} is whole again, with {len(packages)} packages")


def _packages(folder: str) -> tuple[list[str], bool]:
    """Return what is installed, without asking its Python, and whether it stands on science."""
    packages, on_science = [], False
    for library in os.scandir(f"{folder}/lib") if kind_of(f"{folder}/lib") == "folder" else ():
        site = f"{library.path}/site-packages"
        if kind_of(site) == "folder":
            names = sorted(os.listdir(site))
            found = [match for name in names if (match := _DISTRIBUTION.fullmatch(name))]
            packages += [f"{match[1].replace('_', '-')}=={match[2]}" for match in found]
            on_science = on_science or _SCIENCE in names
    return packages, on_science


def _remove(given: argparse.Namespace) -> None:
    remove(_require(given.name))
    remove(_kernel_of(given.name))
    say(f"{given.name} is gone")
