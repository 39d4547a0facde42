"""TwinHub's own sub-commands: names, summaries and arguments; what they do is imported later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.command import DESCRIBING, Command

if TYPE_CHECKING:
    import argparse

TEMPLATES = ("minimal", "python", "cosimulation", "service")
"""Names of templates: named here too, since what they are is imported later."""

_TWIN = "the folder of a twin, or its twin.yaml; default: this folder"


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def _one_twin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", nargs="?", default=".", help=_TWIN)


def _validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        default=["."],
        help="folders of twins, or files twin.yaml and asset.yaml; default: this folder",
    )
    parser.add_argument(
        "--assets",
        metavar="ROOT",
        help="also look up what the twin uses, in this folder of assets: the one with `models`,"
        " `data` and `common`",
    )
    parser.add_argument("--strict", action="store_true", help="count warnings as faults")
    _json(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "key",
        metavar="KEY",
        nargs="?",
        default="",
        help="such as phases.execute.ready; default: list the first keys",
    )
    _json(parser)


def _show(parser: argparse.ArgumentParser) -> None:
    _one_twin(parser)
    parser.add_argument(
        "--resolved", action="store_true", help="with parameters, addresses and paths put in"
    )
    parser.add_argument(
        "--set",
        metavar="P=V",
        action="append",
        default=[],
        dest="values",
        help="a value for a parameter; may be given several times",
    )
    parser.add_argument("--scenario", metavar="NAME", help="the scenario that values come from")
    _json(parser)


def _diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help="a folder of a twin, or its twin.yaml")
    parser.add_argument("after", metavar="B", help="the other one")
    _json(parser)


def _migrate(parser: argparse.ArgumentParser) -> None:
    _one_twin(parser)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if something is to be done"
    )


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", metavar="PATH", nargs="?", default=".", help="the folder; default: this folder"
    )
    parser.add_argument(
        "--template",
        metavar="NAME",
        help=f"begin with a template instead of what is in the folder: {', '.join(TEMPLATES)}",
    )
    parser.add_argument(
        "--print", action="store_true", dest="only_print", help="print the twin.yaml, write nothing"
    )


def _export(parser: argparse.ArgumentParser) -> None:
    _one_twin(parser)
    parser.add_argument(
        "--dtaas",
        metavar="FOLDER",
        required=True,
        help="write lifecycle scripts, which run without TwinHub, below this folder",
    )


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh"), help="bash or zsh")


def _nothing(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


_CLI = "twinhub_api.cli"

VALIDATE = Command(
    "validate", "Say all that is wrong in a twin or asset.yaml", _validate, f"{_CLI}.validate:run",
    example="digital_twins/tank", group=DESCRIBING,
)  # fmt: skip
EXPLAIN = Command(
    "explain", "Explain a key of twin.yaml", _explain, f"{_CLI}.explain:run",
    f"{_CLI}.explain:words", example="phases.execute.ready", group=DESCRIBING,
)  # fmt: skip
SHOW = Command(
    "show", "Show a twin with all that is left out written out", _show, f"{_CLI}.show:run",
    example="--resolved --set power=4 digital_twins/tank", group=DESCRIBING,
)  # fmt: skip
GRAPH = Command(
    "graph", "Draw a twin as a Mermaid flowchart", _one_twin, f"{_CLI}.graph:run",
    example="digital_twins/tank > tank.mmd", group=DESCRIBING,
)  # fmt: skip
DIFF = Command(
    "diff", "Compare two twins by what they mean", _diff, f"{_CLI}.diff:run",
    example="digital_twins/tank common/digital_twins/tank", group=DESCRIBING,
)  # fmt: skip
SCHEMA = Command(
    "schema", "Print the JSON Schema of twin.yaml, for editors", _nothing, f"{_CLI}.schema:run",
    example="> twin.schema.json", group=DESCRIBING,
)  # fmt: skip
MIGRATE = Command(
    "migrate", "Bring twin.yaml to the newest format", _migrate, f"{_CLI}.migrate:run",
    example="--check digital_twins/tank", group=DESCRIBING,
)  # fmt: skip
INIT = Command(
    "init", "Write a twin.yaml for a folder", _init, f"{_CLI}.init:run",
    example="--template python digital_twins/tank", group=DESCRIBING,
)  # fmt: skip
EXPORT = Command(
    "export", "Write a twin for systems without TwinHub", _export, f"{_CLI}.export:run",
    example="--dtaas elsewhere digital_twins/tank", group=DESCRIBING,
)  # fmt: skip
COMPLETION = Command(
    "completion", "Print what makes a shell complete this command", _completion,
    f"{_CLI}.completion:run",
    example="bash > ~/.local/share/bash-completion/completions/twin",
)  # fmt: skip
