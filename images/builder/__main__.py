"""The entry point of ``python images/build.py``."""

from __future__ import annotations

import sys

from images.builder.command import main

sys.exit(main(sys.argv[1:]))
