"""The proxy's npm packages, installed from a lock file into the installation's folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from twinhub_hub.files import write_public
from twinhub_hub.operate.errors import OperateError


def ensure_proxy(source: Path, folder: Path) -> bool:
    """Install what the lock names; return whether there was anything to do.

    Raises:
        OperateError: npm failed; carries the end of its output.
    """
    lock = (source / "package-lock.json").read_text("utf-8")
    stamp = folder / "installed.lock"
    if stamp.exists() and stamp.read_text("utf-8") == lock:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)  # until npm is through, nothing is installed
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(source / name, folder / name)
    tools = Path(sys.executable).parent
    path = f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [str(tools / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise OperateError(f"npm could not install the proxy:\n{tail}")
    write_public(stamp, lock)
    return True
