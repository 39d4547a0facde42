"""Runs the FMU for ten seconds: ``simulate.py GAIN``."""

import csv
import sys
from pathlib import Path

from fmpy import simulate_fmu

result = simulate_fmu(
    "model/integrator.fmu", stop_time=10, output_interval=1, start_values={"gain": float(sys.argv[1])}
)
output = Path("output/result.csv")
output.parent.mkdir(exist_ok=True)
with output.open("w", newline="") as opened:
    table = csv.writer(opened)
    table.writerow(["time", "y"])
    table.writerows([row["time"], row["y"]] for row in result)
print(f"y={result['y'][-1]:.3f}")
