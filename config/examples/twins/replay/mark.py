"""Adds a line to the log: ``mark.py TEXT``."""

import sys
from pathlib import Path

with Path("output/marks.txt").open("a") as opened:
    opened.write(f"{sys.argv[1]}\n")
