"""Every table that the library has in its database, its own and those of the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_kit.operation_table import KitBase

from twinhub_library.store import openings, publishing, repositories, teams
from twinhub_library.store.base import Base

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import MetaData

MODULES: tuple[ModuleType, ...] = (openings, publishing, repositories, teams)
"""Importing them is what tells the metadata of their tables."""
METADATA: tuple[MetaData, ...] = (KitBase.metadata, Base.metadata)
