"""The one process of a tool, with real programs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_lab.tools import Tool, wrapper
from twinhub_lab.tools.program import Program, ToolFailedError
from twinhub_lab.tools.tool import RUNTIME

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_WRAPPER = Path(wrapper.__file__)
_SERVE = """
import http.server, os, socketserver, subprocess, sys
subprocess.Popen(["sleep", "4321"], start_new_session=True)
print("serving", os.getpid(), flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def address_string(self): return "socket"
if sys.argv[1].isdecimal():
    server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
else:
    server = socketserver.UnixStreamServer(sys.argv[1], Handler)
server.serve_forever()
"""


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of the test's own for sockets and logs."""
    monkeypatch.setenv(RUNTIME, str(tmp_path))
    return tmp_path


def _tool(code: str = _SERVE, argument: str = "{unix_socket}", **options: object) -> Tool:
    command = [sys.executable, "-c", code, argument]
    return Tool(name="tool", title="Tool", command=command, **options)  # type: ignore[arg-type]


@asynccontextmanager
async def _program(tool: Tool) -> AsyncIterator[Program]:
    program = Program(tool)
    yield program
    await program.stop()


def _pids(log: Path) -> list[int]:
    return [int(line.split()[1]) for line in log.read_text().splitlines() if "serving" in line]


def _is_alive(pid: int) -> bool:
    return (
        Path(f"/proc/{pid}/stat").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    )


async def test_many_who_ask_get_one_process() -> None:
    tool = _tool()
    async with _program(tool) as program:
        await asyncio.gather(*(program.ensure("/") for _ in range(10)))
        assert program.is_running
        assert len(_pids(tool.log)) == 1


async def test_socket_and_log_are_the_users_alone() -> None:
    tool = _tool()
    async with _program(tool) as program:
        await program.ensure("/")
        for path in (tool.folder, tool.folder.parent):
            assert path.stat().st_mode & 0o777 == 0o700
        assert tool.log.stat().st_mode & 0o777 == 0o600


async def test_tool_without_a_socket_gets_a_port_of_this_machine_alone() -> None:
    async with _program(_tool(argument="{port}", has_socket=False)) as program:
        await program.ensure("/")
        assert program.port > 0
        assert program.is_running


async def test_start_goes_on_when_the_first_who_asked_has_left() -> None:
    async with _program(_tool()) as program:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(program.ensure("/"), 0.001)
        assert program.is_starting
        await program.ensure("/")
        assert program.is_running


async def test_what_has_ended_is_started_anew() -> None:
    tool = _tool()
    async with _program(tool) as program:
        await program.ensure("/")
        (first,) = _pids(tool.log)
        os.kill(first, 9)
        await asyncio.to_thread(
            wait_for, lambda: not program.is_running, seconds=10, what="its end is noticed"
        )
        await program.ensure("/")
        assert _pids(tool.log) != [first]


async def test_program_that_ends_is_a_bad_gateway_with_its_last_words() -> None:
    tool = _tool("import sys; print('no licence', flush=True); sys.exit(3)")
    async with _program(tool) as program:
        with pytest.raises(ToolFailedError, match="ended with status 3") as caught:
            await program.ensure("/")
    assert caught.value.status == HTTPStatus.BAD_GATEWAY
    assert "no licence" in caught.value.lines
    assert program.take_failure(is_shown=False) is caught.value
    assert program.take_failure(is_shown=True) is caught.value
    assert program.take_failure(is_shown=True) is None


async def test_program_that_does_not_answer_is_ended() -> None:
    tool = _tool("import os, time; print('serving', os.getpid(), flush=True); time.sleep(99)",
                 timeout_seconds=1)  # fmt: skip
    async with _program(tool) as program:
        with pytest.raises(ToolFailedError, match="did not answer in 1 seconds") as caught:
            await program.ensure("/")
    assert caught.value.status == HTTPStatus.GATEWAY_TIMEOUT
    assert not any(map(_is_alive, _pids(tool.log)))


async def test_program_that_is_not_there_is_named() -> None:
    async with _program(Tool(name="tool", title="Tool", command=["/no/such"])) as program:
        with pytest.raises(ToolFailedError, match="status 127") as caught:
            await program.ensure("/")
    assert caught.value.lines == ["run-tool: /no/such: No such file or directory"]


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_tool_ends_when_its_server_is_gone(runtime: Path, how: str) -> None:
    socket = runtime / "tools" / "tool" / "socket"
    command = [sys.executable, str(_WRAPPER), "tool", "--", sys.executable, "-c", _SERVE]
    with subprocess.Popen([*command, str(socket)], stdin=subprocess.PIPE) as run:
        assert run.stdin is not None
        log = runtime / "tools" / "tool" / "log"
        wait_for(lambda: log.exists() and _pids(log), seconds=10, what="the tool runs")
        wait_for(lambda: len(wrapper._descendants(run.pid)) == 2, seconds=10, what="its helper too")
        pids = wrapper._descendants(run.pid)
        if how == "closed":
            run.stdin.close()
        else:
            run.terminate()
        run.wait(timeout=10)
    assert not any(map(_is_alive, pids))


def test_log_keeps_its_end(tmp_path: Path) -> None:
    log = wrapper.BoundedLog(tmp_path / "bounded", largest=1000)
    for number in range(1000):
        log.write(f"line {number}\n".encode())
    kept = (tmp_path / "bounded").read_text()
    assert len(kept) <= 1000
    assert kept.endswith("line 999\n")


def test_wrapper_without_a_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert wrapper.main(["tool"]) == 2
    assert "run-tool NAME -- COMMAND" in capsys.readouterr().err
