"""Says which of the files that it is given are there."""

import sys
from pathlib import Path

for name in sys.argv[1:]:
    print(f"{name}: {'there' if Path(name).exists() else 'missing'}")
