"""Phases from ``lifecycle/``, or from a program that has the name of a main one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.inference.guesses import slug
from twinhub_dtconfig.inference.shell import Script, read_script

if TYPE_CHECKING:
    from twinhub_dtconfig.inference.guesses import Findings
    from twinhub_dtconfig.inference.reading import TwinFolder
    from twinhub_dtconfig.nodes import Data

KNOWN_PHASES = ("create", "execute", "save", "analyse", "evolve", "terminate", "clean")
_SPELLINGS = {"analyze": "analyse"}
_SCRIPT_ENDINGS = ("", ".sh", ".bash", ".py")
_PROGRAMS = ("main.py", "run.py", "simulate.py", "simulation.py", "app.py", "run.sh", "start.sh")
_NOTEBOOK = ("jupyter", "nbconvert", "--to", "notebook", "--execute", "--output-dir", "output")
_NOTHING = "echo 'write in twin.yaml, under phases, how this twin runs' >&2\nexit 1\n"
_NOT_SUPPORTED = re.compile(r"\bnot\s+(?:yet\s+)?supported\b", re.IGNORECASE)
_SAYS_NOTHING = re.compile(r"(?:set|exit|true|:|echo|printf|cd)\b.*|:|true")
_SERVER = re.compile(
    r"\b(uvicorn|gunicorn|hypercorn|flask run|streamlit run|http\.server|bokeh serve|panel serve"
    r"|voila|mosquitto|npm (?:run )?start|serve_forever|app\.run|uvicorn\.run|run_server)\b"
    r"|while (?:true|:|True|1)\b"
)


def guess_phases(folder: TwinFolder, findings: Findings) -> list[Script]:
    """Guess the phases from the scripts of ``lifecycle/``; return the scripts that were read."""
    scripts: list[Script] = []
    paths = folder.below("lifecycle")
    for path in sorted(paths, key=_preference):
        phase = phase_of(path)
        text = folder.text(path)
        if phase is None or text is None or not _is_script(path, text):
            continue
        script = read_script(path, text)
        if is_unsupported(script):
            findings.note(path, 1, _absent(phase), "remove the script, or write the phase")
            continue
        command = f"./{path}" if text.startswith("#!") else f"{_program(path)} {path}"
        if findings.put(("phases", phase), command, f"the script {path}", "certain"):
            scripts.append(script)
            _guess_live(phase, script, folder, findings)
    return scripts


def guess_program(folder: TwinFolder, findings: Findings) -> list[Script]:
    """Guess what ``execute`` runs where no script and no pipeline says so."""
    if findings.get("phases"):
        return []
    for name in _PROGRAMS:
        text = folder.text(name)
        if text is None:
            continue
        why = f"there is no lifecycle/execute, and {name} has the name of a main program"
        findings.put(("phases", "execute"), f"{_program(name)} {name}", why, "unsure")
        script = read_script(name, text)
        _guess_live("execute", script, folder, findings)
        return [script]
    if _guess_notebook(folder, findings):
        return []
    findings.put(
        ("phases", "execute"),
        {"script": _NOTHING},
        "nothing in the folder says how it runs",
        "unsure",
    )
    return []


def _guess_notebook(folder: TwinFolder, findings: Findings) -> bool:
    """Guess that the first notebook is what runs; return whether there is one."""
    notebooks = [path for path in folder.below("") if path.endswith(".ipynb")]
    if not notebooks:
        return False
    command: list[Data] = [*_NOTEBOOK, f"./{notebooks[0]}".replace("${", "$${")]
    more = f", the first of {len(notebooks)}" if len(notebooks) > 1 else ""
    why = f"no script, but the notebook {notebooks[0]!r}{more}"
    findings.put(("phases", "execute", "command"), command, why, "unsure")
    outputs: list[Data] = ["output/*.ipynb"]
    why = "the notebook with its results is written there"
    findings.put(("phases", "execute", "outputs"), outputs, why, "likely")
    packages: list[Data] = ["nbconvert", "ipykernel"]
    why = "they run a notebook; add what it imports"
    findings.put(("environment", "packages"), packages, why, "unsure")
    return True


def phase_of(path: str) -> str | None:
    """Return the phase that a script in ``lifecycle/`` is for, or None if it is for none."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.partition(".")
    if f"{dot}{ending}" not in _SCRIPT_ENDINGS or slug(stem, "_") != stem.lower().replace("-", "_"):
        return None
    return _SPELLINGS.get(stem.lower(), stem.lower())


def is_unsupported(script: Script) -> bool:
    """Return whether a script does nothing, or only says that the phase is not supported."""
    is_said = any(_NOT_SUPPORTED.search(line.text) for line in script.lines)
    is_silent = not script.lines
    return is_silent or (is_said and all(_SAYS_NOTHING.fullmatch(x.text) for x in script.lines))


def _absent(phase: str) -> str:
    return f"the script of the phase {phase!r} does nothing, so the twin is taken not to have it"


def _preference(path: str) -> tuple[int, str]:
    return (
        _SCRIPT_ENDINGS.index(ending) if (ending := _ending(path)) in _SCRIPT_ENDINGS else 9,
        path,
    )


def _ending(path: str) -> str:
    _, dot, ending = path.rpartition("/")[2].partition(".")
    return f"{dot}{ending}"


def _is_script(path: str, text: str) -> bool:
    stem = path.rpartition("/")[2].partition(".")[0].lower()
    return (
        text.startswith("#!") or _SPELLINGS.get(stem, stem) in KNOWN_PHASES or bool(_ending(path))
    )


def _program(path: str) -> str:
    return "python3" if path.endswith(".py") else "bash" if path.endswith(".bash") else "sh"


def _guess_live(phase: str, script: Script, folder: TwinFolder, findings: Findings) -> None:
    if phase != "execute":
        return
    texts = {script.path: "\n".join(line.text for line in script.lines)}
    for name in re.findall(r"[\w./-]+\.py\b", texts[script.path])[:10]:
        texts[name] = folder.text(name.removeprefix("./")) or ""
    for path, text in texts.items():
        match = _SERVER.search(text)
        if match:
            why = f"{path} has {match[0]!r}, which runs until it is stopped"
            findings.lengthen(("phases", "execute"), "command")
            live: Data = True
            findings.put(("phases", "execute", "live"), live, why, "likely")
            return
