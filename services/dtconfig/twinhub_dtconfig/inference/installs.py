"""Packages that scripts install, as the twin's environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.inference.guesses import Findings
    from twinhub_dtconfig.inference.reading import TwinFolder
    from twinhub_dtconfig.inference.shell import Script

_REQUIREMENT = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?(?:\[[\w,.-]+\])?(?:[<>=!~]=?[\w.*,<>=!~]+)?"
)
_DEBIAN = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]{1,98})(?:=\S+)?")
_JDK = re.compile(r"openjdk-(?P<version>\d{1,2})-j(?:re|dk)(?:-headless)?")
_PIP = re.compile(r"pip[\d.]*")
_PYTHON = re.compile(r"python(?P<version>[\d.]*)")
_WITH_VALUE = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-c", "--constraint", "-t", "--target", "-f", "-e",
     "--find-links", "--trusted-host", "--prefix", "--root", "--editable", "-o"}
)  # fmt: skip
_TOOLCHAINS = {
    "build-essential": "c", "gcc": "c", "make": "c", "cmake": "cmake", "cargo": "rust",
    "rustc": "rust", "maven": "maven", "gradle": "gradle", "omc": "openmodelica",
}  # fmt: skip


def guess_environment(scripts: list[Script], folder: TwinFolder, findings: Findings) -> None:
    """Guess packages, Java, toolchains and the Python version from what scripts call."""
    installs = _Installs()
    for script in scripts:
        for line in script.lines:
            for words in line.commands():
                installs.read(words, f"{script.path}:{line.number}")
    installs.report(folder, findings)


class _Installs:
    """What install commands name, each with the place that names it first."""

    def __init__(self) -> None:
        self.packages: dict[str, str] = {}
        self.requirements: dict[str, str] = {}
        self.system: dict[str, str] = {}
        self.python: dict[str, str] = {}

    def read(self, words: list[str], place: str) -> None:
        """Take in one command."""
        words = list(_without_prefix(words))
        python = _PYTHON.fullmatch(words[0]) if words else None
        if python and python["version"].startswith("3."):
            self.python.setdefault(python["version"], place)
        if python and words[1:2] == ["-m"]:
            words = words[2:]
        if "install" not in words[1:4]:
            return
        arguments = words[words.index("install") + 1 :]
        if _PIP.fullmatch(words[0].rpartition("/")[2]):
            self._read_pip(arguments, place)
        elif words[0] in {"apt", "apt-get", "aptitude"}:
            for word in arguments:
                package = _DEBIAN.fullmatch(word)
                if package:
                    self.system.setdefault(package["name"], place)

    def _read_pip(self, arguments: list[str], place: str) -> None:
        left = iter(arguments)
        for word in left:
            if word in {"-r", "--requirement"}:
                self.requirements.setdefault(next(left, ""), place)
            elif word.startswith("-r") and len(word) > len("-r"):
                self.requirements.setdefault(word.removeprefix("-r"), place)
            elif word in _WITH_VALUE:
                next(left, None)
            elif _REQUIREMENT.fullmatch(word) and word not in {"pip", "setuptools", "wheel"}:
                self.packages.setdefault(word, place)

    def report(self, folder: TwinFolder, findings: Findings) -> None:
        """Make guesses of what was read."""
        self._report_python(folder, findings)
        for package, place in self.system.items():
            jdk = _JDK.fullmatch(package)
            why = f"{place} installs {package}"
            if jdk:
                findings.put(("environment", "java"), int(jdk["version"]), why, "certain")
        system = [
            x for x in self.system if not _JDK.fullmatch(x) and x not in {"sudo", *_TOOLCHAINS}
        ]
        if system:
            places = ", ".join(sorted({self.system[name] for name in system}))
            findings.put(("environment", "system"), [*system], f"installed by {places}", "likely")
        chains = [*dict.fromkeys(_TOOLCHAINS[name] for name in self.system if name in _TOOLCHAINS)]
        if chains:
            places = ", ".join(sorted({self.system[x] for x in self.system if x in _TOOLCHAINS}))
            why = f"{places} installs them"
            findings.put(("environment", "toolchains"), [*chains], why, "likely")

    def _report_python(self, folder: TwinFolder, findings: Findings) -> None:
        for version, place in self.python.items():
            why = f"{place} calls python{version}"
            findings.put(("environment", "python"), version, why, "likely")
        found = [
            path for name in self.requirements for path in _candidates(name) if path in folder.files
        ]
        for name, place in self.requirements.items() if not found else ():
            path, _, line = place.rpartition(":")
            what = (
                f"{name} is not in the twin's folder, so the packages that it lists are not known"
            )
            findings.note(path, int(line), what, "list them under environment, in `packages`")
        if not found and "requirements.txt" in folder.files and not self.packages:
            why = "the file is there, though no script installs it"
            findings.put(("environment", "requirements"), "requirements.txt", why, "likely")
        if found:
            why = f"{next(iter(self.requirements.values()))} installs what it lists"
            findings.put(("environment", "requirements"), found[0], why, "certain")
            self._note_left_out(findings, found[0])
        elif self.packages:
            places = ", ".join(sorted(set(self.packages.values())))
            why = f"installed by {places}"
            findings.put(("environment", "packages"), [*self.packages], why, "certain")

    def _note_left_out(self, findings: Findings, file: str) -> None:
        for package, place in self.packages.items():
            path, _, line = place.rpartition(":")
            what = f"{package} is installed besides what {file} lists"
            findings.note(path, int(line), what, f"add {package} to {file}")


def _without_prefix(words: list[str]) -> Iterator[str]:
    """Yield the words of a command after ``sudo``, ``env`` and assignments."""
    is_prefix = True
    for word in words:
        is_prefix = is_prefix and (
            word
            in {
                "sudo",
                "env",
                "nohup",
                "exec",
                "time",
                "then",
                "do",
                "if",
                "!",
                "else",
                "-E",
                "-n",
                "-H",
            }
            or re.fullmatch(r"[A-Za-z_]\w*=.*", word) is not None
        )
        if not is_prefix:
            yield word


def _candidates(name: str) -> tuple[str, ...]:
    """Return where a requirements file may be: scripts run in the twin's folder or go there."""
    plain = name.removeprefix("./")
    return plain, plain.removeprefix("../"), f"lifecycle/{plain}"
