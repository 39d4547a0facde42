"""The one process of a tool: started once however many ask, started anew when it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_lab.tools.logs import last_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_lab.tools.tool import Tool

RUN_TOOL = "/opt/twinhub/bin/run-tool"
_WRAPPER = Path(__file__).with_name("wrapper.py")
_LOCAL = "127.0.0.1"
_ASK_SECONDS = 5
_BLOCK = 64 * 1024
_REMEMBERED_SECONDS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25


class ToolFailedError(Exception):
    """A tool that did not come up."""

    def __init__(self, reason: str, status: HTTPStatus, lines: Sequence[str]) -> None:
        """Say why, how a proxy says it, and what the tool said last."""
        super().__init__(reason)
        self.reason, self.status, self.lines = reason, status, lines


class Program:
    """Starts the program of one tool."""

    def __init__(self, tool: Tool) -> None:
        """Start nothing yet."""
        self.tool = tool
        self.port = 0
        """Of a tool without a socket, once it has been started."""
        self._failure: ToolFailedError | None = None
        self._failed_at = 0.0
        self._process: Process | None = None
        self._start: asyncio.Task[None] | None = None
        self._is_ready = False

    @property
    def is_running(self) -> bool:
        """Return whether it has come up and can still be reached."""
        has_address = not self.tool.has_socket or self.tool.socket.exists()
        return self._is_ready and self._has_process and has_address

    @property
    def is_starting(self) -> bool:
        """Return whether it has been asked for and has not come up."""
        return self._start is not None

    @property
    def _has_process(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def take_failure(self, *, is_shown: bool) -> ToolFailedError | None:
        """Return why the latest start failed, if nobody has been shown it.

        A page shows it once. Whatever else asks is told it for some seconds, so that the parts of a
        page do not start a broken tool over and over.
        """
        failure = None if self.is_starting else self._failure
        if is_shown or time.monotonic() - self._failed_at > _REMEMBERED_SECONDS:
            self._failure = None
        return failure

    async def ensure(self, base_url: str) -> None:
        """Return when the tool answers; a start goes on when the caller gives up.

        Raises:
            ToolFailedError: it ended, or did not answer in time.
        """
        if self.is_running:
            return
        if self._start is None:
            self._start = asyncio.create_task(self._run_start(base_url))
        await asyncio.shield(self._start)

    async def stop(self) -> None:
        """End the process and all that it has started."""
        process, self._process, self._is_ready = self._process, None, False
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    async def _run_start(self, base_url: str) -> None:
        try:
            self._failure = None
            await self._spawn(base_url)
            await self._wait_until_it_answers(base_url)
            self._is_ready = True
        except ToolFailedError as failure:
            self._failure, self._failed_at = failure, time.monotonic()
            await self.stop()
            raise
        finally:
            self._start = None

    async def _spawn(self, base_url: str) -> None:
        await self.stop()
        if not self.tool.has_socket:
            self.port = _free_port()
        command = self.tool.render_command(base_url=base_url, port=self.port)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *_run_tool(), self.tool.name, "--", *command, stdin=PIPE, stdout=DEVNULL
            )
        except OSError as error:
            raise self._failed(f"It cannot be started: {error.strerror}.") from error

    async def _wait_until_it_answers(self, base_url: str) -> None:
        pause = _FIRST_PAUSE
        try:
            async with asyncio.timeout(self.tool.timeout_seconds):
                while not await self._answers(base_url):
                    if not self._has_process:
                        raise self._failed(self._how_it_ended())
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
        except TimeoutError:
            reason = f"It did not answer in {self.tool.timeout_seconds:g} seconds."
            raise self._failed(reason, HTTPStatus.GATEWAY_TIMEOUT) from None

    async def _answers(self, base_url: str) -> bool:
        """Return whether somebody accepts a connection and, by HTTP, gives any answer."""
        try:
            reader, writer = await self._connect()
        except OSError:
            return False
        try:
            if self.tool.is_raw:
                return True
            writer.write(_request(self.tool, base_url))
            async with asyncio.timeout(_ASK_SECONDS):
                answer = await reader.read(1)
                while await reader.read(_BLOCK):  # whoever hangs up early is in the tool's log
                    pass
                return bool(answer)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.tool.has_socket:
            return await asyncio.open_unix_connection(str(self.tool.socket))
        return await asyncio.open_connection(_LOCAL, self.port)

    def _how_it_ended(self) -> str:
        status = self._process.returncode if self._process else None
        return f"Its program ended with status {status} before it answered."

    def _failed(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_GATEWAY) -> ToolFailedError:
        return ToolFailedError(reason, status, last_lines(self.tool.log))


@functools.cache
def program_of(tool: Tool) -> Program:
    """Return the one program of a tool in this server."""
    return Program(tool)


def _run_tool() -> list[str]:
    if os.access(RUN_TOOL, os.X_OK):
        return [RUN_TOOL]
    return [sys.executable, "-I", str(_WRAPPER)]


def _request(tool: Tool, base_url: str) -> bytes:
    prefix = f"{base_url}{tool.name}/" if tool.keeps_prefix else "/"
    return (
        f"GET {prefix}{tool.ready_path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    ).encode()


def _free_port() -> int:
    with socket.create_server((_LOCAL, 0)) as server:
        return int(server.getsockname()[1])
