"""Commands, numbers and history of a run that goes on, by ``twin`` and in Python."""

from __future__ import annotations

import json
import sys
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import twinhub
from twinhub import runs

from tests.fixtures.library import find_free_port
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fixtures.runner import RunningRunner
    from tests.unit.runner.interfaces.conftest import Done

    Twin = Callable[..., Done]

pytestmark = pytest.mark.heavy  # a real server and real sandboxes

SECONDS = 30


@pytest.fixture(name="waiting")
def _waiting(as_user: Callable[[str], None]) -> Iterator[runs.Run]:
    """Return a run of alice's that has begun and waits; it is ended afterwards."""
    as_user("alice")
    run = twinhub.run("tank", phase="wait")
    wait_for(lambda: run.log() == "begun\n", seconds=SECONDS, what="it has begun")
    yield run
    as_user("alice")  # a test may have become somebody else
    run.kill().wait(check=False)


def test_command_runs_inside_and_is_told(twin: Twin, waiting: runs.Run) -> None:
    done = twin("command", waiting.id, "open_valve", "--set", "position=40")
    assert (done.code, done.out) == (1, "valve 40\n")
    assert done.err == "twin: open_valve ended with status 3\n"
    assert "open_valve  alice  3" in twin("command", waiting.id).out
    assert waiting.command("open_valve", position=41) == 3
    assert waiting.log("open_valve") == "valve 40\nvalve 41\n"
    told = [one for one in twin("history", waiting.id).out.splitlines() if "told" in one]
    assert len(told) == 2
    assert all("alice" in one for one in told)


def test_terminate_runs_inside_the_run_that_it_ends(twin: Twin, waiting: runs.Run) -> None:
    with pytest.raises(runs.RunsError, match=f"twin command {waiting.id} terminate"):
        twinhub.run("tank", phase="terminate")
    done = twin("run", "tank", "terminate")
    assert (done.code, done.out) == (0, "ending\n")
    assert done.err == f"twin: terminate runs inside the run {waiting.id}\n"
    assert waiting.wait(SECONDS).status == "succeeded"
    again = twin("command", waiting.id, "terminate")
    assert again.code == 2
    assert "is succeeded: only one that runs can be told" in again.err


def test_what_the_twin_does_not_take_is_refused(twin: Twin, waiting: runs.Run) -> None:
    for arguments, said in [
        (["open_valv"], "Did you mean 'open_valve'?"),
        (["open_valve"], "arguments without a value: position"),
        (["open_valve", "--set", "positon=1"], "did you mean 'position'?"),
        (["open_valve", "--set", "position=101"], "101 is too large; give at most 100"),
        (["open_valve", "--set", "position=far"], "position: 'far' is not a number"),
    ]:
        done = twin("command", waiting.id, *arguments)
        assert done.code == 2
        assert said in done.err


def test_command_of_somebody_else_s_run_is_refused(twin: Twin, waiting: runs.Run) -> None:
    done = twin("command", waiting.id, "terminate", user="carol")
    assert done.err == f"twin: There is no run {waiting.id}.\n"


def test_numbers_become_series(twin: Twin, as_user: Callable[[str], None]) -> None:
    as_user("alice")
    run = twinhub.run("tank", power=0).wait()
    found = run.metrics()
    assert [value for _, value in found["level"]] == [1, 2, 3, 4]
    assert found["progress"][-1][1] == pytest.approx(0.1)
    assert len(run.metrics(most=2)["level"]) == 2
    assert "Nothing runs" in twin("top", "--once").out


def test_top_shows_what_runs_and_why_what_waits_does(twin: Twin, waiting: runs.Run) -> None:
    second = twinhub.run("tank", phase="create")
    wait_for(lambda: "is used by" in twin("top").out, seconds=SECONDS, what="it waits")
    assert f"{waiting.id}  digital_twins/tank  wait" in twin("top").out
    second.stop().wait(check=False)


def test_what_differs_between_two_runs_is_told(twin: Twin, as_user: Callable[[str], None]) -> None:
    as_user("alice")
    first, second = twinhub.run("tank", power=0).wait(), twinhub.run("tank", power=1)
    second.wait(check=False)
    done = twin("compare", first.id, second.id)
    assert done.code == 1
    assert set(done.out.splitlines()) == {
        '~ status: "succeeded" → "failed"', "~ exit_code: 0 → 1", "~ parameters.power: 0 → 1",
        '~ configuration.processes.main.variables.POWER: "0" → "1"',
    }  # fmt: skip
    assert twin("compare", first.id, first.id).code == 0


def test_run_in_python_is_waited_for_and_fails_with_the_end_of_its_log(
    as_user: Callable[[str], None],
) -> None:
    as_user("alice")
    chain = twinhub.run("tank", phase=["create", "execute"], scenario="cold", label="a b")
    assert chain.parameters["label"] == "a b"
    with pytest.raises(runs.RunFailedError, match="ended with status 1") as failed:
        chain.wait()
    assert "power 1" in str(failed.value)
    assert (chain.status, chain.exit_code) == ("failed", 1)
    assert [one.status for one in chain.before] == ["succeeded"]
    assert runs.recent("tank", 1)[0].id == chain.id
    assert runs.find(chain.id).wait(check=False).status == "failed"
    assert "power 1" in list(chain.follow())


def test_what_cannot_be_is_an_error_with_the_remedy(as_user: Callable[[str], None]) -> None:
    as_user("alice")
    with pytest.raises(runs.RunsError, match="did you mean 'power'"):
        twinhub.run("tank", powr=1)
    with pytest.raises(runs.RunsError, match="There is no twin tnk"):
        twinhub.run("tnk")


def test_run_that_does_not_end_in_time_goes_on(waiting: runs.Run) -> None:
    with pytest.raises(TimeoutError, match=r"has not ended after 0\.2 s"):
        waiting.wait(0.2)
    assert waiting.status == "running"


def test_notebook_shows_a_table_that_is_text(
    as_user: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user("alice")
    shown: list[str] = []

    def display(what: Any, **_: object) -> SimpleNamespace:  # noqa: ANN401 - IPython's own
        shown.append(what._repr_html_())
        return SimpleNamespace(update=lambda new: shown.append(new._repr_html_()))

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    run = twinhub.run("tank", power=0, label="<img src=x>").wait()
    assert "<progress max=" in shown[-1]
    assert "succeeded" in shown[-1]
    assert "&lt;img src=x&gt;" in shown[-1]
    assert "<img" not in run._repr_html_()
    assert "power 0" in run._repr_html_()


def test_notebook_shows_results_and_lists_of_runs_as_tables_of_text(
    as_user: Callable[[str], None], running_runner: RunningRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user("alice")
    monkeypatch.chdir(running_runner.root / "alice/digital_twins/tank")
    run = twinhub.run(".", phase="make").wait()
    preview = run.results().preview("output/levels.csv")
    assert preview._repr_html_().count("<th>") == 2
    assert repr(preview) == "0\t1.5"
    assert "<th>SHA-256</th>" in run.results()._repr_html_()
    recent = runs.recent(".", limit=3)
    assert recent[0].id == run.id
    assert f"<td>{run.id}</td>" in recent._repr_html_()

    with pytest.raises(runs.RunFailedError) as failed:
        twinhub.run(".", power=1).wait()
    assert "@twin" not in str(failed.value)
    assert "warning" in str(failed.value)


def test_folder_elsewhere_is_refused_in_python_too(
    as_user: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_user("alice")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(runs.RunsError, match="only twins of the library run"):
        twinhub.run(".")


def test_results_are_listed_fetched_and_made_again(
    twin: Twin, as_user: Callable[[str], None], tmp_path: Path
) -> None:
    as_user("alice")
    twinhub.run("tank", phase="create").wait()  # what other tests have run in the copy is not rerun
    run = twinhub.run("tank", phase="make").wait()
    assert dict(run.results()) == {"output/levels.csv": b"0,1.5\n"}
    assert run.results().text("output/levels.csv") == "0,1.5\n"
    assert run.provenance().run.id == run.id

    listed = twin("results", run.id)
    assert listed.out.startswith("output/levels.csv  6 B  ")
    assert listed.err == "twin: no file has fitted the declared output never.txt\n"
    saved = tmp_path / "saved/output/levels.csv"
    assert twin("results", run.id, "--to", str(tmp_path / "saved")).out == f"{saved}\n"
    assert saved.read_text() == "0,1.5\n"
    again = twin("results", run.id, "--to", str(tmp_path / "saved"))
    assert (again.code, saved.read_text()) == (2, "0,1.5\n")
    assert "File exists" in again.err
    with pytest.raises(runs.RunsError, match="File exists"):
        run.results().save(tmp_path / "saved")
    assert twin("results", run.id, "--crate", str(tmp_path / "run.zip")).code == 0
    assert zipfile.is_zipfile(tmp_path / "run.zip")

    done = twin("rerun", run.id)
    assert done.code == 0
    assert "make succeeded" in done.err
    assert run.rerun().wait().results().keys() == run.results().keys()


def test_command_tells_programs_in_json(twin: Twin) -> None:
    ended = json.loads(twin("run", "tank", "create", "--json").out)
    assert (ended["phase"], ended["status"]) == ("create", "succeeded")
    events = json.loads(twin("history", ended["id"], "--json").out)
    assert events[-1]["after"] == "succeeded"
    assert json.loads(twin("ps", "--all", "--json").out)[0]["id"] == ended["id"]


VALVE = """\
format: 1
name: valve
ports: {{api: {port}}}
phases:
  execute:
    live: true
    processes:
      api: {{command: python3 valve.py {port}, ready: {{port: api, within: 30s}}}}
      said: {{command: echo listening, after: [api], essential: false}}
commands:
  open:
    arguments: {{note: {{type: text}}, position: {{minimum: 0}}}}
    effect: {{http: {{port: api, method: PUT, path: "/valve/${{arguments.note}}?by=me",
                     body: '{{"note": "${{arguments.note}}", "to": ${{arguments.position}}}}'}}}}
  break: {{effect: {{http: {{port: api, path: /fault}}}}}}
"""
VALVE_SERVER = """\
import http.server, sys
class Valve(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        said = f"{self.command} {self.path} {self.headers['Content-Type']} {body}".encode()
        self.send_response(500 if self.path == "/fault" else 200)
        self.end_headers()
        self.wfile.write(said)
    do_PUT = do_POST = answer
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Valve).serve_forever()
"""


def test_command_that_is_a_request_reaches_the_twin_s_port_and_nothing_else_is_put_into_it(
    twin: Twin, running_runner: RunningRunner, as_user: Callable[[str], None]
) -> None:
    folder = running_runner.root / "alice/digital_twins/valve"
    folder.mkdir()
    (folder / "twin.yaml").write_text(VALVE.format(port=find_free_port()))
    (folder / "valve.py").write_text(VALVE_SERVER)
    as_user("alice")
    run = twinhub.run("valve", phase="execute")
    wait_for(lambda: "listening" in run.log(), seconds=SECONDS, what="it listens")
    done = twin("command", run.id, "open", "--set", 'note=a/b?c="d"', "--set", "position=4")
    assert done.out == (
        'PUT /valve/a%2Fb%3Fc%3D%22d%22?by=me application/json {"note": "a/b?c=\\"d\\"", "to": 4}\n'
    )
    assert done.code == 0
    done = twin("command", run.id, "break")
    assert (done.code, "fault: 500" in done.out + done.err) == (1, True)
    run.kill().wait(check=False)
