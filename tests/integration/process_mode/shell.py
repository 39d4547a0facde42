"""Commands within a workspace, run as its user would: in a kernel, through edge and proxy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

if TYPE_CHECKING:
    from tornado.websocket import WebSocketClientConnection

    from tests.fixtures.hub_client import HubClient

_SECONDS = 60
_CODE = """
import json, subprocess
done = subprocess.run(["bash", "-c", {command!r}], capture_output=True, text=True)
print(json.dumps([done.returncode, done.stdout, done.stderr]))
"""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    status: int
    output: str
    errors: str


class Shell:
    """Runs commands in the workspace of a signed-in person."""

    def __init__(self, client: HubClient) -> None:
        self._client = client
        client.get("/hub/home")
        made = client.api(
            "POST", f"/users/{client.user}/tokens", {"note": "test", "expires_in": 900}
        ).json()
        self.token = str(made["token"])

    async def run(self, command: str) -> Done:
        """Run a command in a new kernel of the default kind."""
        origin = httpx.URL(self._client.workspace)
        api = f"http://127.0.0.1:{origin.port}{origin.path}/api/kernels"
        headers = {
            "Host": origin.netloc.decode(),
            "Origin": f"{origin.scheme}://{origin.netloc.decode()}",
            "Authorization": f"token {self.token}",
        }
        async with httpx.AsyncClient(headers=headers, timeout=_SECONDS) as http:
            kernel = (await http.post(api, json={})).raise_for_status().json()["id"]
            try:
                url = f"{api.replace('http', 'ws', 1)}/{kernel}/channels"
                request = HTTPRequest(url, headers=headers, request_timeout=_SECONDS)
                text = await _execute(request, _CODE.format(command=command))
            finally:
                await http.delete(f"{api}/{kernel}")
        return Done(*json.loads(text))

    async def output(self, command: str) -> str:
        """Run a command that must succeed, and return what it printed."""
        done = await self.run(command)
        assert done.status == 0, done
        return done.output.strip()


async def _execute(request: HTTPRequest, code: str) -> str:
    socket = await websocket_connect(request)
    identity = uuid4().hex
    try:
        await socket.write_message(_execute_request(identity, code))
        return await _printed(socket, identity)
    finally:
        socket.close()
        while await socket.read_message() is not None:
            pass  # until the other side has closed it too


def _execute_request(identity: str, code: str) -> str:
    header = {
        "msg_id": identity, "msg_type": "execute_request", "version": "5.3", "session": identity,
        "username": "",
    }  # fmt: skip
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    message = {
        "header": header, "parent_header": {}, "metadata": {}, "content": content,
        "channel": "shell", "buffers": [],
    }  # fmt: skip
    return json.dumps(message)


async def _printed(socket: WebSocketClientConnection, identity: str) -> str:
    """Gather what a cell prints until its kernel is idle again."""
    printed: list[str] = []
    while True:
        raw = await socket.read_message()
        assert raw is not None, "the kernel's socket was closed"
        message = json.loads(raw)
        kind, content = message["msg_type"], message["content"]
        if message["parent_header"].get("msg_id") != identity:
            continue
        assert kind != "error", content
        if kind == "stream":
            printed.append(content["text"])
        if kind == "status" and content["execution_state"] == "idle":
            return "".join(printed)
