"""Sets the limit to nine tenths of the largest flow."""

import csv
from pathlib import Path

with Path("output/replayed.csv").open(newline="") as opened:
    flows = [float(row["flow_kg_per_s"]) for row in csv.DictReader(opened)]
Path("state/limit.txt").write_text(f"{0.9 * max(flows):.4f}\n")
