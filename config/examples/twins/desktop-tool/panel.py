"""A window with a slider; `--close` ends the one that is open."""

import os
import signal
import sys
from pathlib import Path

NUMBER = Path("panel.pid")

if "--close" in sys.argv:
    os.kill(int(NUMBER.read_text()), signal.SIGTERM)
    sys.exit(0)

import tkinter  # noqa: E402 - closing needs no window

NUMBER.write_text(str(os.getpid()))
window = tkinter.Tk()
window.title("Heater")
tkinter.Scale(window, from_=0, to=12, orient="horizontal", label="Power in kW").pack()
signal.signal(signal.SIGTERM, lambda *_: window.destroy())
window.mainloop()
NUMBER.unlink()
