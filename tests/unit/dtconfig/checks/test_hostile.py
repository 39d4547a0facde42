"""Checks of twins and folders that are made to hurt: bounded, and never more than faults."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinhub_dtconfig.checks.paths import PathIndex, matches

from tests.unit.dtconfig.models import FMI_2, write_fmu

if TYPE_CHECKING:
    from tests.unit.dtconfig.checks.twins import Workspace


def listed(prefix: str, count: int) -> str:
    return json.dumps([f"{prefix}{number}" for number in range(count)])


def many_variables(count: int) -> str:
    one = '<ScalarVariable name="variable.{}" valueReference="{}"><Real/></ScalarVariable>'
    variables = "".join(one.format(number, number) for number in range(count))
    return FMI_2.replace("</ModelVariables>", f"{variables}</ModelVariables>")


SLOW = {
    "writers": f"build: {{a: {{command: a, inputs: [x], outputs: {listed('out/*/', 900)}}}}}\n"
    f"phases: {{execute: {{command: a, outputs: {listed('out/b/*', 900)}}}}}\n",
    "inputs": f"phases: {{execute: {{command: a, inputs: {listed('a*b*/', 900)}}},"
    f" save: {{command: a, outputs: {listed('a*', 900)}}}}}\n",
    "stars": f"phases: {{execute: {{command: a, outputs: ['{'*a' * 400}', '{'a' * 900}']}}}}\n",
    "deep": f"files: [{{text: a, to: '{'a/' * 500}a'}}, {{render: '{'b/' * 500}b', to: c}}]\n",
    "signals": "cosimulations: {one: {format: fmpy, file: big.fmu}}\nsignals:\n"
    + "".join(f"  s{n}: {{source: {{variable: veriable.{n}x}}}}\n" for n in range(2000)),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", SLOW)
def test_large_twins_are_checked_in_bounded_time(workspace: Workspace, name: str) -> None:
    write_fmu(workspace.folder / "big.fmu", many_variables(5_000))
    started = time.process_time()
    faults = workspace.check(SLOW[name])
    assert time.process_time() - started < 20
    assert len(faults) <= 500


STRANGE = ["loop", "pipe", "folder", "absent", "to-root", "deep/..//x", "a\u202eb", "n" * 300, "."]


@pytest.mark.parametrize("path", STRANGE)
@pytest.mark.parametrize(
    "text",
    [
        "files: [{{render: {path}, to: a}}]\n",
        "phases: {{execute: [./{path}]}}\n",
        "cosimulations: {{a: {{format: maestro, file: {path}}}}}\n",
        "cosimulations: {{a: {{format: ssp, file: {path}}}}}\n",
        "cosimulations: {{a: {{format: fmpy, file: {path}}}}}\n",
        "uses: {{a: models/{path}}}\n",
    ],
)
def test_strange_paths_are_faults_and_never_waited_for(
    workspace: Workspace, text: str, path: str
) -> None:
    for folder in (workspace.folder, workspace.root / "models"):
        (folder / "folder").mkdir(parents=True)
        (folder / "loop").symlink_to("loop")
        (folder / "to-root").symlink_to("/")
        os.mkfifo(folder / "pipe")
    written = text.format(path=json.dumps(path)) if "[" not in text else text.format(path=path)
    if path in {"deep/..//x", "."} or "uses" in text:
        written = text.format(path="absent/x")
    assert workspace.check(written) or path in {"folder", "pipe"}


@pytest.mark.heavy
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["fmus", "connections", "parameters", "logVariables", "{a}", "{a}.b.c",
                         "algorithm", "type", "endTime", "x"]), inner, max_size=4,
    ),
    max_leaves=12,
))  # fmt: skip
def test_any_json_is_a_multi_model_or_faults(workspace: Workspace, data: object) -> None:
    workspace.write("mm.json", json.dumps(data))
    for fault in workspace.check("cosimulations: {a: {format: maestro, file: mm.json}}\n"):
        assert "mm.json:" in fault


PATHS = st.text("ab*/?.", min_size=1, max_size=6)


@given(st.lists(PATHS, max_size=6), PATHS)
def test_the_index_finds_what_comparing_with_each_finds(paths: list[str], path: str) -> None:
    index = PathIndex((one, str(at)) for at, one in enumerate(paths))
    found = {paths[int(owner)] for owner in index.owners(path)}
    for one in paths:
        if matches(path, one) or matches(one, path):
            assert one in found
