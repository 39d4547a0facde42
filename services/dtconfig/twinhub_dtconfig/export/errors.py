"""What stops an export."""

from __future__ import annotations


class ExportError(Exception):
    """The twin cannot be exported there; holds what is wrong and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        """Hold what is wrong and what to do."""
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy
