"""Computes how a cup of coffee cools down: simulate.py START ROOM COOLING."""

import csv
import sys
from pathlib import Path

temperature, room, cooling = map(float, sys.argv[1:])
output = Path("output")
output.mkdir(exist_ok=True)
with (output / "temperature.csv").open("w", newline="") as stream:
    table = csv.writer(stream)
    table.writerow(["minute", "temperature"])
    for minute in range(61):
        table.writerow([minute, f"{temperature:.3f}"])
        temperature -= cooling * (temperature - room)
print("output/temperature.csv is written")
