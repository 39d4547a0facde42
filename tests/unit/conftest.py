"""What makes thousands of small tests cheap."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Spare the garbage collector all that was imported and collected: it stays to the end."""
    gc.collect()
    gc.freeze()
