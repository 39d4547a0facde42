"""``twinhub-exec``: run code as a job, without a server, in an environment made for it."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass

from twinhub_programs.children import Children, Stopped
from twinhub_programs.homefiles import kind_of, read_file, remove, say, write_file
from twinhub_programs.sources import (
    GIT_ENVIRONMENT,
    SourceError,
    git_commands,
    inside,
    parse_git_url,
)  # fmt: skip

UV = "/opt/twinhub/bin/uv"
_PROGRAMS = "/opt/twinhub/programs/run.py"
_SERVER_PYTHON = "/opt/twinhub/server/bin/python"
_SCIENCE = "/opt/twinhub/science"
_UNPREPARED = 125
_TIMED_OUT = 124
_PREPARATION_SECONDS = 1800
_MAIN = "__main__.py"
_KINDS = (".py", ".ipynb", ".sh")
_DESCRIPTION = """\
Run a .py, .ipynb or .sh file, or a folder or git repository with a __main__.py, as a job.
What it needs is installed first, in an environment that is gone afterwards: setup.sh is run, then
requirements.txt or pyproject.toml is installed on top of the image's scientific packages.
A git repository is given as git+https://HOST/PATH[@REF][#subdirectory=FOLDER]."""
_EPILOG = """\
The exit code is the job's own; 124 when its time was up, 125 when it could not be prepared,
2 when the command is wrong, 128 + N when signal N ended it."""


class _PreparationError(Exception):
    """The job cannot begin."""


@dataclass(frozen=True)
class _Job:
    """What runs, and where."""

    folder: str
    """The folder whose requirements count."""
    file: str
    work_in: str


def main(arguments: list[str]) -> int:
    """Run the job that the arguments name and return its exit status."""
    given = _parse(arguments)
    children = Children()
    scratch = tempfile.mkdtemp(prefix="twinhub-exec-")
    try:
        with children.listening():
            return _Execution(given, children, scratch).run()
    except (_PreparationError, SourceError) as error:
        say(str(error))
        return _UNPREPARED
    except subprocess.TimeoutExpired as error:
        say(f"time is up: the job was ended after {error.timeout:g} seconds")
        return _TIMED_OUT
    except Stopped as error:
        return error.status
    finally:
        remove(scratch)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="twinhub-exec", description=_DESCRIPTION, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--requirements-only", action="store_true", help="install, and run nothing")
    only.add_argument("--code-only", action="store_true", help="run, and install nothing")
    kept = "make the environment there and keep it, or use the one that is there"
    parser.add_argument("--environment", metavar="FOLDER", help=kept)
    parser.add_argument("--output", metavar="FILE", help="where the notebook goes with its results")
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="end the job after")
    parser.add_argument("code", help="a path, or a git URL")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on to the code")
    return parser.parse_args(arguments)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 10**9:
        raise argparse.ArgumentTypeError(f"{text} is no time: a number of seconds above 0 is")
    return seconds


class _Execution:
    """The steps of one job."""

    def __init__(self, given: argparse.Namespace, children: Children, scratch: str) -> None:
        self._given = given
        self._children = children
        self._scratch = scratch
        self._variables = {k: v for k, v in os.environ.items() if k != "CONDA_PREFIX"}
        if not os.access(os.environ.get("HOME", ""), os.W_OK):
            self._variables["UV_CACHE_DIR"] = f"{scratch}/cache"

    def run(self) -> int:
        """Do all of them."""
        job = self._find()
        self._make_environment()
        if not self._given.code_only:
            self._install(job)
        if self._given.requirements_only:
            say("what the code needs could be installed")
            return 0
        return self._children.run_job(
            self._command(job), folder=job.work_in, environment=self._variables,
            seconds=self._given.timeout,
        )  # fmt: skip

    def _find(self) -> _Job:
        path = self._path()
        if os.path.isdir(path):
            main_file = f"{path}/{_MAIN}"
            if not (os.path.isfile(main_file) or self._given.requirements_only):
                raise _PreparationError(f"{path} has no {_MAIN}, which is what would be run")
            return _Job(path, main_file, path)
        if not os.path.isfile(path):
            raise _PreparationError(f"there is no file or folder {self._given.code}")
        folder = os.path.dirname(path)
        if not path.endswith(_KINDS):
            raise _PreparationError(f"{path} is not run: files of {', '.join(_KINDS)} are")
        is_notebook = path.endswith(".ipynb")
        if is_notebook and self._given.arguments:
            raise _PreparationError("a notebook takes no arguments: give it environment variables")
        return _Job(folder, path, folder if is_notebook else os.getcwd())

    def _path(self) -> str:
        source = parse_git_url(self._given.code)
        if source is None:
            return os.path.abspath(str(self._given.code))
        checkout = f"{self._scratch}/code"
        os.mkdir(checkout)
        say(f"fetching {source.ref} of {source.shown}")
        for command in git_commands(source, checkout):
            self._step(
                command, self._scratch, f"{source.shown} could not be fetched", GIT_ENVIRONMENT
            )
        return inside(checkout, source.subdirectory)

    def _make_environment(self) -> None:
        folder = os.path.abspath(self._given.environment or f"{self._scratch}/environment")
        python = f"/usr/bin/python{os.environ['TWINHUB_PYTHON']}"
        if not os.access(f"{folder}/bin/python", os.X_OK):
            self._step([UV, "venv", "--quiet", "--no-project", "--python", python, "--", folder],
                       self._scratch, f"no environment could be made in {folder}")  # fmt: skip
            library = f"lib/python{os.environ['TWINHUB_PYTHON']}/site-packages"
            line = f"import site; site.addsitedir('{_SCIENCE}/{library}')\n"
            write_file(f"{folder}/{library}/twinhub-science.pth", line.encode())
        self._variables |= {
            "VIRTUAL_ENV": folder,
            "PATH": f"{folder}/bin:{self._variables['PATH']}",
            "JUPYTER_RUNTIME_DIR": f"{self._scratch}/runtime",
        }

    def _install(self, job: _Job) -> None:
        folder = job.folder
        names = {name for name in os.listdir(folder) if kind_of(f"{folder}/{name}") != "folder"}
        if "environment.yml" in names:
            say("environment.yml is for conda, which is not here, and is not used: list the "
                "packages in requirements.txt")  # fmt: skip
            if not names & {"requirements.txt", "pyproject.toml", "setup.sh"}:
                raise _PreparationError(
                    "nothing else says what the code needs. --code-only runs it"
                )
        if "setup.sh" in names:
            self._step(["/bin/bash", f"{folder}/setup.sh"], folder, "setup.sh failed")
        wanted = self._wanted(folder, names)
        if wanted and not self._is_satisfied(wanted):
            self._step(self._uv_install(*wanted), folder, "what the code needs was not installed")

    def _wanted(self, folder: str, names: set[str]) -> list[str]:
        if "requirements.txt" in names:
            return ["--requirements", f"{folder}/requirements.txt"]
        if "pyproject.toml" not in names:
            return []
        try:
            project = tomllib.loads((read_file(f"{folder}/pyproject.toml") or b"").decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise _PreparationError(f"{folder}/pyproject.toml: {error}") from error
        if "build-system" in project:
            return ["--", folder]
        if "project" in project:
            return ["--requirements", f"{folder}/pyproject.toml"]
        return []

    def _uv_install(self, *arguments: str) -> list[str]:
        python = f"{self._variables['VIRTUAL_ENV']}/bin/python"
        return [UV, "pip", "install", "--quiet", "--python", python, *arguments]

    def _is_satisfied(self, wanted: list[str]) -> bool:
        """Tell whether the scientific packages are all that is wanted: then nothing is fetched."""
        if wanted[0] == "--":
            return False
        done = subprocess.run(
            [UV, "pip", "install", "--offline", "--dry-run", "--python", f"{_SCIENCE}/bin/python",
             *wanted], capture_output=True, text=True, env=self._variables, check=False,
            stdin=subprocess.DEVNULL, timeout=_PREPARATION_SECONDS,
        )  # fmt: skip
        return done.returncode == 0 and "Would make no changes" in done.stderr

    def _command(self, job: _Job) -> list[str]:
        if job.file.endswith(".ipynb"):
            python = f"{self._variables['VIRTUAL_ENV']}/bin/python"
            output = os.path.abspath(self._given.output) if self._given.output else ""
            return [_SERVER_PYTHON, "-I", _PROGRAMS, "notebook", job.file, python, output]
        program = "/bin/bash" if job.file.endswith(".sh") else "python"
        return [program, job.file, *self._given.arguments]

    def _step(
        self, command: list[str], folder: str, failure: str, extra: dict[str, str] | None = None
    ) -> None:
        status = self._children.prepare(
            command, folder=folder, environment={**self._variables, **(extra or {})},
            seconds=_PREPARATION_SECONDS,
        )  # fmt: skip
        if status:
            raise _PreparationError(f"{failure} (exit code {status}), see above")
