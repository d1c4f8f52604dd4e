"""Bring a store's tables to what this release asks for, by Alembic.

Imported only for a store that is behind: Alembic takes a tenth of a second and 10 MB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOLDER = Path(__file__).parent


def upgrade(connection: Connection, version_table: str) -> None:
    """Run the revisions that a store has not seen, within the caller's transaction.

    All of them take effect when the caller commits, or none. `version_table` keeps the last.
    """
    command.upgrade(configuration(connection, version_table), "head")


def configuration(connection: Connection, version_table: str) -> Config:
    """Return Alembic's configuration for these revisions on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = version_table
    return config


def next_number() -> str:
    """Return the number of the revision that would come next: four digits, in order."""
    newest = ScriptDirectory(str(FOLDER)).get_current_head() or "0"
    return f"{int(newest) + 1:04}"
