"""Phases and outputs from ``.gitlab-ci.yml``, where its jobs say more than ``lifecycle/`` does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DocumentError, parse_document
from twinhub_dtconfig.inference.phases import KNOWN_PHASES
from twinhub_dtconfig.inference.shell import Script, read_script

if TYPE_CHECKING:
    from twinhub_dtconfig.inference.guesses import Findings
    from twinhub_dtconfig.inference.reading import TwinFolder
    from twinhub_dtconfig.nodes import Data

_FILE = ".gitlab-ci.yml"
_SETTINGS = frozenset({"stages", "variables", "default", "include", "workflow", "image", "services",
                       "cache", "before_script", "after_script", "pages"})  # fmt: skip
_HOUSEKEEPING = re.compile(r"(?:cd|chmod|pwd|ls)\b.*")
_CALL = re.compile(r"(?:sudo |sh |bash )?(?:\./)?(?:digital_twins/[\w.-]+/)?lifecycle/[\w.-]+")
_WORDS = {**{phase: phase for phase in KNOWN_PHASES}, "analyze": "analyse", "build": "create",
          "install": "create", "run": "execute", "cleanup": "clean"}  # fmt: skip


def guess_pipeline(folder: TwinFolder, findings: Findings) -> list[Script]:
    """Guess phases that jobs hold themselves; return their scripts."""
    text = folder.text(_FILE)
    jobs = _jobs(text) if text else {}
    scripts: list[Script] = []
    for name, job in jobs.items():
        lines = [line for line in _script(job) if not _HOUSEKEEPING.fullmatch(line)]
        own = [line for line in lines if not _CALL.fullmatch(line)]
        phase = _phase(name, job)
        if own and phase:
            script = "".join(f"{line}\n" for line in own)
            why = f"the job {name!r} of {_FILE}, since there is no lifecycle/{phase}"
            if findings.put(("phases", phase), {"script": script}, why, "likely"):
                scripts.append(read_script(_FILE, script))
        _guess_outputs(name, job, folder, findings)
    return scripts


def _jobs(text: str) -> dict[str, dict[str, Data]]:
    try:
        data = parse_document(text.encode(), _FILE).data
    except DocumentError as error:  # GitLab's own tags and merge keys are read around
        data = error.document.data if error.document else None
    jobs = data if isinstance(data, dict) else {}
    return {
        name: job
        for name, job in jobs.items()
        if isinstance(job, dict) and name not in _SETTINGS and not name.startswith(".")
    }


def _script(job: dict[str, Data]) -> list[str]:
    script = job.get("script")
    lines = script if isinstance(script, list) else [script]
    return [
        one.strip() for line in lines if isinstance(line, str) for one in line.splitlines() if one
    ]


def _phase(name: str, job: dict[str, Data]) -> str | None:
    for text in (name, job.get("stage")):
        for word in re.split(r"[^a-z]+", str(text or "").lower()):
            if word in _WORDS:
                return _WORDS[word]
    return None


def _guess_outputs(name: str, job: dict[str, Data], folder: TwinFolder, findings: Findings) -> None:
    artifacts = job.get("artifacts")
    listed = artifacts.get("paths") if isinstance(artifacts, dict) else None
    paths = listed if isinstance(listed, list) else []
    prefix = f"digital_twins/{folder.root.name}/"
    own = [p.removeprefix(prefix) for p in paths if isinstance(p, str) and p.startswith(prefix)]
    command = findings.get("phases", "execute")
    if not own or command is None or any("$" in path or ".." in path for path in own):
        return
    findings.lengthen(("phases", "execute"), "command")
    why = f"artifacts of the job {name!r} of {_FILE}"
    findings.put(("phases", "execute", "outputs"), [*own], why, "likely")
