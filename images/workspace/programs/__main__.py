"""``python -I -S /opt/twinhub/programs NAME ARGUMENTS``: TwinHub's own programs in a workspace."""

from __future__ import annotations

import sys
from importlib import import_module

if __name__ == "__main__":
    program = import_module(f"twinhub_programs.{sys.argv.pop(1)}")
    sys.exit(program.main(sys.argv[1:]))
