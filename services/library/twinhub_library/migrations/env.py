"""What Alembic runs for each revision: on the connection that `twinhub_kit.migrations` gives."""

from __future__ import annotations

from alembic import context

from twinhub_library.store.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
