"""Giving way to everybody else: the lowest priority for disk and processor, for one thread."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "ppc64le": 273, "s390x": 282}
_THIS_THREAD, _IDLE = 1, 3 << 13
_NICEST = 19


def do_idly(name: str, work: Callable[[], None]) -> None:
    """Do work in a thread of its own, which gives way; what the work raises is raised here."""
    with ThreadPoolExecutor(1, name, _give_way) as thread:
        thread.submit(work).result()


def _give_way() -> None:
    """Let this thread have the disk and the processor when nobody else wants them (ioprio_set(2)).

    The priority does not come back: the thread has to end afterwards.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICEST)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(
            ctypes.c_long(number), ctypes.c_int(_THIS_THREAD), ctypes.c_int(0), ctypes.c_int(_IDLE)
        )
