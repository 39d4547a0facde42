"""A valve: ``GET /health``, ``GET`` and ``PUT /valve/position``. Metrics go to the output."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

valve = {"position": 0.0}
moves = 0


class Valve(BaseHTTPRequestHandler):
    """Answers in JSON."""

    def do_GET(self) -> None:
        known = {"/health": {"status": "ok", "name": os.environ["NAME"]}, "/valve/position": valve}
        self.answer(200 if self.path in known else 404, known.get(self.path, {}))

    def do_PUT(self) -> None:
        global moves
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["position"]
        valve["position"], moves = float(wanted), moves + 1
        print(f"position={wanted}\nmoved={moves}", flush=True)
        self.answer(200, valve)

    def answer(self, status: int, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""


ThreadingHTTPServer(("", int(os.environ["PORT"])), Valve).serve_forever()
