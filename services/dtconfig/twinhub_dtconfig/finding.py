"""What a rule of the language says about a value of a twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinhub_dtconfig.nodes import Key


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful, at a path of the twin."""

    path: tuple[Key, ...]
    what: str
    remedy: str = ""
    nearest: str | None = None
    is_warning: bool = False
    is_key: bool = False
    """Whether it is about the key, not about its value."""
