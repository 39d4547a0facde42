"""What is built before a phase: again only when what it reads is new."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.waiting import wait_for
from tests.unit.runner.agent.sandboxes import END_SECONDS, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes


class Twin:
    """A twin whose step makes ``out/made`` of ``src``, and notes in ``built`` that it ran."""

    script = "echo x >> built; mkdir -p out; cat src/* > out/made"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.work = sandbox, sandbox.folder / "work"
        self.cache = sandbox.folder / "builds"
        self.cache.mkdir()
        self.write("src/one", "1\n")

    def write(self, path: str, text: str) -> None:
        """Write a file of the twin."""
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def start(self, script: str, step: dict[str, Any]) -> None:
        """Start a phase that builds something, and needs a secret."""
        os.mkfifo(self.sandbox.folder / "in/secrets", 0o600)
        (self.work / "key.in").write_text("${secrets.key}\n")
        made = {"to": "key", "text": None, "render": "key.in", "executable": False}
        self.sandbox.start(
            {"main": {"command": ["sh", "-c", script]}}, secrets={"secrets.key": "key"},
            files={"folder": str(self.work), "made": [made], "values": {}},
            build=[step | {"twin": str(self.work)}], builds=str(self.cache),
        )  # fmt: skip

    def run(self, *steps: dict[str, Any], script: str = "cat out/made") -> tuple[int, str]:
        """Run a phase, in a try of its own."""
        for name in ("begun", "result.json"):
            (self.sandbox.folder / "out" / name).unlink(missing_ok=True)
        build = [one | {"twin": str(self.work)} for one in steps or (self.step(),)]
        return self.sandbox.run_script(script, build=build, builds=str(self.cache))

    def step(self, script: str = "", name: str = "make", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Return a step that runs a script."""
        process = {
            "command": ["sh", "-ec", script or self.script], "folder": str(self.work), "after": [],
            "variables": {}, "ready": {}, "restart": "never", "essential": True,
            "stop": {"signal": "SIGTERM", "command": None, "grace": 5},
        }  # fmt: skip
        return {
            "name": name, "inputs": ["src/**"], "outputs": ["out/*"], "time_limit": None,
            "process": process, **more,
        }  # fmt: skip

    @property
    def count(self) -> int:
        """How often the step has run."""
        return len((self.work / "built").read_text().splitlines())


@pytest.fixture(name="twin")
def _twin(tmp_path: Path) -> Twin:
    return Twin(Sandbox(tmp_path))


def test_a_step_runs_again_only_when_what_it_reads_has_changed(twin: Twin) -> None:
    assert twin.run() == (0, "ended")
    assert twin.run() == (0, "ended")
    assert twin.count == 1
    twin.write("src/deep/two", "2\n")
    twin.write("src/one", "3\n")
    twin.run()
    assert twin.count == 2
    twin.write("src/one", "1\n")
    (twin.work / "src/deep/two").unlink()
    twin.run()
    assert twin.count == 2


def test_what_was_made_is_put_back_where_it_is_gone_or_was_spoilt(twin: Twin) -> None:
    twin.run()
    twin.write("out/made", "spoilt\n")
    twin.run()
    (twin.work / "out/made").unlink()
    twin.run()
    assert twin.sandbox.texts("main") == ["1", "1", "1"]
    assert twin.sandbox.texts("twin") == ["make is built."] + ["make: as it was built before."] * 2


def test_what_a_step_leaves_among_its_inputs_has_it_run_no_second_time(twin: Twin) -> None:
    step = twin.step(f"{twin.script}; cp out/made src/made.o")
    for _ in range(3):
        twin.run(step)
    assert twin.count == 1
    (twin.work / "src/made.o").unlink()  # as in a new copy
    twin.run(step)
    assert twin.count == 1


def test_a_step_that_reads_what_another_makes_comes_after_it(twin: Twin) -> None:
    second = twin.step("cp out/made last", "second", inputs=["out/*"], outputs=["last"])
    assert twin.run(twin.step(), second, script="cat last") == (0, "ended")
    assert twin.sandbox.texts("main") == ["1"]


def test_a_step_that_fails_ends_the_phase_before_it_begins(twin: Twin) -> None:
    step = twin.step("echo no such header; exit 3")
    assert twin.run(step, script="echo never") == (3, "not-built")
    assert twin.sandbox.texts("main") == []
    assert twin.sandbox.texts("build-make") == ["no such header"]
    assert list(twin.cache.iterdir()) == []


def test_a_step_that_makes_nothing_or_takes_long_has_failed(twin: Twin) -> None:
    assert twin.run(twin.step("true")) == (125, "not-built")
    assert "make has not made out/*." in twin.sandbox.texts("twin")
    assert twin.run(twin.step("sleep 60", time_limit=0.2)) == (124, "not-built")


def test_old_results_make_room_for_new_ones(twin: Twin) -> None:
    for number in range(21):
        (twin.cache / f"{number:064}").mkdir()
    twin.run()
    assert len(list(twin.cache.iterdir())) == 20


def test_secrets_are_taken_before_what_is_built_and_go_to_the_phase_alone(twin: Twin) -> None:
    (twin.sandbox.folder / "in").mkdir()
    step = twin.step("! [ -e key ]; until [ -e go ]; do sleep 0.02; done; mkdir out; touch out/x")
    twin.start("cmp key expected && echo same", step)
    (twin.work / "expected").write_text("swordfish\n")
    twin.sandbox.tell_secrets(b'{"secrets.key": "swordfish"}\n')
    supplied = twin.sandbox.folder / "out/supplied.json"
    wait_for(supplied.exists, seconds=END_SECONDS, what="its secrets")
    twin.write("go", "")
    assert twin.sandbox.wait() == (0, "ended")
    assert twin.sandbox.texts("main") == ["same"]


def test_a_phase_that_is_stopped_before_its_secrets_come_builds_nothing(twin: Twin) -> None:
    (twin.sandbox.folder / "in").mkdir()
    twin.start("echo never", twin.step())
    os.close(twin.sandbox.open_pipe())
    twin.sandbox.tell(signal.SIGTERM)
    assert twin.sandbox.wait() == (143, "stopped")
    assert not (twin.work / "built").exists()
