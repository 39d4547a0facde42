"""Build TwinHub's images: ``python images/build.py [NAME...]``; ``--help`` names the options."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # The folder above makes this one importable, in a checkout as in an installed TwinHub.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    runpy.run_module("images.builder", run_name="__main__", alter_sys=True)
