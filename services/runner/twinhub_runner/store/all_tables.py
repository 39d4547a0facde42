"""Every table that the runner has in its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_runner.store import rows, runs, secrets
from twinhub_runner.store.base import Base

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import MetaData

MODULES: tuple[ModuleType, ...] = (rows, runs, secrets)
"""Importing them is what tells the metadata of their tables."""
METADATA: tuple[MetaData, ...] = (Base.metadata,)
