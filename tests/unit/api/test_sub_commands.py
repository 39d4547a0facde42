"""Each further sub-command: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from twinhub_api.cli import commands, migrate
from twinhub_dtconfig.documents import parse_document
from twinhub_dtconfig.editing import rename_key
from twinhub_dtconfig.loading import load_twin
from twinhub_dtconfig.migrations import Migration
from twinhub_dtconfig.proposal import TEMPLATES

from tests.unit.api.conftest import SMALLEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.api.conftest import Done

_CHOICES = "parameters: {power: 5}\nscenarios: {cold: {parameters: {power: 3}}}\n"


def test_explain_says_type_default_choices_and_example(twin: Callable[..., Done]) -> None:
    out = twin("explain", "ports.api.access").out
    for said in ("ports.api.access", "Who reaches it", '"lab"', "internal, lab, public", "public"):
        assert said in out


def test_explain_finds_ready_without_the_name_of_a_process(twin: Callable[..., Done]) -> None:
    out = twin("explain", "phases.execute.ready").out
    assert out.startswith("phases.execute.processes.NAME.ready\n")
    assert "port, log, file, http, command" in out


def test_explain_alone_lists_the_keys_at_the_top(twin: Callable[..., Done]) -> None:
    out = twin("explain").out
    for key in ("format", "phases", "fleets"):
        assert f"\n  {key} " in out
    listed = json.loads(twin("explain", "--json").out)["keys"]
    assert len(listed) > 25


def test_explain_says_that_something_is_not_yet_run(twin: Callable[..., Done]) -> None:
    assert "not yet run" in twin("explain", "sweeps.a.phase").out
    assert json.loads(twin("explain", "--json", "sweeps").out)["not_yet_run"] is True


def test_explain_names_the_nearest_key(twin: Callable[..., Done]) -> None:
    done = twin("explain", "paramters")
    assert done.code == 2
    assert "did you mean 'parameters'?" in done.err


@pytest.mark.parametrize(
    ("key", "said"),
    [("description", "several keys are called 'description'; choose from "),
     ("qqqq", "there is no key 'qqqq'; choose from format, name"),
     ("name.x", "there is no key 'x' in name; `twin explain` lists"),
     ("\x1b[2J", "there is no key '\\x1b")],
)  # fmt: skip
def test_explain_says_what_there_is_instead(twin: Callable[..., Done], key: str, said: str) -> None:
    done = twin("explain", key)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize(
    "key", ["files", "files[]", "physical.speed", "commands.a.effect.http.body"]
)
def test_explain_shows_any_kind_of_key(twin: Callable[..., Done], key: str) -> None:
    done = twin("explain", key)
    assert (done.code, done.err) == (0, "")
    assert "type" in done.out


def test_show_prints_a_twin_that_is_the_same(twin: Callable[..., Done], tank: Path) -> None:
    done = twin("show", tank)
    copy = tank.with_name("copy.yaml")
    copy.write_text(done.out)
    assert twin("diff", tank, copy).code == 0


def test_show_resolved_puts_values_in(twin: Callable[..., Done], tank: Path) -> None:
    command_line = '{execute: "python3 simulate.py ${parameters.power}"}'
    text = f"format: 1\nname: tank\nphases: {command_line}\n{_CHOICES}"
    (tank / "twin.yaml").write_text(text)

    def command(*arguments: str) -> object:
        data = json.loads(twin("show", "--resolved", "--json", *arguments, tank).out)
        return data["twin"]["phases"]["execute"]["command"][-1]

    assert command() == "5"
    assert command("--scenario", "cold") == "3"
    assert command("--scenario", "cold", "--set", "power=7") == "7"


def test_what_a_run_must_say_and_what_only_it_knows_is_told_apart_from_the_twin(
    twin: Callable[..., Done], tank: Path
) -> None:
    command_line = '{execute: "./run ${uses.pump} ${parameters.speed}"}'
    (tank / "twin.yaml").write_text(
        f"format: 1\nname: tank\nphases: {command_line}\nuses: {{pump: models/pump}}\n"
        "parameters: {speed: {unit: m/s}}\nfleets: {all: {instances: [a]}}\ninstances: {a: {}}\n"
    )
    done = twin("show", "--resolved", tank)
    assert done.code == 0
    assert parse_document(done.out.encode(), "x").data
    for note in ("a run must say: speed", "only a run knows: uses.pump", "not yet run: instances"):
        assert note in done.err
    data = json.loads(twin("show", "--resolved", "--json", tank).out)
    assert data["missing"] == ["speed"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--resolved", "--set", "powr=1"], "did you mean 'power'?"),
        (["--resolved", "--set", "power"], "write a parameter and a value"),
        (["--resolved", "--set", "power=x"], "is not a number"),
        (["--resolved", "--scenario", "cld"], "did you mean 'cold'?"),
        (["--set", "power=1"], "add --resolved"),
    ],
)
def test_values_that_cannot_be_chosen_are_wrong_use(
    twin: Callable[..., Done], tank: Path, arguments: list[str], said: str
) -> None:
    (tank / "twin.yaml").write_text(SMALLEST + _CHOICES)
    done = twin("show", *arguments, tank)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_graph_prints_a_flowchart(twin: Callable[..., Done], tank: Path) -> None:
    assert twin("graph", tank).out.startswith("flowchart LR\n")


@pytest.mark.parametrize("command", ["graph", "show", "export"])
def test_a_twin_with_errors_is_reported_and_not_used(
    twin: Callable[..., Done], tank: Path, command: str
) -> None:
    (tank / "twin.yaml").write_text("format: 1\nname: tank\n")
    more = ["--dtaas", tank / "out"] if command == "export" else []
    done = twin(command, tank, *more)
    assert (done.code, done.out) == (1, "")
    assert "twin.yaml:1:1: error: " in done.err


def test_diff_says_what_differs_and_returns_1(twin: Callable[..., Done], tank: Path) -> None:
    other = tank.with_name("other.yaml")
    other.write_text(SMALLEST + "ports: {api: 80}\nowner: ada\n")
    done = twin("diff", tank, other)
    assert done.code == 1
    assert '+ owner: "ada"' in done.out
    changes = json.loads(twin("diff", "--json", other, tank).out)["changes"]
    assert {"path": ["owner"], "kind": "removed", "before": "ada", "after": None} in changes
    assert twin("diff", tank, tank).code == 0


def _rename(text: str, file: str) -> str:
    return rename_key(text, ("steps",), "phases", file=file)


@pytest.fixture
def old(tank: Path) -> Path:
    """A file in a format that is made up."""
    file = tank / "twin.yaml"
    file.write_text("# kept\nformat: 0\nname: tank\nsteps: {execute: a}  # kept too\n")
    file.chmod(0o640)
    return file


def test_migrate_writes_the_newest_format_and_keeps_comments_and_mode(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = old.stat().st_mode
    arguments = argparse.Namespace(path=str(old.parent), check=True)
    migrations = [Migration(0, "steps are phases", _rename)]
    assert migrate.run(arguments, migrations) == 1
    assert "format: 0" in old.read_text()
    arguments.check = False
    assert migrate.run(arguments, migrations) == 0
    assert old.read_text().count("kept") == 2
    assert load_twin(old).twin.format == 1
    assert old.stat().st_mode == before
    assert sorted(old.parent.iterdir()) == [old.parent / "simulate.py", old]
    assert migrate.run(arguments, migrations) == 0
    assert "has the newest format, 1" in capsys.readouterr().out.splitlines()[-1]


def test_migrate_says_what_it_cannot_do(twin: Callable[..., Done], old: Path) -> None:
    done = twin("migrate", old)
    assert done.code == 1
    assert "2:9: error: format 0 is not known" in done.err
    assert twin("migrate", old.parent.parent).code == 2


def test_init_writes_a_good_twin_once(twin: Callable[..., Done], tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert twin("init", folder).code == 0
    assert twin("validate", "--strict", "--assets", tmp_path, folder).code == 0
    before = (folder / "twin.yaml").read_text()
    done = twin("init", folder)
    assert done.code == 2
    assert "is there already" in done.err
    assert (folder / "twin.yaml").read_text() == before


@pytest.mark.parametrize("name", commands.TEMPLATES)
def test_every_template_is_a_good_twin(
    twin: Callable[..., Done], tmp_path: Path, name: str
) -> None:
    assert twin("init", "--template", name, tmp_path / name).code == 0
    done = twin("validate", "--strict", tmp_path / name)
    assert done.code == 0, done.out


def test_the_templates_that_help_names_are_those_that_there_are(
    twin: Callable[..., Done], tmp_path: Path
) -> None:
    assert tuple(TEMPLATES) == commands.TEMPLATES
    done = twin("init", "--template", "pyton", tmp_path)
    assert done.code == 2
    assert "did you mean 'python'?" in done.err


def test_init_guesses_from_what_is_in_a_folder(twin: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "lifecycle").mkdir()
    (tmp_path / "lifecycle" / "execute").write_text("#!/bin/sh\necho x\n")
    assert "guess" in twin("init", tmp_path).out
    assert list(load_twin(tmp_path / "twin.yaml").twin.phases) == ["execute"]


def test_init_of_a_file_is_wrong_use(twin: Callable[..., Done], tank: Path) -> None:
    assert twin("init", tank / "twin.yaml").code == 2


def test_init_can_only_print(twin: Callable[..., Done], tmp_path: Path) -> None:
    out = twin("init", "--print", tmp_path).out
    assert isinstance(parse_document(out.encode(), "x").data, dict)
    assert list(tmp_path.iterdir()) == []


def test_export_writes_scripts_once(twin: Callable[..., Done], tank: Path) -> None:
    out = tank.with_name("out")
    assert twin("export", "--dtaas", out, tank).code == 0
    assert (out / "digital_twins" / "heated-tank" / "lifecycle" / "execute").is_file()
    assert twin("export", "--dtaas", out, tank).code == 2


def test_export_says_what_is_not_as_in_the_twin(twin: Callable[..., Done], tank: Path) -> None:
    (tank / "twin.yaml").write_text(SMALLEST + "services: {mqtt: {managed: {}}}\n")
    out = twin("export", "--dtaas", tank.with_name("out"), tank).out
    assert "What is not as in the twin:" in out
    assert "services" in out


def test_bash_completes_commands_options_keys_and_files(
    twin: Callable[..., Done], tmp_path: Path
) -> None:
    script = tmp_path / "twin.bash"
    script.write_text(twin("completion", "bash").out)
    (tmp_path / "some-file").touch()

    def complete(*words: str) -> set[str]:
        program = (
            'source "$0"; compopt() { :; }; COMP_WORDS=(twin "$@"); COMP_CWORD=$#; _twin;'
            ' printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "-c", program, str(script), *words],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )  # fmt: skip
        return set(done.stdout.split())

    assert complete("va") == {"validate"}
    assert "--strict" in complete("validate", "--")
    assert complete("validate", "some") == {"some-file"}
    assert "phases.NAME.retries" in complete("explain", "phases.NAME.r")
    assert {"bash", "zsh"} <= complete("completion", "")


def test_zsh_gets_its_own_completion(twin: Callable[..., Done]) -> None:
    out = twin("completion", "zsh").out
    assert out.startswith("#compdef twin\n")
    assert "validate) offered=(" in out
    assert twin("completion", "fish").code == 2


def test_schema_prints_the_schema_of_the_language(twin: Callable[..., Done]) -> None:
    schema = json.loads(twin("schema").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "phases" in schema["properties"]


@pytest.mark.parametrize("arguments", [("show",), ("show", "--json"), ("graph",)])
def test_no_character_of_a_twin_steers_the_terminal_or_hides(
    twin: Callable[..., Done], tank: Path, arguments: tuple[str, ...]
) -> None:
    hidden = ["9b", "7f", "ad", "061c", "200b", "200f", "2028", "202e", "2066", "e0041"]
    title = "".join(f"\\U{code:0>8}x" for code in hidden)
    (tank / "twin.yaml").write_text(f'{SMALLEST}title: "{title}"\n')
    done = twin(*arguments, tank)
    assert done.code == 0
    assert not set(done.out) & {chr(int(code, 16)) for code in hidden}
    if "--json" in arguments:
        assert json.loads(done.out)["title"] == "".join(f"{chr(int(c, 16))}x" for c in hidden)
    elif "show" in arguments:
        data = parse_document(done.out.encode(), "").data
        assert isinstance(data, dict)
        assert data["title"] == load_twin(tank / "twin.yaml").twin.title
