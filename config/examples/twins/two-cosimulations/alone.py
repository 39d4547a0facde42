"""Simulates one model with FMPy: ``alone.py ARGUMENTS.json RESULT.csv``."""

import json
import sys
from pathlib import Path

from fmpy import simulate_fmu
from fmpy.util import write_csv

arguments = json.loads(Path(sys.argv[1]).read_text())
result = simulate_fmu(**arguments)
Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
write_csv(sys.argv[2], result)
