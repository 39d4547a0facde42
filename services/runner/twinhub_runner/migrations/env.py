"""What Alembic runs for each revision: on the connection that `twinhub_kit.revisions` gives."""

from __future__ import annotations

from alembic import context

from twinhub_runner.store.all_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=list(METADATA),
    render_as_batch=True,
)
context.run_migrations()
