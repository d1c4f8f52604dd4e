"""Alembic's entry: it runs revisions on the connection that it is handed."""

from __future__ import annotations

from alembic import context

import pipelines.serving_tables  # noqa: F401 - the rest of the metadata
from pipelines.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
    render_as_batch=True,
)
context.run_migrations()
