"""A tool for tests, run in a workspace: ``tool.py KIND SOCKET``. It needs nothing but Python."""

from __future__ import annotations

import os
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

STARTS = Path("/tmp/starts")  # noqa: S108 - in the container
SLOW_SECONDS = 2.5


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/break"):
            self.connection.close()
            return
        body = f"{os.getpid()}\n{self.path}\n{self.headers}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "mine=1; Path=/; Domain=twinhub.localhost; HttpOnly")
        self.send_header("Set-Cookie", "_xsrf=stolen; Path=/user/ann/")
        self.send_header("Set-Cookie", "jupyterhub-session-id=stolen; Path=/")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the base class's name

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None:
        pass


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def main(kind: str, socket: str) -> None:
    with STARTS.open("a") as starts:
        starts.write(f"{kind} {os.getpid()}\n")
    if kind == "broken":
        sys.stderr.write("\x1b[31m<script>alert(1)</script>\x1b[0m no licence\n")
        sys.stderr.write(f"token={os.environ['JUPYTERHUB_API_TOKEN']} password: hunter2hunter2\n")
        sys.exit(3)
    if kind == "chatty":
        for number in range(40_000):
            sys.stdout.write(f"line {number:010d} of what nobody reads\n")
        sys.stdout.flush()
    if kind == "silent":
        time.sleep(3600)
    if kind == "slow":
        time.sleep(SLOW_SECONDS)
    if os.fork() == 0:  # a helper that has left the tool's session, as daemons do
        os.setsid()
        os.execvp("sleep", ["sleep", "3599"])  # noqa: S606
    with _Server(socket, _Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
