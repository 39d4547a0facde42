"""Copies the rows of a recording whose flow is above a limit: ``replay.py FILE LIMIT``."""

import csv
import sys
from pathlib import Path

file, limit = Path(sys.argv[1]), float(sys.argv[2])
for name in ("output", "state"):
    Path(name).mkdir(exist_ok=True)
with file.open(newline="") as opened, Path("output/replayed.csv").open("w", newline="") as output:
    rows = csv.DictReader(opened)
    table = csv.DictWriter(output, rows.fieldnames or [])
    table.writeheader()
    kept = [row for row in rows if float(row["flow_kg_per_s"]) > limit]
    table.writerows(kept)
print(f"state=done\n{len(kept)} rows above {limit} kg/s")
