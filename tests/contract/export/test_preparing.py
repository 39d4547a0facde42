"""What exported scripts do before a phase: values, secrets, files, builds, binding, fetching."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from twinhub_dtconfig.export import export_dtaas
from twinhub_dtconfig.loading import load_twin

from tests.unit.dtconfig.export.exports import Export, export

PARAMETERS = """
    parameters:
      power: {type: number, default: 12000, minimum: 0, maximum: 20000}
      scheme: {default: jacobi, choices: [jacobi, gauss-seidel]}
      cycles: {type: integer, default: 3}
      loud: false
      text: "a 'quoted' $HOME \\"value\\""
    scenarios:
      cold: {parameters: {power: 8000}}
    phases:
      execute:
        command: [printf, '%s\\n', "${parameters.power}|${parameters.loud}|${parameters.text}"]
"""


def test_parameters_have_their_defaults(tmp_path: Path) -> None:
    done = export(tmp_path, PARAMETERS).run("execute")
    assert done.stdout == "12000|false|a 'quoted' $HOME \"value\"\n", done.stderr


def test_a_variable_overrides_a_scenario_and_a_scenario_the_default(tmp_path: Path) -> None:
    exported = export(tmp_path, PARAMETERS)
    assert exported.run("execute", TWIN_SCENARIO="cold").stdout.startswith("8000|")
    both = exported.run("execute", TWIN_SCENARIO="cold", PARAMETERS_POWER="1.5")
    assert both.stdout.startswith("1.5|")
    done = exported.run("execute", TWIN_SCENARIO="warm")
    assert done.returncode == 2
    assert "there is no scenario warm: choose one of cold" in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("POWER", "20001", "give at most 20000"),
        ("POWER", "-1", "give at least 0"),
        ("POWER", "much", "give a number"),
        ("POWER", "nan", "give a number"),
        ("SCHEME", "euler", "give one of jacobi, gauss-seidel"),
        ("CYCLES", "1.5", "give a whole number"),
        ("LOUD", "yes", "give true or false"),
    ],
)
def test_a_value_that_a_parameter_may_not_have_is_refused(
    tmp_path: Path, variable: str, value: str, wanted: str
) -> None:
    done = export(tmp_path, PARAMETERS).run("execute", **{f"PARAMETERS_{variable}": value})
    assert (done.returncode, done.stdout) == (2, "")
    assert f"PARAMETERS_{variable} cannot be {value!r}: {wanted}" in done.stderr


def test_what_has_no_default_is_asked_for_by_name(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        parameters: {mass: {unit: kg, description: Mass of the load}}
        services: {mqtt: {managed: {topics: ["a"]}}}
        uses: {lake: {s3: "s3://bucket/key"}}
        phases: {execute: "echo ${parameters.mass} ${services.mqtt.url} ${uses.lake}"}
        """,
    )
    done = exported.run("execute")
    assert done.returncode == 2
    assert "set PARAMETERS_MASS: Mass of the load" in done.stderr
    assert "set SERVICES_MQTT_URL: of the service mqtt_url" in done.stderr
    assert "set USES_LAKE: the path of the asset lake" in done.stderr
    given = exported.run(
        "execute", PARAMETERS_MASS="2", SERVICES_MQTT_URL="mqtt://x", USES_LAKE="/lake"
    )
    assert given.stdout == "2 mqtt://x /lake\n"


SECRETS = """
    secrets: {broker: Password of the broker}
    services: {plant: {kind: mqtt, external: {url: "mqtt://b:1883", username: u, secret: broker}}}
    files:
      - {text: "${services.plant.username}:${services.plant.password}@${services.plant.host}",
         to: config/plain}
      - {render: templates/own.ini, to: config/own.ini}
    phases:
      execute:
        script: |
          cat config/plain config/own.ini
          stat -L -c ' %a' config/plain config/own.ini
          readlink config/own.ini > where
          env | grep -c hunte[r]2 || true
"""
OWN = {"templates/own.ini": "secret=${secrets.broker}\n"}


def test_a_secret_is_in_its_files_while_the_phase_runs_and_nowhere_else(tmp_path: Path) -> None:
    exported = export(tmp_path, SECRETS, OWN)
    before = {p.read_text() for p in exported.folder.rglob("*") if p.is_file()}
    done = exported.run("execute", SECRETS_BROKER="hunter2")
    assert done.stdout == "u:hunter2@bsecret=hunter2\n 600\n 600\n0\n", done.stderr
    assert not (exported.folder / "config" / "own.ini").is_symlink()
    assert not os.path.lexists(exported.text("where").strip())
    after = {p.read_text() for p in exported.folder.rglob("*") if p.is_file()}
    assert not any("hunter2" in text for text in before | after)


def test_a_missing_secret_stops_the_phase_before_it_begins(tmp_path: Path) -> None:
    done = export(tmp_path, SECRETS, OWN).run("execute")
    assert (done.returncode, done.stdout) == (2, "")
    assert "set SECRETS_BROKER: Password of the broker" in done.stderr


def test_secrets_are_removed_when_the_preparation_fails(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        secrets: {key: A key}
        files: [{text: "${secrets.key}", to: key}]
        build:
          broken:
            command: sh -c "readlink key > where; exit 3"
            inputs: [twin.yaml]
            outputs: [made]
        phases: {execute: "true"}
        """,
    )
    done = exported.run("execute", SECRETS_KEY="hunter2")
    assert done.returncode == 2
    assert "failed with status 3" in done.stderr
    assert not os.path.lexists(exported.text("where").strip())


def test_files_are_rendered_and_a_foreign_dollar_stays(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        parameters: {power: 5}
        files:
          - {text: "p=${parameters.power} $${x.y} ${HOME} $1 $$ 100%\\n", to: made/a.txt}
          - {text: "#!/bin/sh\\necho ${twin.name}\\n", to: made/run, executable: true}
        phases: {execute: made/run}
        """,
    )
    assert exported.run("execute").stdout == "tank\n"
    assert exported.text("made/a.txt") == "p=5 ${x.y} ${HOME} $1 $$ 100%\n"


def test_a_build_step_runs_only_when_an_input_is_newer(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        build:
          second: {command: cp one two, inputs: [one], outputs: [two], after: [first]}
          first: {command: sh -c "echo x >> log; cp src/in one", inputs: ["src/**"], outputs: [one]}
        phases: {execute: cat two}
        """,
        {"src/in": "1\n"},
    )
    assert exported.run("execute").stdout == "1\n"
    assert exported.run("execute").stdout == "1\n"
    assert exported.text("log") == "x\n"
    source = exported.folder / "src" / "in"
    source.write_text("2\n")
    later = (exported.folder / "two").stat().st_mtime + 5
    os.utime(source, (later, later))
    assert exported.run("execute").stdout == "2\n"
    assert exported.text("log") == "x\nx\n"


def test_parameters_and_paths_are_put_into_a_multi_model(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        uses: {c: models/c.fmu}
        parameters: {power: 5, scheme: jacobi}
        cosimulations:
          base:
            format: maestro
            file: cosim/mm.json
            bind: {power: ["{c}.c.P", d.P], scheme: "{c}.c.s"}
        phases: {execute: "cat ${cosimulations.base}"}
        """,
        {
            "cosim/mm.json": """
                {"fmus": {"{c}": "${uses.c}", "{d}": "d.fmu"},
                 "connections": {"{c}.c.y": ["{d}.e.u"]},
                 "parameters": {"{c}.c.P": 1, "{d}.e.x": 2}}
            """
        },
    )
    done = exported.run("execute", PARAMETERS_POWER="7", TWINHUB_WORKSPACE="/w")
    made = json.loads(done.stdout)
    values = {"{c}.c.P": 7, "{d}.e.P": 7, "{c}.c.s": "jacobi", "{d}.e.x": 2}
    assert made["parameters"] == values
    assert made["fmus"] == {"{c}": "/w/models/c.fmu", "{d}": "d.fmu"}
    assert (exported.folder / "cosim" / ".bound-base-mm.json").exists()


def test_a_multi_model_that_is_built_is_bound_when_it_is_there(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        parameters: {power: 5}
        cosimulations: {base: {format: maestro, file: mm.json, bind: {power: "{c}.c.P"}}}
        phases: {execute: "cat ${cosimulations.base}"}
        """,
    )
    missing = exported.run("execute")
    assert missing.returncode == 2
    assert "mm.json is no multi-model" in missing.stderr
    (exported.folder / "mm.json").write_text('{"fmus": {}}')
    assert json.loads(exported.run("execute").stdout)["parameters"] == {"{c}.c.P": 5}


def test_parameters_of_one_fmu_are_start_values(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        uses: {tank: models/tank.fmu}
        parameters: {mass: 60, loud: true}
        cosimulations: {alone: {format: fmpy, file: "${uses.tank}", bind: {mass: m, loud: l}}}
        phases: {execute: "cat ${cosimulations.alone}"}
        """,
    )
    made = json.loads(exported.run("execute", TWINHUB_WORKSPACE="/w").stdout)
    assert made == {"filename": "/w/models/tank.fmu", "start_values": {"m": 60, "l": True}}


def test_an_fmu_without_bindings_is_an_argument_too(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        uses: {tank: models/tank}
        cosimulations: {alone: {format: fmpy, file: "${uses.tank}/a b.fmu"}}
        phases: {execute: "echo ${cosimulations.alone}"}
        """,
    )
    done = exported.run("execute", TWINHUB_WORKSPACE="/w")
    made = json.loads(Path(done.stdout.strip()).read_text())
    assert made == {"filename": "/w/models/tank/a b.fmu", "start_values": {}}


def test_numbers_are_put_into_a_system_structure(tmp_path: Path) -> None:
    twins = Path("config/examples/twins")
    exported = Export(
        export_dtaas(load_twin(twins / "two-cosimulations" / "twin.yaml"), tmp_path / "out")
    )
    plan = json.loads(exported.text("lifecycle/twin/plan.json"))
    plan["phases"]["exchange"]["processes"]["exchange"]["command"][:2] = ["cat"]
    (exported.folder / "lifecycle/twin/plan.json").write_text(json.dumps(plan))
    done = exported.run("exchange", PARAMETERS_POWER_LIMIT="7500", TWINHUB_WORKSPACE="/w")
    assert 'name="controller.P_max"><Real value="7500"/>' in done.stdout, done.stderr
    assert 'name="tank.m"><Real value="60"/>' in done.stdout
    assert 'source="/w/common/models/heated-tank/heated-tank.fmu"' in done.stdout


def test_assets_are_where_a_workspace_has_them(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        uses: {tank: common/models/heated-tank@1.2, own: models/x.fmu, team: teams/lab/data/d}
        phases: {execute: "echo ${uses.tank} ${uses.own} ${uses.team}"}
        """,
    )
    usual = exported.run("execute", CI_PROJECT_DIR="").stdout
    assert usual == (
        "/workspace/common/models/heated-tank /workspace/models/x.fmu /workspace/teams/lab/data/d\n"
    )
    moved = exported.run("execute", CI_PROJECT_DIR="/builds/x", USES_OWN="/else").stdout
    assert moved == "/builds/x/common/models/heated-tank /else /builds/x/teams/lab/data/d\n"


def fetched(tmp_path: Path, digest: str) -> tuple[Export, ThreadingHTTPServer]:
    site = tmp_path / "site"
    site.mkdir()
    (site / "profile.csv").write_text("t,x\n")
    handler = partial(QuietHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/profile.csv"
    yaml = f"""
        uses: {{profile: {{url: "{url}", sha256: "{digest}"}}}}
        phases: {{execute: "cat ${{uses.profile}}"}}
    """
    return export(tmp_path, yaml), server


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as its base has it
        pass


def test_create_fetches_from_the_web_and_compares_the_digest(tmp_path: Path) -> None:
    exported, server = fetched(tmp_path, hashlib.sha256(b"t,x\n").hexdigest())
    try:
        done = exported.run("create", no_proxy="*")
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 0, done.stderr
    assert exported.run("execute").stdout == "t,x\n"


def test_a_fetched_file_with_another_digest_is_refused(tmp_path: Path) -> None:
    exported, server = fetched(tmp_path, "0" * 64)
    try:
        done = exported.run("create", no_proxy="*")
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 2
    assert "has not the digest 000" in done.stderr


STUB = """#!/bin/sh
echo "$@" >> "$LOG"
mkdir -p .twin/venv/bin
printf '#!/bin/sh\\necho "pip $*" >> "$LOG"\\n' > .twin/venv/bin/python
printf '#!/bin/sh\\necho from the environment\\n' > .twin/venv/bin/tool
chmod +x .twin/venv/bin/python .twin/venv/bin/tool
"""


def test_create_makes_the_environment_once_and_phases_use_it(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        environment: {python: "3.99", packages: [numpy>=2]}
        phases: {execute: tool}
        """,
    )
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3.99").write_text(STUB)
    (programs / "python3.99").chmod(0o755)
    log = tmp_path / "log"
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    for _ in range(2):
        done = exported.run("create", PATH=path, LOG=str(log))
        assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["-m", "venv"], ["pip", "-m"]]
    assert lines[1] == "pip -m pip install --quiet numpy>=2"
    assert exported.run("execute").stdout == "from the environment\n"
    assert exported.run("clean").returncode == 0
    assert not (exported.folder / ".twin").exists()


def test_secrets_are_not_in_the_environment_of_what_is_built(tmp_path: Path) -> None:
    yaml = """
        secrets: {key: A key}
        files: [{text: "${secrets.key}", to: key.ini}]
        build: {seen: {command: "sh -c 'env > seen'", inputs: [x], outputs: [seen]}}
        phases: {execute: "true"}
    """
    exported = export(tmp_path, yaml)
    done = exported.run("execute", SECRETS_KEY="hunter2", SERVICES_X_PASSWORD="hunter2")
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in (exported.folder / "seen").read_text()
