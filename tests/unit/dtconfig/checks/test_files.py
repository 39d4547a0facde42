"""Assets, programs, templates and paths: what must be there, and what is made twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.checks import check_twin
from twinhub_dtconfig.loading import parse_twin

if TYPE_CHECKING:
    from tests.unit.dtconfig.checks.twins import Workspace


def test_a_twin_without_faults_has_none(workspace: Workspace) -> None:
    workspace.write("/common/models/tank@1.2.0/tank.fmu")
    workspace.write("/data/profile.csv")
    workspace.write("lifecycle/create", "#!/bin/sh\n", mode=0o755)
    workspace.write("simulate.py")
    workspace.write("templates/a.json", '{"p": ${parameters.power}, "k": "$${x} ${HOME}"}')
    workspace.write("requirements.txt")
    assert not workspace.check("""\
        uses: {tank: common/models/tank@1.2, profile: data/profile.csv}
        parameters: {power: {unit: kW, default: 3}}
        files: [{render: templates/a.json, to: config/a.json}]
        environment: {requirements: requirements.txt}
        build: {b: {command: make, inputs: ["src/**"], outputs: [model.fmu]}}
        physical: {source: replay, data: profile}
        services: {influxdb: {managed: {buckets: [a]}}}
        ports: {a: 8080, b: {port: 8080, protocol: udp}}
        phases: {create: ./lifecycle/create, execute: python3 simulate.py --fast}
        """, services={"influxdb"})  # fmt: skip


def test_an_asset_that_is_not_there_is_located_with_the_nearest(workspace: Workspace) -> None:
    workspace.write("/common/models/tank@1.2.0/tank.fmu")
    workspace.write("/common/digital_twins/cooler/twin.yaml")
    assert workspace.check("""\
        uses:
          tank: common/models/tnak
          new: {asset: common/models/tank@^2}
          cooler: {twin: common/digital_twins/colder}
        class: common/digital_twins/cooler@1
        """) == [
        "twin.yaml:4:9: uses.tank: there is no common/models/tnak;"
        " did you mean 'common/models/tank'?",
        "twin.yaml:5:16: uses.new.asset: no version of common/models/tank fits '@^2';"
        " there are 1.2.0",
        "twin.yaml:6:18: uses.cooler.twin: there is no common/digital_twins/colder;"
        " did you mean 'common/digital_twins/cooler'?",
        "twin.yaml:7:8: class: common/digital_twins/cooler has no versions; remove '@1'",
    ]  # fmt: skip


def test_a_model_of_which_only_the_sources_are_there_is_a_warning(workspace: Workspace) -> None:
    workspace.write("/common/models/tank@1.0.0/modelDescription.xml")
    assert workspace.check("uses: {tank: common/models/tank/tank.fmu@1}\n") == [
        "twin.yaml:3:14: warning: uses.tank: common/models/tank has no tank.fmu;"
        " only its sources are there: build it before a run"
    ]


def test_programs_that_cannot_be_run_are_located(workspace: Workspace) -> None:
    workspace.write("lifecycle/create", "#!/bin/sh\n")
    workspace.write("lifecycle/save", "data")
    workspace.write("lifecycle/execute", "#!/bin/sh\n", mode=0o755)
    (workspace.folder / "lifecycle/clean").mkdir()
    assert workspace.check("""\
        phases:
          create: ./lifecycle/create
          execute: ./lifecycle/exceute
          save: lifecycle/save
          clean: [./lifecycle/clean]
          analyse: {command: python3 analyse.py, stop: {command: ./stop}}
        """) == [
        "twin.yaml:4:11: warning: phases.create: lifecycle/create is not executable, so it"
        " is run by its #! line; run `chmod +x lifecycle/create`",
        "twin.yaml:5:12: phases.execute: there is no program lifecycle/exceute;"
        " did you mean 'lifecycle/execute'?",
        "twin.yaml:6:9: phases.save: lifecycle/save is not executable and has no #! line,"
        " so it cannot be run; run `chmod +x lifecycle/save`, or name the program that reads it",
        "twin.yaml:7:10: phases.clean: lifecycle/clean is no file, so it cannot be run;"
        " name a program",
        "twin.yaml:8:22: warning: phases.analyse.command: there is no script analyse.py;"
        " create it, unless the phase `create` does",
        "twin.yaml:8:58: warning: phases.analyse.stop.command: there is no program stop;"
        " create it, unless the phase `create` does",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "simulate", "/usr/bin/env x", "python3 -m http.server", "python3 -c 'a.b'", "bash -x a.sh",
        "python3 ${uses.x}/a.py", "python3 made.py", "./bin/built", "./out/late", "python3 --v",
    ],
)  # fmt: skip
def test_what_lies_elsewhere_or_is_made_is_not_looked_for(
    workspace: Workspace, command: str
) -> None:
    workspace.write("/tools/x/a.py")
    assert not workspace.check(f"""\
        uses: {{x: tools/x}}
        files: [{{text: "print()", to: made.py}}]
        build: {{b: {{command: make, inputs: ["src/*"], outputs: ["bin/*"]}}}}
        phases: {{save: {{command: run, outputs: ["out/**"]}}, execute: "{command}"}}
        """)


def test_the_folder_of_a_process_counts(workspace: Workspace) -> None:
    workspace.write("sim/run.py")
    assert not workspace.check("""\
        phases:
          execute:
            folder: sim
            processes: {a: python3 run.py, b: {command: python3 sim/run.py, folder: .}}
        """)


def test_names_in_templates_are_located_in_the_template(workspace: Workspace) -> None:
    workspace.write("t.json", 'a\n {"p": ${parameters.powr}, ${secrets.key} ${secrets.keyy}}\n')
    (workspace.folder / "b.bin").write_bytes(b"\xff")
    assert workspace.check("""\
        parameters: {power: 3}
        secrets: {key: Key}
        files:
          - {render: t.json, to: a.json}
          - {render: tt.json, to: b.json}
          - {render: b.bin, to: c.json}
        """) == [
        "twin.yaml:7:14: files[1].render: there is no template tt.json; did you mean 't.json'?",
        "twin.yaml:8:14: files[2].render: the template is not UTF-8; give a text file",
        "digital_twins/tank/t.json:2:8: ${parameters.powr} names nothing;"
        " did you mean 'parameters.power'?",
        "digital_twins/tank/t.json:2:43: ${secrets.keyy} names nothing;"
        " did you mean 'secrets.key'?",
    ]


def test_links_out_of_the_folder_are_not_followed(workspace: Workspace) -> None:
    workspace.write("a")
    (workspace.folder / "t.json").symlink_to("/etc/hostname")
    faults = workspace.check("files: [{render: t.json, to: a.json}]\n")
    assert len(faults) == 1
    assert "there is no template t.json" in faults[0]


def test_two_writers_of_one_path_are_located(workspace: Workspace) -> None:
    workspace.write("t.json", "x")
    assert workspace.check("""\
        files:
          - {text: a, to: config/a.json}
          - {text: b, to: ./config/a.json}
          - {render: t.json, to: t.json}
        build:
          one: {command: make, inputs: ["src/*"], outputs: [out/a.fmu, out/b.fmu]}
          two: {command: make, inputs: ["src/*"], outputs: ["out/*.fmu"]}
        phases:
          execute: {command: run, outputs: ["result/*.csv", config]}
          analyse: {command: run, outputs: ["result/*.csv"]}
        """) == [
        "twin.yaml:5:19: files[1].to: ./config/a.json is made by files[0] too;"
        " give one of them another path",
        "twin.yaml:6:26: files[2].to: it would be written over t.json; give another path",
        "twin.yaml:9:53: build.two.outputs[0]: out/*.fmu is made by build.one too;"
        " give one of them another path",
        "twin.yaml:11:53: phases.execute.outputs[1]: config is made by files[0] too;"
        " give one of them another path",
        "twin.yaml:11:53: phases.execute.outputs[1]: config is made by files[1] too;"
        " give one of them another path",
    ]


def test_processes_that_are_ready_by_the_same_thing_are_located(workspace: Workspace) -> None:
    assert workspace.check("""\
        ports: {api: 8080}
        phases:
          execute:
            processes:
              a: {command: run, ready: {port: api}}
              b: {command: run, ready: {port: 8080}}
              c: {command: run, ready: {file: done}}
              d: {command: run, ready: {file: done}}
          analyse: {processes: {e: {command: run, ready: {file: done}}}}
        """) == [
        "twin.yaml:8:39: phases.execute.processes.b.ready.port: a is ready by the same port, 8080;"
        " give each its own",
        "twin.yaml:10:39: phases.execute.processes.d.ready.file: c is ready by the same file, done;"
        " give each its own",
    ]


def test_circles_of_needs_are_located(workspace: Workspace) -> None:
    faults = workspace.check("""\
        build:
          a: {command: make, inputs: ["b/*"], outputs: [a/x]}
          b: {command: make, inputs: ["a/*"], outputs: [b/x]}
          c: {command: make, inputs: ["c/**", c/x], outputs: [c/x]}
        phases:
          execute: {command: run, inputs: [second.csv], outputs: [first.csv]}
          analyse: {command: run, inputs: [first.csv], outputs: [second.csv]}
          save: {command: run, inputs: [third.csv]}
        """)
    assert [fault.partition(": ")[2] for fault in faults] == [
        "build.b.inputs: they need each other: a → b → a; remove an input or an output",
        "warning: build.c.outputs[0]: c/x is an input too, so that the step would always run again;"
        " remove it from the inputs",
        "phases.analyse.inputs: they need each other: execute → analyse → execute;"
        " remove an input or an output",
        "warning: phases.save.inputs[0]: nothing makes third.csv, and it does not exist;"
        " add it to the outputs of the phase that makes it",
    ]


def test_other_files_that_are_named_must_be_there(workspace: Workspace) -> None:
    workspace.write("dashboards/tank.json")
    faults = workspace.check("""\
        environment: {requirements: requirements.txt}
        ports: {api: {port: 1, openapi: api.yaml}}
        services: {grafana: {managed: {dashboards: [dashboards/tnak.json]}}}
        build: {a: {command: make, inputs: [Makefile, "src/*"], outputs: [x]}}
        """)
    assert [fault.partition(": ")[2] for fault in faults] == [
        "environment.requirements: there is no file requirements.txt;"
        " create it, or correct the path",
        "ports.api.openapi: there is no file api.yaml; create it, or correct the path",
        "services.grafana.managed.dashboards[0]: there is no file dashboards/tnak.json;"
        " did you mean 'dashboards/tank.json'?",
        "build.a.inputs[0]: there is no file Makefile; create it, or correct the path",
    ]


def test_ports_services_and_units_are_located(workspace: Workspace) -> None:
    assert workspace.check("""\
        ports: {a: 8080, b: {port: 8080}, c: 9}
        services:
          mqtt: {managed: {topics: [a]}}
          plant: {kind: mqtt, external: {url: "mqtts://broker.example.org"}}
        parameters: {p: {unit: KW, default: 1}, q: {unit: "%", default: 1}}
        """, services=["influxdb", "grafana"]) == [
        "twin.yaml:3:28: ports.b.port: a has the port 8080 too; give each its own number",
        "twin.yaml:5:3: warning: services.mqtt: this installation has no mqtt;"
        " it has grafana, influxdb; ask whoever runs it, or name one of your own: `external:`",
        "twin.yaml:7:24: warning: parameters.p.unit: 'KW' is no known unit; did you mean 'kW'?;"
        " write it as in 'kg/s', 'N.m', 'degC' or 'percent'; a number without a unit has none",
    ]  # fmt: skip


def test_without_a_library_references_are_not_looked_up(workspace: Workspace) -> None:
    text = b"format: 1\nname: a\nuses: {t: common/models/t}\nphases: {execute: run}\n"
    workspace.folder.mkdir(parents=True)
    assert check_twin(parse_twin(text), workspace.folder) == []


def test_a_template_with_a_secret_is_not_among_results(workspace: Workspace) -> None:
    workspace.write("t.ini", "${secrets.key}")
    faults = workspace.check("""\
        secrets: {key: A key}
        files: [{render: t.ini, to: config/a.ini}]
        phases: {execute: {command: ls, outputs: ["config/**"]}}
        """)
    assert any("'config/**' would keep config/a.ini, which holds a secret" in one for one in faults)
