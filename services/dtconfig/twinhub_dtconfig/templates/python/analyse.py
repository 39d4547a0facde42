"""Says when the coffee can be drunk and when it is cold."""

import csv
from pathlib import Path

DRINKABLE, COLD = 60.0, 40.0

with Path("output/temperature.csv").open(newline="") as stream:
    rows = [(int(row["minute"]), float(row["temperature"])) for row in csv.DictReader(stream)]
for word, limit in (("drinkable", DRINKABLE), ("cold", COLD)):
    minutes = [minute for minute, temperature in rows if temperature <= limit]
    print(f"{word} after {minutes[0]} minutes" if minutes else f"not {word} within an hour")
