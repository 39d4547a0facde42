"""Numbers of bytes for people."""

from __future__ import annotations


def show_size(size: int) -> str:
    """Return a number of bytes for people, such as ``1.5 GiB``."""
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024:  # noqa: PLR2004 - one unit in terms of the one before
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
