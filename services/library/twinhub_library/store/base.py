"""The base of all tables of the library."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of a table; its metadata knows every table of the modules beside this one."""
