"""What the process mode needs: bubblewrap, and the Python environments that an image would have."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.files import write_public
from twinhub_hub.operate.errors import EngineError, OperateError

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context
    from twinhub_hub.operate.steps import Steps

_PROGRAMS = {"bwrap": "bubblewrap", "setpriv": "util-linux"}
_ENVIRONMENTS = {"server": "workspace.txt", "science": "science.txt"}


def missing_programs() -> None:
    """Return when the process mode can work here.

    Raises:
        EngineError: names what is missing and how to get it.
    """
    missing = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        raise EngineError(
            "Without a Docker engine TwinHub needs bubblewrap. Missing: "
            f"{', '.join(missing)}. Install with: sudo apt-get install {' '.join(missing)}, "
            "or get the engine with: make up ENGINE=install"
        )


def ensure_environments(context: Context, steps: Steps) -> None:
    """Make the server's and the scientific environment from their locks, unless they are current.

    Raises:
        OperateError: an installation failed; carries the end of its output.
    """
    root = context.installation.environments
    root.mkdir(parents=True, exist_ok=True)
    for name, lock_name in _ENVIRONMENTS.items():
        lock = (context.share / "requirements" / lock_name).read_text("utf-8")
        stamp = root / f"{name}.lock"
        if stamp.exists() and stamp.read_text("utf-8") == lock:
            continue
        steps.say(f"Process mode: installing the {name} environment")
        _install(root / name, context.share / "requirements" / lock_name)
        write_public(stamp, lock)


def _install(folder: Path, lock: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    python = str(folder / "bin" / "python")
    _run([uv, "pip", "install", "-q", "--compile-bytecode", "--python", python,
          "--require-hashes", "-r", str(lock)])  # fmt: skip
    if (folder / "bin" / "jupyterhub-singleuser").exists():
        # it compiles some 35 grammars at import, which would double the start-up time
        _run([uv, "pip", "uninstall", "-q", "--python", python, "rfc3987-syntax", "lark"])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise OperateError(f"`{' '.join(command[:4])} …` failed:\n{tail}")
