"""An HTTP server with one tiny answer, in a process of its own: what proxies are measured with."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAM = """
import sys
import jupyterhub
from tornado import httpserver, ioloop, netutil, web

class Tiny(web.RequestHandler):
    def get(self):
        self.set_header("X-JupyterHub-Version", jupyterhub.__version__)
        self.write({"ok": True})

sockets = netutil.bind_sockets(0, "127.0.0.1")
server = httpserver.HTTPServer(web.Application([(".*", Tiny)]))
server.add_sockets(sockets)
print(sockets[0].getsockname()[1], flush=True)
ioloop.IOLoop.current().start()
"""


@contextmanager
def running_tiny_server() -> Iterator[int]:
    """Run it until the end; yield its port on loopback."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
