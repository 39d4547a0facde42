"""Says where an arm would go: ``drive.py PATH SPEED`` or ``drive.py --halt``."""

import csv
import itertools
import math
import sys
from pathlib import Path

if sys.argv[1:] == ["--halt"]:
    print("the arm stands still")
    sys.exit(0)
with Path(sys.argv[1]).open(newline="") as opened:
    points = [(float(row["x_mm"]), float(row["y_mm"])) for row in csv.DictReader(opened)]
way = sum(math.dist(*pair) for pair in itertools.pairwise(points))
print(f"{len(points)} points, {way:g} mm, {way / float(sys.argv[2]):.1f} s")
