"""Settings of Sphinx: `make docs` reads this, and every warning is an error."""

from __future__ import annotations

import tomllib
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]

project = "TwinHub"
author = "TwinHub contributors"
copyright = author  # noqa: A001 - Sphinx's own name for it
version = release = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"][
    "version"
]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = f"TwinHub {version}"
html_copy_source = False
html_show_sphinx = False
