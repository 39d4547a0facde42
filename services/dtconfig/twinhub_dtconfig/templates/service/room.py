"""A room with a heater, simulated until it is stopped: room.py PORT.

GET /health, GET /temperature, PUT /power with a number of watts.
"""

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOSS_W_PER_K, CAPACITY_J_PER_K, MOST_POWER_W = 50.0, 60_000.0, 2000.0
OUTSIDE, PACE = float(os.environ.get("OUTSIDE", "5")), float(os.environ.get("PACE", "1"))


class Room:
    """The room: its temperature follows the heater's power and the air outside."""

    temperature, power = 18.0, 0.0

    def simulate(self) -> None:
        """Go on for ever, one step a second."""
        while True:
            gain = self.power - LOSS_W_PER_K * (self.temperature - OUTSIDE)
            self.temperature += gain / CAPACITY_J_PER_K * PACE
            print(f"temperature={self.temperature:.3f}", flush=True)
            time.sleep(1)


class Answers(BaseHTTPRequestHandler):
    """What is asked of the room, and what it is told."""

    room = Room()

    def do_GET(self) -> None:
        """Say how warm it is, or that all is well."""
        known = {"/health": "well", "/temperature": f"{self.room.temperature:.3f}"}
        self.answer(200 if self.path in known else 404, known.get(self.path, "not found"))

    def do_PUT(self) -> None:
        """Set the power of the heater."""
        try:
            power = float(self.rfile.read(int(self.headers["Content-Length"])))
        except (TypeError, ValueError):
            return self.answer(400, "give a number of watts")
        if self.path != "/power" or not 0 <= power <= MOST_POWER_W:
            return self.answer(400, f"PUT /power takes 0 to {MOST_POWER_W:g}")
        self.room.power = power
        return self.answer(200, f"{power:g}")

    def answer(self, status: int, text: str) -> None:
        """Send an answer."""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(f"{text}\n".encode())

    def log_message(self, *_: object) -> None:
        """Print nothing for each request."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", int(sys.argv[1])), Answers)
    threading.Thread(target=Answers.room.simulate, daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("the room is left")
