"""Older formats of ``twin.yaml``, each with a module that brings it to the next one.

When format 2 comes: a module ``from_1.py`` with a function ``migrate(text, file) -> text``, which
uses ``twinhub_dtconfig.editing`` so that comments stay, and a line in ``MIGRATIONS``. It leaves the
key ``format`` alone, which ``migrate_text`` sets.
"""

from twinhub_dtconfig.migrations.migrating import (
    Migrated,
    Migration,
    MigrationError,
    migrate_text,
)

MIGRATIONS: tuple[Migration, ...] = ()
"""One for each format but the newest, in order."""

__all__ = ["MIGRATIONS", "Migrated", "Migration", "MigrationError", "migrate_text"]
