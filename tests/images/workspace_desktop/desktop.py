"""The desktop in a container: started, asked over RFB, looked at as a program in it sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.images.workspace.running import Result, Workspace

START_SECONDS = 30
FOLDER = "/tmp/twinhub-runtime/tools/desktop"  # noqa: S108 - in the container
SOCKET = f"{FOLDER}/socket"

# A client that says it understands changes of size, and asks for one.
_RESIZE = """
s.sendall(struct.pack(">BxHi", 2, 1, -308))
s.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
assert take(2)[0] == 0
take(14)
screens = take(4)[0]
screen = take(16)[:4]
s.sendall(struct.pack(">BxHHBx", 251, {width}, {height}, 1))
s.sendall(screen + struct.pack(">HHHHI", 0, 0, {width}, {height}, 0))
s.shutdown(socket.SHUT_WR)
while s.recv(65536):
    pass
"""

# Greets, takes the security type `None`, asks for a shared screen, and prints what the server says.
_HANDSHAKE = f"""
import socket, struct
def take(n):
    data = b""
    while len(data) < n:
        block = s.recv(n - len(data))
        assert block, "the server has closed the connection"
        data += block
    return data
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect({SOCKET!r})
version = take(12)
s.sendall(version)
types = take(take(1)[0])
s.sendall(b"\\x01")
assert take(4) == bytes(4)
s.sendall(b"\\x01")
width, height = struct.unpack(">HH", take(4))
take(16)
name = take(struct.unpack(">I", take(4))[0]).decode()
print(version.decode().strip(), list(types), f"{{width}}x{{height}}", name)
"""


@dataclass(frozen=True)
class Desktop:
    """The desktop of one workspace."""

    workspace: Workspace

    def start(self) -> Desktop:
        """Start it and return when it answers."""
        self.launch()
        wait_for(
            lambda: self.attempt_handshake().status == 0,
            seconds=START_SECONDS,
            what="the desktop answers",
        )
        return self

    def launch(self) -> None:
        """Start it and return at once."""
        log = f"exec /opt/twinhub/bin/run-desktop {SOCKET} > /tmp/desktop.log 2>&1"
        self.workspace.container.exec_run(["sh", "-c", log], detach=True)

    def attempt_handshake(self) -> Result:
        """Speak RFB through the socket, if there is one."""
        return self.workspace.attempt("/usr/bin/python3", "-I", "-c", _HANDSHAKE)

    def resize(self, width: int, height: int) -> Result:
        """Ask for another size of the screen, as the page does when its window changes."""
        code = _HANDSHAKE + _RESIZE.format(width=width, height=height)
        return self.workspace.attempt("/usr/bin/python3", "-I", "-c", code)

    def on_display(self, *command: str) -> Result:
        """Run a program on the display."""
        display = f"DISPLAY=:1 XAUTHORITY={FOLDER}/xauthority"
        return self.workspace.attempt("/usr/bin/env", *display.split(), *command)
