"""Write the next revision: what `pipelines.tables` has that the newest revision has not.

`python -m pipelines.migrations "What changed"`; then read the file, and name it in
`pipelines.schema_version.NEWEST`.
"""

from __future__ import annotations

import sys

from alembic import command
from sqlalchemy import create_engine

from pipelines.migrations.upgrade import configuration, next_number, upgrade


def main(message: str) -> None:
    """Compare the tables with a new store that has run every revision, and write the rest."""
    with create_engine("sqlite://").connect() as connection:
        upgrade(connection, "written_for")
        command.revision(
            configuration(connection, "written_for"),
            message=message,
            autogenerate=True,
            rev_id=next_number(),
        )


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "Change the tables")
