"""Which revision of the tables a store has, and which this release asks for.

A new store gets today's tables at once and is marked so; an older one is brought up to date by
`pipelines.migrations`. All of it in the caller's transaction, so a crash leaves the old tables.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from pipelines.tables import decisions, metadata

# The newest file in pipelines/migrations/versions; a test holds the two together.
NEWEST = "0004"
# Not `alembic_version`: that name is MLflow's and Prefect's, perhaps in the same database.
VERSION_TABLE = "contender_schema"

versions = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


class StoreIsNewer(Exception):
    """The store was written by a later release, whose tables this one does not know."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the store's tables are of revision {found}, this release knows them up to {NEWEST}:"
            " install the release that wrote it, or name another store"
        )


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a store's tables; None for a store without one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(versions.c.version_num)).scalar()


def bring_up_to_date(connection: Connection) -> None:
    """Make or change the store's tables where they are not today's.

    Raises `StoreIsNewer`.
    """
    found = revision_of(connection)
    if found == NEWEST:
        return
    if found is not None and found > NEWEST:
        raise StoreIsNewer(found)
    if found is None and not inspect(connection).has_table(decisions.name):
        metadata.create_all(connection)
        versions.create(connection)
        connection.execute(insert(versions).values(version_num=NEWEST))
        return
    from pipelines.migrations.upgrade import upgrade

    upgrade(connection, VERSION_TABLE)
