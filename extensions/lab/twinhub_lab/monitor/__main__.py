"""``python -I …/monitor SOCKET``: serves the monitor's page on a unix socket until it is ended."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from twinhub_lab.monitor.server import main

    main(sys.argv[1:])
