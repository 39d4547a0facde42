"""The lifecycle scripts of an export: short, POSIX, and readable by whoever takes them over."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from twinhub_dtconfig.export.plan import PROGRAMS
from twinhub_dtconfig.export.values import parameter_variable, shown_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twinhub_dtconfig.models.twin import Twin

ENVIRONMENT = f"{PROGRAMS}/environment.sh"

_HEAD = """\
#!/bin/sh
# {title}
set -eu
cd "$(dirname "$0")/.."
export RUN_PHASE={phase}
# shellcheck source=/dev/null
. {environment}
"""
_PREPARE = f"python3 -I {PROGRAMS}/prepare.py {{phase}}\n"
_RUN = f"exec python3 -I {PROGRAMS}/run_phase.py {{phase}}\n"
_STOP = f"python3 -I {PROGRAMS}/stop.py || status=$?\n"


def make_scripts(twin: Twin, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the scripts of an export by their paths."""
    scripts = {f"lifecycle/{name}": _phase(twin, name) for name in twin.phases}
    scripts.setdefault("lifecycle/create", _create(twin))
    for name in ("terminate", "clean"):
        scripts[f"lifecycle/{name}"] = _ending(twin, name)
    scripts[ENVIRONMENT] = "".join(f"{line}\n" for line in _environment(twin, defaults))
    return scripts


def _phase(twin: Twin, name: str) -> str:
    title = f"Phase {name!r} of {twin.name}."
    return _head(title, name) + _PREPARE.format(phase=name) + _RUN.format(phase=name)


def _create(twin: Twin) -> str:
    return _head(f"Makes {twin.name} ready to run.", "create") + _PREPARE.format(phase="create")


def _ending(twin: Twin, name: str) -> str:
    what = "Stops" if name == "terminate" else "Stops, and removes what was installed for,"
    lines = [_head(f"{what} {twin.name}.", name), "status=0\n"]
    own = ""
    if name in twin.phases:
        call = _RUN.format(phase=name).removeprefix("exec ").rstrip("\n")
        own = f"{{ {_PREPARE.format(phase=name).rstrip()} && {call}; }} || status=$?\n"
    lines += [own, _STOP] if name == "terminate" else [_STOP, own, "rm -rf .twin\n"]
    return "".join([*lines, 'exit "$status"\n'])


def _head(title: str, phase: str) -> str:
    return _HEAD.format(title=title, phase=shlex.quote(phase), environment=ENVIRONMENT)


def _environment(twin: Twin, defaults: Mapping[str, str]) -> Iterator[str]:
    yield f"# Values of {twin.name}; what is set before a script is called stays as it is."
    yield "# shellcheck shell=sh disable=SC2089,SC2090"  # values are text, no words of commands
    yield from _set("RUN_ID", '"$(date +%Y%m%d-%H%M%S)-$$"')
    yield from _set("RUN_USER", '"$(id -un)"')
    yield 'RUN_FOLDER="$PWD"'
    yield "export RUN_FOLDER"
    yield from _set("TWINHUB_WORKSPACE", '"${CI_PROJECT_DIR:-/workspace}"')
    yield from _set("TWINHUB_COMMON", '"$TWINHUB_WORKSPACE"/common')
    yield from _scenarios(twin)
    for variable, word in defaults.items():
        yield from _set(variable, word)


def _set(variable: str, word: str) -> Iterator[str]:
    yield f'[ -n "${{{variable}+set}}" ] || {variable}={word}'
    yield f"export {variable}"


def _scenarios(twin: Twin) -> Iterator[str]:
    if not twin.scenarios:
        return
    yield ""
    yield "# TWIN_SCENARIO=name chooses one of these"
    yield 'case "${TWIN_SCENARIO-}" in'
    yield "'') ;;"
    for name, scenario in twin.scenarios.items():
        yield f"{shlex.quote(name)})"
        for parameter, value in scenario.parameters.items():
            word = shlex.quote(shown_value(value))
            yield from (f"    {line}" for line in _set(parameter_variable(parameter), word))
        yield "    ;;"
    names = ", ".join(twin.scenarios)
    yield "*)"
    yield f'    echo "there is no scenario $TWIN_SCENARIO: choose one of {names}" >&2'
    yield "    exit 2"
    yield "    ;;"
    yield "esac"
    yield ""
