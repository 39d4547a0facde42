"""Keeps what it is sent, and gives it back: ``store.py PORT``."""

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

samples: list[float] = []


class Store(BaseHTTPRequestHandler):
    """``POST /samples`` adds a number, ``GET /samples`` returns all of them."""

    def do_GET(self) -> None:
        self.answer({"status": "ok"} if self.path == "/health" else samples)

    def do_POST(self) -> None:
        samples.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(len(samples))

    def answer(self, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""


def stop(*_: object) -> None:
    """End when asked to."""
    print(f"store ends with {len(samples)} samples")
    sys.exit(0)


signal.signal(signal.SIGINT, stop)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Store).serve_forever()
