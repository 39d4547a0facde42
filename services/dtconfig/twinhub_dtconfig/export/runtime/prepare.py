"""Makes this twin ready for a phase: checks values, installs, fetches, binds, renders, builds.

    python3 -I lifecycle/twin/prepare.py PHASE

What is done is in plan.json beside this file. Only the standard library is used. Files that hold a
secret are written with mode 0600 into a folder in memory where there is one, with a link in their
place; run_phase.py removes both when the phase ends.
"""

from __future__ import annotations

import glob
import hashlib
import json
import math
import os
import re
import shutil
import subprocess  # it is what this program is for
import sys
import tempfile
from functools import partial
from pathlib import Path
from string import Template
from typing import IO, Any, Dict  # noqa: UP035  # as in Python 3.8

HERE = Path(__file__).resolve().parent
TWIN = HERE.parent.parent
KEPT = TWIN / ".twin"
SECRET_NAMES = re.compile(r"SECRETS_.*|SERVICES_.*_(PASSWORD|TOKEN)")
Plan = Dict[str, Any]  # noqa: UP006  # as in Python 3.8


class PreparationError(Exception):
    """The twin cannot be made ready; the text has a line for each reason."""


def put_in(text: str) -> str:
    """Return a text with ``${NAME}`` replaced by environment variables."""
    return Template(text).substitute(os.environ)


def check_values(plan: Plan, phase: str) -> None:
    """Refuse values that are missing or that a parameter may not have."""
    missing = [name for name in plan["needs"].get(phase, {}) if not os.environ.get(name)]
    faults = ["set {}: {}".format(name, plan["needs"][phase][name]) for name in missing]
    for name, parameter in plan["parameters"].items():
        text = os.environ.get(name)
        if text is not None and name not in missing:
            reason = refusal(parameter, text)
            if reason:
                faults.append(f"{name} cannot be {text!r}: give {reason}")
    if faults:
        raise PreparationError("\n".join(faults))


def refusal(parameter: Plan, text: str) -> str | None:
    """Return what a parameter wants instead of a value, or None if the value is right."""
    try:
        value = typed(parameter, text)
    except ValueError:
        words = {"integer": "a whole number", "boolean": "true or false"}
        return words.get(parameter["type"], "a number")
    if parameter["choices"] is not None and value not in parameter["choices"]:
        return "one of {}".format(", ".join(map(str, parameter["choices"])))
    if parameter["minimum"] is not None and value < parameter["minimum"]:
        return "at least {:g}".format(parameter["minimum"])
    if parameter["maximum"] is not None and value > parameter["maximum"]:
        return "at most {:g}".format(parameter["maximum"])
    return None


def typed(parameter: Plan, text: str) -> str | float | bool:
    """Return the value that a text is for a parameter."""
    if parameter["type"] == "text":
        return text
    if parameter["type"] == "boolean":
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    try:
        return int(text)
    except ValueError:
        if parameter["type"] == "integer" or not math.isfinite(float(text)):
            raise
        return float(text)


def install(environment: Plan) -> None:
    """Install what the twin needs, unless the same was installed before."""
    wanted = json.dumps(environment, sort_keys=True)
    if environment["requirements"]:
        wanted += (TWIN / environment["requirements"]).read_text(encoding="utf-8")
    stamp = KEPT / "installed"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    install_system(environment["system"])
    listed = environment["packages"]
    if environment["requirements"]:
        listed = ["-r", str(TWIN / environment["requirements"])]
    if listed:
        python = KEPT / "venv" / "bin" / "python"
        # the copy of Python that runs this is isolated from PYTHON* variables, its children are not
        run([environment["python"], "-m", "venv", "--system-site-packages", str(KEPT / "venv")])
        run([str(python), "-m", "pip", "install", "--quiet", *listed])
    KEPT.mkdir(exist_ok=True)
    stamp.write_text(wanted, encoding="utf-8")


def install_system(packages: list[str]) -> None:
    """Install Debian packages that are missing, where that is allowed without a question."""
    missing = [name for name in packages if not is_installed(name)]
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        if subprocess.run(["sh", "-c", "sudo -n true 2>/dev/null"], check=False).returncode:
            raise PreparationError(
                "install {}: sudo {}".format(", ".join(missing), " ".join(command))
            )
        command = ["sudo", "-n", *command]
    run(command)


def is_installed(package: str) -> bool:
    """Return whether a Debian package is installed."""
    name = package.partition("=")[0]
    query = ["dpkg-query", "-W", "-f", "${Status}", name]
    try:
        answer = subprocess.run(query, check=False, capture_output=True, text=True)
    except OSError:
        return False
    return answer.stdout.endswith("installed") and "not-installed" not in answer.stdout


def fetch(assets: list[Plan]) -> None:
    """Fetch files from the web that are not there yet, and compare their digests."""
    for asset in assets:
        target = Path(put_in(asset["to"]))
        if target.exists() or not str(target).startswith(str(KEPT)):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".part")
        try:
            with fresh.open("wb") as copy:
                digest = receive(asset["url"], copy)
        except OSError as error:
            raise PreparationError(f"{asset['url']} cannot be fetched: {error}") from error
        if asset["sha256"] and digest != asset["sha256"]:
            fresh.unlink()
            raise PreparationError("{} has not the digest {}".format(asset["url"], asset["sha256"]))
        fresh.replace(target)


def receive(url: str, copy: IO[bytes]) -> str:
    """Write what is at an address to a file; return its SHA-256."""
    import urllib.request  # noqa: PLC0415  # half of the time that this program takes to start

    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=60) as source:
        for block in iter(partial(source.read, 2**20), b""):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()


def bind(cosimulations: list[Plan], parameters: dict[str, Plan]) -> None:
    """Write files of co-simulations with the values of parameters put in."""
    for one in cosimulations:
        values = {
            variable: typed(parameters[name], os.environ[name])
            for name, variables in one["bind"].items()
            for variable in variables
        }
        text = bound_text(one, values)
        target = TWIN / one["to"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def bound_text(cosimulation: Plan, values: dict[str, Any]) -> str:
    """Return the text of one file with values put in, as its format has them."""
    file = TWIN / put_in(cosimulation["file"])
    if cosimulation["kind"] == "fmpy":
        return json.dumps({"filename": str(file), "start_values": values}, indent=2)
    try:
        if cosimulation["template"] is None:
            text = file.read_text(encoding="utf-8")
        else:
            text = put_in((TWIN / cosimulation["template"]).read_text(encoding="utf-8"))
        if cosimulation["kind"] != "maestro":
            return text
        model = json.loads(text)
    except (OSError, ValueError) as error:
        raise PreparationError(f"{file} is no multi-model: {error}") from error
    model.setdefault("parameters", {}).update(values)
    return json.dumps(model, indent=2)


def render(files: list[Plan], phase: str) -> None:
    """Write the files that are made before each phase."""
    links: list[str] = []
    secret_folder = None
    for file in files:
        text = file["text"]
        if text is None:
            text = (TWIN / file["template"]).read_text(encoding="utf-8")
        target = TWIN / file["to"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        mode = 0o700 if file["executable"] else 0o600
        if file["is_secret"]:
            if secret_folder is None:
                secret_folder = Path(tempfile.mkdtemp(prefix="twin-", dir=memory_folder()))
            kept = secret_folder / str(len(links))
            links.append(str(target))
            record_secrets(phase, secret_folder, links)
            write(kept, put_in(text), mode)
            if target.exists():
                target.unlink()
            target.symlink_to(kept)
        else:
            write(target, put_in(text), mode | 0o044 | (0o011 if file["executable"] else 0))


def memory_folder() -> str | None:
    """Return a folder that is kept in memory only, or None for the usual one."""
    shared = "/dev/shm"  # noqa: S108  # the folder in it has a name of its own
    return shared if os.access(shared, os.W_OK) else None


def record_secrets(phase: str, folder: Path, links: list[str]) -> None:
    """Keep where secrets are, before they are written, so that they are removed in any case."""
    (KEPT / "run").mkdir(parents=True, exist_ok=True)
    record = json.dumps([str(folder), *links])
    (KEPT / "run" / (f"{phase}.secrets")).write_text(record, encoding="utf-8")


def forget_secrets(phase: str) -> None:
    """Remove what was made of secrets for a phase that does not run after all."""
    record = KEPT / "run" / f"{phase}.secrets"
    if record.is_file():
        shutil.rmtree(json.loads(record.read_text(encoding="utf-8"))[0], ignore_errors=True)
        record.unlink()


def write(path: Path, text: str, mode: int) -> None:
    """Write a text to a file that has its mode from the beginning."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(str(path), flags, mode), "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)


def build(steps: list[Plan]) -> None:
    """Run each step whose outputs are missing or older than an input, in their order."""
    for step in steps:
        if is_built(step):
            continue
        print("twin: building {}".format(step["name"]), file=sys.stderr, flush=True)
        variables = {key: put_in(value) for key, value in step["variables"].items()}
        words = [put_in(word) for word in step["command"]]
        run(words, TWIN / step["folder"], variables, seconds=step["time_limit"])
        missing = [path for path in step["outputs"] if not matches(path)]
        if missing:
            raise PreparationError("{} did not make {}".format(step["name"], ", ".join(missing)))
        for path in step["outputs"]:
            for output in matches(path):
                os.utime(output)


def is_built(step: Plan) -> bool:
    """Return whether every output is there and none is older than an input."""
    outputs = [matches(path) for path in step["outputs"]]
    if not outputs or not all(outputs):
        return False
    oldest = min(os.stat(path).st_mtime_ns for found in outputs for path in found)
    inputs = [path for pattern in step["inputs"] for path in matches(pattern)]
    return all(os.stat(path).st_mtime_ns <= oldest for path in inputs)


def matches(pattern: str) -> list[str]:
    """Return the paths in the twin's folder that a pattern stands for."""
    return glob.glob(str(TWIN / pattern), recursive=True)


def run(
    command: list[str],
    folder: Path = TWIN,
    variables: dict[str, str] | None = None,
    *,
    seconds: float | None = None,
) -> None:
    """Run a command to its end, or say that it failed."""
    programs = "{}{}{}".format(
        KEPT / "venv" / "bin", os.pathsep, os.environ.get("PATH", os.defpath)
    )
    known = {key: value for key, value in os.environ.items() if not SECRET_NAMES.fullmatch(key)}
    known.update(PATH=programs, **(variables or {}))
    try:
        status = subprocess.run(
            command,
            check=False,
            cwd=str(folder),
            env=known,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise PreparationError(f"{command[0]} took longer than {seconds:g} seconds") from error
    except OSError as error:
        raise PreparationError(f"{command[0]} cannot be started: {error.strerror}") from error
    if status:
        raise PreparationError(f"{' '.join(command)} failed with status {status}")


def prepare(plan: Plan, phase: str) -> None:
    """Make the twin ready for a phase."""
    check_values(plan, phase)
    if phase in ("terminate", "clean"):
        return
    if phase == "create":
        install(plan["environment"])
        fetch(plan["fetched"])
    bind(plan["cosimulations"], plan["parameters"])
    try:
        render(plan["files"], phase)
        build(plan["build"])
    except BaseException:
        forget_secrets(phase)
        raise


def main(arguments: list[str]) -> int:
    """Prepare the phase that is named; return the exit status."""
    plan = json.loads((HERE / "plan.json").read_text(encoding="utf-8"))
    try:
        prepare(plan, arguments[0])
    except KeyError as error:
        print(f"twin: set {error.args[0]}", file=sys.stderr)
        return 2
    except PreparationError as error:
        for line in str(error).splitlines():
            print(f"twin: {line}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
