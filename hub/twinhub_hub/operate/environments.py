"""The process mode's programs: Python environments from the locks, laid out as the image has them.

Below ``environments`` each folder is named by a digest of what it is made from, is made aside and
renamed, and never changes afterwards. ``packages-…`` holds one installed lock; ``edition-…`` the
whole of ``/opt/twinhub`` (its packages are hard links) and the sandbox's part of ``/etc``;
``current`` names the edition that new workspaces get, while running ones keep theirs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.files import write_public
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.sandbox.command import PARTS, Sandbox, sandbox_command
from twinhub_hub.sandbox.edition import CURRENT, ENVIRONMENT_FILE
from twinhub_hub.sandbox.processes import find_sandboxes
from twinhub_hub.sandbox.recipe import copy_into, read_recipe, recipe_files
from twinhub_hub.sandbox.runs import find_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from twinhub_hub.apply.context import Context
    from twinhub_hub.operate.steps import Steps

_MEMBERS = ("extensions/lab", "services/api", "services/dtconfig")
_LOCKS = {"server": "workspace.txt", "science": "science.txt", "files": "files.txt"}
_PYTHON = Path("/usr/bin/python3")
_OLDEST = (3, 11)
_FINISH = "finish"
_OTHERS = ("Dockerfile", ".dockerignore", "install-environment", "extra-ca", "README.md")
"""Files of the image's folder that an edition is not made of; the Dockerfile is read apart."""

_SLOW_TO_IMPORT = ("rfc3987-syntax", "lark")
_TAIL_LINES = 15
_LONGEST_LOG_LINE = 120


@dataclass(frozen=True)
class _Sources:
    """What the environments are made from."""

    image: Path
    locks: Path
    share: Path
    python: str
    uid: int

    def packages(self, name: str) -> str:
        """Return the folder name of an installed lock."""
        lock = (self.locks / _LOCKS[name]).read_bytes()
        return f"packages-{name}-{_digest(lock, self.python.encode())}"

    def edition(self) -> str:
        """Return the folder name of the whole."""
        files = [
            *recipe_files(self.image, besides=_OTHERS),
            *(p for one in _MEMBERS for p in recipe_files(self.share / one, besides=_OTHERS)),
            self.image / "Dockerfile",
        ]
        parts = [part for path in files for part in (path.name.encode(), path.read_bytes())]
        packages = [self.packages(name).encode() for name in _LOCKS]
        here = Path(__file__).read_bytes()
        return f"edition-{_digest(*parts, *packages, str(self.uid).encode(), here)}"


def ensure_environments(context: Context, steps: Steps) -> None:
    """Make the edition that the locks and the image's files ask for, unless it is there.

    Raises:
        OperateError: this system's Python is too old, or a step failed; carries its last lines.
    """
    sources = _Sources(
        image=context.share / "images" / "workspace",
        locks=context.share / "requirements",
        share=context.share,
        python=_python_version(),
        uid=context.settings.uid,
    )
    root = context.installation.environments
    root.mkdir(parents=True, exist_ok=True)
    edition = sources.edition()
    with _only_one(root / ".lock"):
        if not (root / edition).is_dir():
            for name in _LOCKS:
                _ensure_packages(root, sources, name, steps)
            steps.say("Process mode: laying out the workspace")
            _assemble(root, sources, edition)
        _point(root / CURRENT, edition)
        editions = {one.edition.name for one in find_sandboxes(context.installation.homes)}
        editions |= {one.edition.name for one in find_runs(root)}
        _prune(root, {edition, CURRENT, *map(sources.packages, _LOCKS), *editions})


def _python_version() -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [str(_PYTHON), "-I", "-c", program], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise OperateError(
            f"Process mode needs Python at {_PYTHON}. Install it with: sudo apt-get install python3"
        ) from error
    version = done.stdout.strip()
    if tuple(map(int, version.split("."))) < _OLDEST:
        raise OperateError(
            f"Process mode needs Python 3.11 or later at {_PYTHON}, which is {version}: use "
            "Debian 12 or Ubuntu 24.04, or get the engine with: twinhub up --engine=install"
        )
    return version


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:12]


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Hold off a second `twinhub up`; the lock is gone with the process, however it ends."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _aside(root: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    folder.chmod(0o755)
    return folder


def _ensure_packages(root: Path, sources: _Sources, name: str, steps: Steps) -> None:
    final = root / sources.packages(name)
    if final.is_dir():
        return
    title = f"Process mode: {name} environment"
    steps.say(f"{title}: installing, which takes a minute")
    folder = _aside(root)
    uv = str(Path(sys.executable).with_name("uv"))
    python = str(folder / "bin" / "python")
    lock = str(sources.locks / _LOCKS[name])
    # relocatable: the folder's own path is written nowhere, for it is about to change
    _run([uv, "venv", "--relocatable", "--allow-existing", f"--python={_PYTHON}", str(folder)])

    def tell(line: str) -> None:
        if not line.startswith((" ", "Using ", "warning")):
            steps.say(f"{title}: {line[:_LONGEST_LOG_LINE]}")

    _run([uv, "pip", "install", f"--python={python}", "--require-hashes", "--compile-bytecode",
          f"--requirements={lock}"], tell=tell)  # fmt: skip
    if any(folder.glob("lib/python3.*/site-packages/rfc3987_syntax")):
        # as in the image: they compile some 35 grammars at import, a second of each start
        _run([uv, "pip", "uninstall", f"--python={python}", *_SLOW_TO_IMPORT])
    _run(["chmod", "-R", "a+rX", str(folder)])  # whatever the operator's umask is
    folder.rename(final)


def _assemble(root: Path, sources: _Sources, edition: str) -> None:
    folder = _aside(root)
    parts, etc = folder / "opt", folder / "etc"
    parts.mkdir()
    for name in _LOCKS:
        packages = root / sources.packages(name)
        _run(["cp", "--archive", "--link", "--no-target-directory", str(packages),
              str(parts / name)])  # fmt: skip
    recipe = read_recipe(sources.image / "Dockerfile")
    contexts = (sources.image, sources.share)
    copy_into(contexts, recipe.copies, {PARTS: parts, "/etc": etc})
    _bring_uv(parts / "bin" / "uv")
    _write_accounts(etc, sources.uid)
    environment = _fit(recipe.environment, sources.python)
    write_public(folder / ENVIRONMENT_FILE, json.dumps(environment, indent=1))
    _finish(sources, folder, environment)
    _run(["chmod", "-R", "a+rX", str(folder)])
    folder.rename(root / edition)


def _bring_uv(target: Path) -> None:
    """Lay the image's ``uv``, which is the one that installs the packages, too."""
    uv = Path(sys.executable).with_name("uv").resolve()
    try:
        target.hardlink_to(uv)
    except OSError:  # on another file system
        shutil.copy(uv, target)


def _write_accounts(etc: Path, uid: int) -> None:
    """Name the workspace's user as the image does, and nobody else of this host."""
    etc.mkdir(exist_ok=True)
    write_public(
        etc / "passwd",
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        f"twin:x:{uid}:{uid}::/home/twin:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    )
    write_public(etc / "group", f"root:x:0:\ntwin:x:{uid}:\nnogroup:x:65534:\n")


def _fit(environment: Mapping[str, str], python: str) -> dict[str, str]:
    """Return the image's variables for this host's Python, without files that it does not have."""
    images = f"python-{environment['TWINHUB_PYTHON']}"
    fitted = {key: value.replace(images, f"python-{python}") for key, value in environment.items()}
    fitted["TWINHUB_PYTHON"] = python
    return {
        key: value
        for key, value in fitted.items()
        if not value.startswith("/etc/") or Path(value).exists()
    }


def _finish(sources: _Sources, folder: Path, environment: Mapping[str, str]) -> None:
    """Run the image's last command on the new edition, at the path that it will have.

    It runs in the sandbox of a workspace, but with the edition writable: it changes nothing else.
    """
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as empty:
        places = {name: Path(empty, name) for name in ("home", "workspace", "common")}
        for place in places.values():
            place.mkdir()
        (places["workspace"] / "common").mkdir()
        sandbox = Sandbox(
            edition=folder,
            home=places["home"],
            private=places["workspace"],
            common=places["common"],
            uid=os.geteuid(),
            shared_memory=2**20,
        )
        command = sandbox_command(sandbox, [f"/tmp/{_FINISH}"], operator_uid=os.geteuid())  # noqa: S108
        at = command.index("--remount-ro")
        command[at:at] = [
            "--bind", str(folder / "opt"), PARTS,
            "--ro-bind", "/etc/skel", "/etc/skel",
            "--ro-bind", str(sources.image / _FINISH), f"/tmp/{_FINISH}",  # noqa: S108
        ]  # fmt: skip
        _run(command, environment=environment)


def _point(link: Path, target: str) -> None:
    if link.is_symlink() and str(link.readlink()) == target:
        return
    aside = link.with_name(f".new-{link.name}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)


def _prune(root: Path, keep: Collection[str]) -> None:
    """Remove what was left half-made, and earlier editions that nothing runs on."""
    for path in root.iterdir():
        if path.name in keep or not path.name.startswith((".new-", "packages-", "edition-")):
            continue
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)


def _run(
    command: list[str],
    *,
    environment: Mapping[str, str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Run a step, telling each line as it comes; it dies with this process."""
    lines: deque[str] = deque(maxlen=_TAIL_LINES)
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        umask=0o022, env=None if environment is None else {**environment},
    ) as step:  # fmt: skip
        for line in step.stdout or ():
            lines.append(line)
            if tell is not None:
                tell(line.rstrip())
    if step.returncode != 0:
        said = "".join(lines)
        raise OperateError(f"`{Path(command[0]).name} {' '.join(command[1:3])} …` failed:\n{said}")
