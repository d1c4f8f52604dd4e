"""How the store's tables have changed from release to release, as Alembic revisions."""
