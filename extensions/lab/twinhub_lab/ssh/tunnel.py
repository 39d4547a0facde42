"""One SSH connection in a websocket: sshd runs for it alone, as the workspace's user."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
from asyncio.subprocess import DEVNULL
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from twinhub_lab.ssh.configuration import render_configuration
from twinhub_lab.ssh.folders import runtime_folder, write_private
from twinhub_lab.ssh.keys import ensure_host_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RESOURCE = "terminals"
"""What a user has to be allowed to do: the same as for a terminal in the browser."""

MOST = 20
"""Connections at once; one each for a shell, a copy, a window of an editor."""

_CHUNK = 64 * 1024
_LARGEST_MESSAGE = 2**20
_LARGEST_LOG = 256 * 1024
_PING_SECONDS = 30
_WATCH_SECONDS = 15
_END_SECONDS = 5
_CLOSE_FAILED, _CLOSE_TEXT, _CLOSE_REFUSED = 1011, 1003, 1008
_LONGEST_REASON = 120
"""Bytes; see RFC 6455, 5.5."""


class TunnelHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):  # type: ignore[misc]
    """`GET ssh/socket` as a websocket: binary messages are the bytes of SSH.

    No more is read from one side than the other has taken.
    """

    auth_resource = RESOURCE
    open_now: ClassVar[set[TunnelHandler]] = set()
    _process: asyncio.subprocess.Process | None = None
    _writer: asyncio.StreamWriter | None = None

    @ws_authenticated  # type: ignore[untyped-decorator]
    async def get(self, *arguments: object, **options: object) -> None:
        """Begin, unless this is somebody else or there are too many.

        Raises:
            HTTPError: 403, or 503 with the reason.
        """
        allowed = self.authorizer.is_authorized(self, self.current_user, "execute", RESOURCE)
        if not (await allowed if asyncio.iscoroutine(allowed) else allowed):
            raise HTTPError(HTTPStatus.FORBIDDEN)
        if len(self.open_now) >= MOST:
            text = f"{MOST} SSH connections are open already: close one."
            raise HTTPError(HTTPStatus.SERVICE_UNAVAILABLE, text)
        self.open_now.add(self)
        try:
            await super().get(*arguments, **options)
        finally:
            if self.ws_connection is None:  # it was no websocket
                self.open_now.discard(self)

    @property
    def max_message_size(self) -> int:
        """What a client may send at once."""
        return _LARGEST_MESSAGE

    @property
    def ping_interval(self) -> float:
        """Seconds between Tornado's pings, which keep proxies from closing what is quiet."""
        return _PING_SECONDS

    @property
    def ping_timeout(self) -> float:
        """Seconds after which a client that does not answer is gone."""
        return _PING_SECONDS

    async def open(self, *_arguments: object, **_options: object) -> None:
        """Start sshd; what keeps it from starting is told as the reason of the end.

        The mixin's own `open` is left out: it would send pings as well, of which one is enough.
        """
        try:
            reader = await self._start()
        except OSError as error:
            self.log.warning("TwinHub: no SSH connection: %s", error)
            self.close(_CLOSE_FAILED, _reason(error))
            return
        for task in (self._hand_out(reader), self._watch()):
            asyncio.ensure_future(task).add_done_callback(_take_result)

    async def _watch(self) -> None:
        """End the connection when its token, or the session of its browser, is no longer good."""
        hub = getattr(self.identity_provider, "hub_auth", None)
        while hub is not None and self.ws_connection is not None:
            await asyncio.sleep(_WATCH_SECONDS)
            self.__dict__.pop("_cached_hub_user", None)  # what `get_user` has found before
            with suppress(HTTPError):  # the hub is away: it is asked again
                user = await hub.get_user(self, sync=False)
                if user is None or not hub.check_scopes(hub.access_scopes, user):
                    self.close(_CLOSE_REFUSED, "this token opens the workspace no more")
                    return

    async def _start(self) -> asyncio.StreamReader:
        command = await asyncio.to_thread(_prepare)
        here, there = socket.socketpair()
        try:
            with there:
                self._process = await asyncio.create_subprocess_exec(
                    *command, stdin=there.fileno(), stdout=there.fileno(), stderr=DEVNULL
                )
            reader, self._writer = await asyncio.open_connection(sock=here, limit=_CHUNK)
        except OSError:
            here.close()
            raise
        return reader

    async def _hand_out(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError, WebSocketClosedError):
            while data := await reader.read(_CHUNK):
                await self.write_message(data, binary=True)
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        """Hand bytes to sshd, and take no more before it has them."""
        if isinstance(message, str):
            self.close(_CLOSE_TEXT, "SSH is bytes, not text")
        elif self._writer is not None:
            self._writer.write(message)
            with suppress(OSError):  # sshd is gone, and `_hand_out` sees it as well
                await self._writer.drain()

    def on_close(self) -> None:
        """End sshd with its connection."""
        self.open_now.discard(self)
        if self._writer is not None:
            self._writer.close()
        if self._process is not None:
            asyncio.ensure_future(_end(self._process)).add_done_callback(_take_result)
        super().on_close()


def _prepare() -> Sequence[str]:
    """Return the command of sshd, with all that it reads in place.

    Raises:
        OSError: there is no sshd, or a file cannot be written.
    """
    # sshd has to be called by its whole path; it is in no PATH of a user
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")
    if program is None:
        raise FileNotFoundError("this workspace has no sshd (Debian's package openssh-server)")
    folder = runtime_folder()
    configuration, log = folder / "sshd_config", folder / "log"
    user = pwd.getpwuid(os.getuid()).pw_name
    write_private(configuration, render_configuration(user, ensure_host_key(), os.environ))
    _shorten(log)
    return [program, "-i", "-f", str(configuration), "-E", str(log)]


def _shorten(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.unlink()


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), _END_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _take_result(task: asyncio.Future[None]) -> None:
    """Raise what a task has raised, so that the loop's handler logs it."""
    if not task.cancelled():
        task.result()


def _reason(error: OSError) -> str:
    return str(error).encode()[:_LONGEST_REASON].decode(errors="ignore")
