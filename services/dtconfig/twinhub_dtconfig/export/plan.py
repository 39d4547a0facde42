"""What an exported twin does, as the data that its programs read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_dtconfig.command_lines import split_command
from twinhub_dtconfig.export.binding import plan_of
from twinhub_dtconfig.export.names import SECRET, templated, variable_of, variables_in
from twinhub_dtconfig.export.values import parameter_variable
from twinhub_dtconfig.interpolation import Name
from twinhub_dtconfig.rules.texts import texts_of
from twinhub_dtconfig.software import debian_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twinhub_dtconfig.export.binding import Bound
    from twinhub_dtconfig.models.environment import File
    from twinhub_dtconfig.models.phases import Phase, Process, Ready, Stop
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Data

PROGRAMS = "lifecycle/twin"
"""Where an export keeps what its scripts call."""

_ALWAYS_SET = frozenset({"RUN_ID", "RUN_FOLDER", "RUN_PHASE", "RUN_USER"})
_UNPREPARED = ("terminate", "clean")


@dataclass(slots=True)
class Plan:
    """The data for ``plan.json``, and the files that belong to it, by their paths."""

    data: dict[str, Data] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    """Own files that make room for generated scripts, and where they are now."""
    set_names: frozenset[str] = frozenset()
    """Variables that have a value before a phase begins."""

    def command(self, command: str | tuple[str, ...]) -> list[Data]:
        """Return the words of a command."""
        first, *others = split_command(command)
        plain = first.removeprefix("./")
        if plain in self.moved:
            first = f"./{self.moved[plain]}"
        return [templated(word) for word in (first, *others)]

    def template(self, name: str, text: str | None) -> str | None:
        """Keep the text of a template in a file; return its path."""
        if text is None:
            return None
        path = f"{PROGRAMS}/templates/{name}"
        self.files[path] = text
        return path

    def script(self, name: str, text: str) -> list[Data]:
        """Keep a script in a file; return the command that runs it."""
        path = f"{PROGRAMS}/scripts/{name}"
        self.files[path] = text if text.endswith("\n") else f"{text}\n"
        full = f"${{RUN_FOLDER}}/{path}"
        return [full] if text.startswith("#!") else ["sh", "-eu", full]


def make_plan(
    twin: Twin,
    templates: Mapping[str, str],
    moved: Mapping[str, str],
    defaults: Mapping[str, str],
    bound: Mapping[str, Bound],
) -> Plan:
    """Return what an export of a twin does.

    ``templates`` are the texts of those it renders, ``moved`` its files that make room for
    scripts, ``defaults`` its variables, and ``bound`` its co-simulations that are written anew.
    """
    plan = Plan(moved=moved, set_names=frozenset(defaults))
    plan.data["twin"] = twin.name
    plan.data["parameters"] = _parameters(twin)
    plan.data["needs"] = {name: _needs(plan, twin, name, templates) for name in twin.phases}
    plan.data["environment"] = _environment(twin)
    plan.data["fetched"] = [
        {"url": use.url, "sha256": use.sha256, "to": templated(f"${{uses.{name}}}")}
        for name, use in twin.uses.items()
        if use.url is not None
    ]
    plan.data["cosimulations"] = [
        plan_of(one, plan.template(f"cosimulation-{name}", one.text)) for name, one in bound.items()
    ]
    plan.data["files"] = [_file(plan, at, one, templates) for at, one in enumerate(twin.files)]
    plan.data["build"] = _build(plan, twin)
    plan.data["phases"] = {name: _phase(plan, twin, name) for name in twin.phases}
    return plan


def is_secret(file: File, templates: Mapping[str, str]) -> bool:
    """Return whether a rendered file holds a secret."""
    text = file.text if file.text is not None else templates.get(file.render or "", "")
    return any(map(SECRET.fullmatch, variables_in([text])))


def _parameters(twin: Twin) -> dict[str, Data]:
    return {
        parameter_variable(name): {
            "type": one.kind,
            "minimum": one.minimum,
            "maximum": one.maximum,
            "choices": None if one.choices is None else [*one.choices],
        }
        for name, one in twin.parameters.items()
    }


def _needs(plan: Plan, twin: Twin, name: str, templates: Mapping[str, str]) -> dict[str, Data]:
    """Return variables without a default that a phase cannot do without, and what they are."""
    texts = [text for _, text, _ in texts_of(twin.phases[name])]
    if name in _UNPREPARED:
        return _asked(plan, twin, texts)
    texts += [*twin.variables.values(), *templates.values()]
    texts += [text for file in twin.files for _, text, _ in texts_of(file)]
    texts += [text for step in twin.build.values() for _, text, _ in texts_of(step)]
    texts += [f"${{parameters.{n}}}" for n, one in twin.parameters.items() if one.default is None]
    return _asked(plan, twin, texts)


def _asked(plan: Plan, twin: Twin, texts: list[str]) -> dict[str, Data]:
    known = {name for name in plan.set_names if not SECRET.fullmatch(name)}
    needed = {_source(twin, one) for one in variables_in(texts) - known - _ALWAYS_SET}
    return {variable: _described(twin, variable) for variable in sorted(needed)}


def _source(twin: Twin, variable: str) -> str:
    """Return the secret that a service's password comes from, else the variable itself."""
    for name, service in twin.services.items():
        secret = service.external.secret if service.external else None
        own = {variable_of(Name("services", name, rest)) for rest in ("password", "token")}
        if secret is not None and variable in own:
            return variable_of(Name("secrets", secret))
    return variable


def _described(twin: Twin, variable: str) -> str:
    namespace, _, rest = variable.partition("_")
    for name, secret in twin.secrets.items():
        if variable == variable_of(Name("secrets", name)):
            return secret.description or f"the secret {name}"
    for name, parameter in twin.parameters.items():
        if variable == parameter_variable(name):
            return parameter.description or f"the parameter {name}"
    words = {"SERVICES": "of the service", "USES": "the path of the asset"}
    return f"{words.get(namespace, 'the value of')} {rest.lower()}"


def _environment(twin: Twin) -> dict[str, Data]:
    environment = twin.environment
    return {
        "python": f"python{environment.python or 3}",
        "packages": [*(environment.packages or ())],
        "requirements": environment.requirements,
        "system": [*debian_packages(environment)],
    }


def _file(plan: Plan, at: int, file: File, templates: Mapping[str, str]) -> dict[str, Data]:
    made: dict[str, Data] = {
        "text": None if file.text is None else templated(file.text),
        "template": None,
        "to": file.to,
        "executable": file.executable,
        "is_secret": is_secret(file, templates),
    }
    if file.render is not None:
        made["template"] = plan.template(f"file-{at}", templated(templates[file.render]))
    return made


def _build(plan: Plan, twin: Twin) -> list[Data]:
    return [
        {
            "name": name,
            "command": plan.command(twin.build[name].command),
            "folder": twin.build[name].folder,
            "inputs": [*twin.build[name].inputs],
            "outputs": [*twin.build[name].outputs],
            "variables": _variables(twin.variables),
            "time_limit": twin.build[name].time_limit,
        }
        for name in _in_order({name: step.after for name, step in twin.build.items()})
    ]


def _in_order(after: Mapping[str, Iterable[str]]) -> list[str]:
    """Return names in an order that respects ``after``; the language refuses cycles."""
    done: list[str] = []
    while len(done) < len(after):
        due = [n for n in after if n not in done and all(one in done for one in after[n])]
        done += due or [name for name in after if name not in done]
    return done


def _phase(plan: Plan, twin: Twin, name: str) -> dict[str, Data]:
    phase = twin.phases[name]
    processes: dict[str, Data]
    if phase.processes is not None:
        processes = {key: _process(plan, twin, name, key) for key in phase.processes}
    else:
        processes = {
            name: {
                "command": _command(plan, phase, f"{name}/{name}"),
                "folder": phase.folder, "variables": {},
                "after": [], "ready": {}, "restart": "never", "essential": True,
                "stop": _stop(plan, phase.stop),
            }
        }  # fmt: skip
    return {
        "live": phase.live,
        "time_limit": phase.time_limit,
        "retries": phase.retries,
        "variables": {**_variables(twin.variables), **_variables(phase.variables)},
        "processes": processes,
    }


def _process(plan: Plan, twin: Twin, phase: str, name: str) -> dict[str, Data]:
    process = (twin.phases[phase].processes or {})[name]
    return {
        "command": _command(plan, process, f"{phase}/{name}"),
        "folder": process.folder or twin.phases[phase].folder,
        "variables": _variables(process.variables),
        "after": [*process.after],
        "ready": {} if process.ready is None else _ready(plan, process.ready),
        "restart": process.restart,
        "essential": process.essential,
        "stop": _stop(plan, process.stop),
    }


def _command(plan: Plan, one: Phase | Process, name: str) -> list[Data]:
    if one.script is not None:
        return plan.script(name, one.script)
    return plan.command(one.command or "true")


def _ready(plan: Plan, ready: Ready) -> dict[str, Data]:
    made: dict[str, Data] = {"within": ready.within}
    if ready.port is not None:
        made["port"] = _port(ready.port)
    if ready.http is not None:
        port, _, path = ready.http.partition("/")
        made["http"] = f"http://localhost:{_port(port)}/{path.replace('$', '$$')}"
    if ready.log is not None:
        made["log"] = ready.log
    if ready.file is not None:
        made["file"] = ready.file.replace("$", "$$")
    if ready.command is not None:
        made["command"] = plan.command(ready.command)
    return made


def _port(port: int | str) -> str:
    return str(port) if str(port).isdecimal() else templated(f"${{ports.{port}}}")


def _stop(plan: Plan, stop: Stop) -> dict[str, Data]:
    return {
        "signal": stop.signal or "SIGTERM",
        "command": None if stop.command is None else plan.command(stop.command),
        "grace": stop.grace,
    }


def _variables(variables: Mapping[str, str]) -> dict[str, Data]:
    return {name: templated(value) for name, value in variables.items()}
