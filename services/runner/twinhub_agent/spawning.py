"""Processes that the first one starts: in a session of their own, without a terminal."""

from __future__ import annotations

import os
import select

from twinhub_agent.bare import call, signal, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

_HANDLED = (
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ,
)  # fmt: skip
_PR_SET_DUMPABLE = 4
"""Of prctl(2); its effect on others is told by ptrace(2)."""
_PATIENCE_MILLISECONDS = 500
SHELL_STATUS = 128
"""What a shell adds to the number of the signal that ended a program."""


class CannotStartError(Exception):
    """A program cannot be started; the text says which and why."""


def spawn(
    command: Sequence[str], folder: str, variables: Mapping[str, str], out: int, err: int
) -> int:
    """Start a program with two descriptors as its output; return its process id.

    Raises:
        CannotStartError: its folder or program is not there, or may not be used, or there are as
            many processes as may be, or another one has stopped it before it was that program.
    """
    told, tell = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
    except OSError as error:
        os.close(told)
        os.close(tell)
        raise CannotStartError(f"no process more: {os.strerror(error.errno or 0)}") from error
    if pid == 0:
        _become(command, folder, variables, out, err, tell)
    os.close(tell)
    if fault := _hear(told, pid):
        os.waitpid(pid, 0)
        raise CannotStartError(fault.decode("utf-8", "replace"))
    return pid


def _hear(told: int, pid: int) -> bytes:
    """Return why a process does not become a program; nothing if it has."""
    with open(told, "rb") as file:
        waiting = select.poll()
        waiting.register(told, select.POLLIN)
        while not waiting.poll(_PATIENCE_MILLISECONDS):
            if _is_stopped(pid):
                os.kill(pid, signal.SIGKILL)
                return b"it was stopped before it began"
        return file.read()


def _is_stopped(pid: int) -> bool:
    with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] in {b"T", b"t"}
    return False


def fork_check(check: Callable[[], bool]) -> int | None:
    """Ask something in a process of its own, whose status is 0 if it holds; return its id.

    None where there are as many processes as may be: it can be asked again.
    """
    try:
        pid = os.fork()
    except OSError:
        return None
    if pid == 0:
        _reset_signals()
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        holds = False
        with suppress(Exception):
            holds = check()
        os._exit(0 if holds else 1)
    return pid


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a process and all in its group that are still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def limit_files(most: int | None) -> None:
    """Have no file become larger: this process is told so, all that it starts end by SIGXFSZ."""
    if most:
        import resource  # noqa: PLC0415 - where nothing is limited, it is not needed

        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def take_limits(words: Sequence[str]) -> int | None:
    """Limit this process and all that it starts: ``nofile=1024`` and others of setrlimit(2).

    ``oom=600`` says how early they are ended when the machine has no memory left (proc(5)).
    ``memory=BYTES`` is what all of them together may use, which is returned: this process has to
    see to it.

    Raises:
        OSError: that is not allowed.
        ValueError: it is more than this process may have.
    """
    memory = None
    for word in words:
        name, _, number = word.partition("=")
        if name == "memory":
            memory = int(number)
        elif name == "oom":
            file = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
            os.write(file, number.encode())
            os.close(file)
        else:
            import resource  # noqa: PLC0415 - an engine has set all limits

            kind = getattr(resource, f"RLIMIT_{name.upper()}")
            resource.setrlimit(kind, (int(number), int(number)))
    return memory


def let_nobody_in() -> None:
    """Have no process trace this one, or reach its memory and files, which would end all limits.

    What it starts may be traced as ever. An interpreter without ``ctypes`` cannot ask for that.
    """
    with suppress(ImportError):
        call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def as_status(wait_status: int) -> int:
    """Return the status that a shell would report."""
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else SHELL_STATUS - code


def become(command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Become a program, which is looked for as by ``execvpe``: that brings modules along.

    Raises:
        OSError: it is not there, or may not be used.
    """
    name, words = command[0], list(command)
    fault: OSError | None = None
    for folder in [""] if "/" in name else variables.get("PATH", os.defpath).split(":"):
        try:
            os.execve(os.path.join(folder, name), words, variables)  # noqa: S606 - no shell is wanted
        except (FileNotFoundError, NotADirectoryError) as error:
            last = error
        except OSError as error:
            fault = fault or error
    raise fault or last


def _become(
    command: Sequence[str], folder: str, variables: Mapping[str, str], out: int, err: int, tell: int
) -> NoReturn:
    place = folder
    try:
        os.setsid()
        os.chdir(folder)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        _reset_signals()
        place = command[0]
        become(command, variables)
    except OSError as error:
        os.write(tell, f"{place}: {os.strerror(error.errno or 0)}".encode("utf-8", "replace"))
    finally:
        os._exit(127)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _HANDLED:
        signal.signal(number, signal.SIG_DFL)
