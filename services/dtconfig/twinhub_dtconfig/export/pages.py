"""The pages and the pipeline of an export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import dump_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twinhub_dtconfig.export.left_out import LeftOut
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Data

_IN_PIPELINE = ("create", "execute", "save", "analyse")

_README = """\
## Lifecycle scripts

These scripts run this twin with `sh` and Python 3.8 or later, and nothing else:

```sh
{calls}
```

`./lifecycle/terminate` stops what is still running. Values are environment variables: set them
before a script is called. `lifecycle/twin/environment.sh` has the defaults, and
`lifecycle/twin/plan.json` what each phase runs.

| variable | default |
|---|---|
{variables}

{asked}{left_out}"""


def make_readme(
    twin: Twin,
    own: str | None,
    defaults: Mapping[str, str],
    needs: Mapping[str, str],
    left_out: Iterable[LeftOut],
) -> str:
    """Return the README of an export: the twin's own, then how the export is used.

    ``needs`` are the variables that have no default, with what each is.
    """
    calls = [f"./lifecycle/{name}" for name in _phases_in_order(twin)]
    rows = [f"| `{name}` | `{_cell(word)}` |" for name, word in defaults.items()]
    text = _README.format(
        calls="\n".join(calls),
        variables="\n".join(rows),
        asked=_list("To be set, since there is no default:", needs.items()),
        left_out=_list("## What is different here", left_out),
    )
    head = own or f"# {twin.title or twin.name}\n\n{twin.summary or ''}"
    return f"{head.rstrip()}\n\n{text.rstrip()}\n"


def _list(title: str, items: Iterable[tuple[str, str]]) -> str:
    lines = [f"- `{name}`: {_cell(what)}" for name, what in items]
    return "\n".join([title, "", *lines, "", ""]) if lines else ""


def make_pipeline(twin: Twin, scripts: Iterable[str]) -> str:
    """Return the ``.gitlab-ci.yml`` of a twin: one job, as phases share the twin's folder."""
    live = {name for name, phase in twin.phases.items() if phase.live}
    present = [name for name in _IN_PIPELINE if f"lifecycle/{name}" in scripts and name not in live]
    folder = f"digital_twins/{twin.name}"
    outputs = [f"{folder}/{path}" for phase in twin.phases.values() for path in phase.outputs]
    job: dict[str, Data] = {
        "stage": "run",
        "before_script": [f"cd {folder}", "chmod +x lifecycle/*"],
        "script": [f"./lifecycle/{name}" for name in present] or ["ls lifecycle"],
        "after_script": [f"cd {folder}", "./lifecycle/terminate"],
        "tags": ["$RunnerTag"],
    }
    if outputs:
        job["artifacts"] = {"paths": [*outputs], "expire_in": "1 week", "when": "always"}
    pipeline: dict[str, Data] = {"stages": ["run"], f"run_{twin.name}": job}
    return f"{_trigger(twin)}{dump_document(pipeline)}"


def _trigger(twin: Twin) -> str:
    """Return the entry for the root pipeline, as comments."""
    job: dict[str, Data] = {
        f"trigger_{twin.name}": {
            "stage": "triggers",
            "trigger": {"include": f"digital_twins/{twin.name}/.gitlab-ci.yml"},
            "rules": [{"if": f'$DTName == "{twin.name}"', "when": "always"}],
            "variables": {"RunnerTag": "$RunnerTag"},
        }
    }
    lines = ["In the .gitlab-ci.yml at the root of the project:", *dump_document(job).splitlines()]
    return "".join(f"# {line}\n" for line in lines)


def _phases_in_order(twin: Twin) -> list[str]:
    first = [name for name in _IN_PIPELINE if name == "create" or name in twin.phases]
    return [*first, *(n for n in twin.phases if n not in {*first, "terminate", "clean"})]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
