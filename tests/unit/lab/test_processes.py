"""Signs of work in the process table, of real processes that each test starts."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.operate.ports import find_free
from twinhub_lab.processes import Processes
from twinhub_lab.signs import MOST, Report, Sign, plain

from tests.fixtures.waiting import wait_for
from tests.unit.hub.test_idle import NOW

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_SECONDS = 20
_LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""
_NAMED_SSHD = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, b"sshd")  # PR_SET_NAME, see prctl(2)
server = socket.create_server(("127.0.0.1", 0))
there = socket.create_connection(server.getsockname())
here, _ = server.accept()
server.close()
print("connected", flush=True)
sys.stdin.read()
"""
_BUSY = "print('busy', flush=True)\nwhile True: pass"


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until it is left; it has printed its first line, which is in ``args``."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.args = process.stdout.readline().strip()
        try:
            yield process
        finally:
            process.kill()


def python(code: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a Python program."""
    return (sys.executable, "-c", code, *arguments)


def chosen_port() -> str:
    """A free port below those that the system chooses."""
    return str(find_free(21000 + os.getpid() % 5000))


def look(
    *, server: int = 0, kernels: Collection[int] = (), shells: dict[str, int] | None = None
) -> list[Sign]:
    """One look at everything but a server."""
    return Processes(server).look(kernels, shells or {})


def test_a_terminal_works_while_a_job_runs_in_it() -> None:
    with running("sh", "-c", "echo ready; cat; true") as shell:
        wait_for(
            lambda: Sign("terminal", "1", "runs cat", works=True) in look(shells={"1": shell.pid}),
            seconds=_SECONDS,
            what="the job",
        )
        assert shell.stdin
        shell.stdin.close()
    with running("sh", "-c", "echo ready; read line") as shell:
        assert Sign("terminal", "2", "no job", works=False) in look(shells={"2": shell.pid})


def test_a_persons_service_works_as_long_as_its_port_is_open() -> None:
    with running(*python(_LISTEN, chosen_port())) as service:
        port = str(service.args)
        (seen,) = (s for s in look(server=os.getpid(), kernels=[service.pid]) if s.name == port)
        assert seen.works
        assert seen.state.startswith("open (python")
    assert not [s for s in look() if s.name == port]


def test_a_port_that_nobody_chose_is_no_service_such_as_a_kernels_debugger() -> None:
    with running(*python(_LISTEN, "0")) as kernel:
        (seen,) = (s for s in look(server=1, kernels=[kernel.pid]) if s.name == str(kernel.args))
        assert not seen.works


def test_a_tool_that_the_server_has_started_works_while_somebody_is_connected() -> None:
    with running(*python(_LISTEN, chosen_port())) as tool:
        port = str(tool.args)
        (seen,) = (s for s in look(server=os.getpid()) if s.name == port)
        assert not seen.works
        assert seen.state.startswith("nobody is connected")
        connect = f"import socket\ns = socket.create_connection(('127.0.0.1', {port}))\n"
        with running(*python(f"{connect}print('connected', flush=True)\ninput()")):
            (seen,) = (s for s in look(server=os.getpid()) if s.name == port)
            assert seen.works


def test_a_connection_by_ssh_is_work() -> None:
    with running(*python(_NAMED_SSHD)):
        assert Sign("ssh", "", "connected", works=True) in look()


@pytest.mark.heavy
def test_cpu_is_work_unless_it_is_the_servers_own() -> None:
    with running(*python(_BUSY)) as busy:
        everything, all_others = Processes(0), Processes(busy.pid)
        assert not [s for s in everything.look([], {}) if s.kind == "cpu"]  # there is no last look
        all_others.look([], {})

        def share(processes: Processes) -> float:
            (sign,) = (s for s in processes.look([], {}) if s.kind == "cpu")
            return float(sign.state.partition("%")[0])

        wait_for(lambda: share(everything) > 20, seconds=_SECONDS, what="a busy processor")
        shares = [(share(everything), share(all_others)) for _ in range(20)]
        assert sum(one for one, _ in shares) > sum(other for _, other in shares)


def test_a_report_is_short_whatever_was_seen_and_what_works_comes_first() -> None:
    idle = [Sign("terminal", str(number), "no job", works=False) for number in range(500)]
    busy = Sign("kernel", "\x1b[31m" + "x" * 5000 + ".ipynb", "busy", works=True)
    signs = Report(NOW, [*idle, busy]).as_json()["signs"]
    assert isinstance(signs, list)
    assert len(signs) == MOST
    assert signs[0]["works"]
    assert signs[0]["name"].endswith(".ipynb")
    assert len(signs[0]["name"]) <= 60
    assert plain("\x1b[31m\n") == "?[31m?"
