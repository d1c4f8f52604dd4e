"""Adds order lines up with Apache Spark, in a process of its own that ends with the answer."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

from features.daily_sales.damage import Tally
from features.daily_sales.order_lines import OrderLines
from features.daily_sales.selection import Selection
from features.readers.postgresql import address
from features.readers.table import SourceError
from features.spark import launch

JOB = "features.daily_sales.spark_job"


def add_up(lines: OrderLines, file: Path, scratch: Path) -> Tally:
    """Write one row per product and day into `file` and tell what became of the lines.

    Spark runs here on two threads unless `spark-defaults.conf` in `SPARK_CONF_DIR` says otherwise.
    Raises `SourceError`.
    """
    in_database = isinstance(lines.place, Selection)
    task = {
        "place": _database(lines) if isinstance(lines.place, Selection) else asdict(lines.place),
        "columns": lines.columns,
        "where": lines.where,
        "file": str(file),
    }
    try:
        stated = launch.settings(scratch, jdbc=in_database)
        answer = launch.run(JOB, task, stated, scratch)
    except launch.SparkFailed as error:
        raise SourceError(f"{lines.where}: {error}") from error
    faults = [tuple(fault) for fault in answer["faults"]]
    return Tally(answer["lines"], answer["sound"], tuple(lines.columns), faults)


def _database(lines: OrderLines) -> dict[str, object]:
    """Return what Java's driver wants to know, of what libpq was told."""
    assert isinstance(lines.place, Selection)
    given = {key: str(value) for key, value in conninfo_to_dict(address(lines.place.url)).items()}
    host = given.get("hostaddr") or given.get("host") or os.environ.get("PGHOST", "")
    if not host or host.startswith("/"):
        raise SourceError(
            f"{lines.where}: Spark reaches PostgreSQL over TCP only; name a host in the address"
        )
    user = given.get("user") or os.environ.get("PGUSER", "")
    password = given.get("password") or os.environ.get("PGPASSWORD", "")
    extra = {"sslmode": given["sslmode"]} if "sslmode" in given else {}
    port, name = given.get("port") or os.environ.get("PGPORT", "5432"), given.get("dbname", user)
    bracketed = f"[{host}]" if ":" in host else host
    return {
        "url": f"jdbc:postgresql://{bracketed}:{port}/{name}"
        + (f"?{urlencode(extra)}" if extra else ""),
        "user": user,
        "password": password,
        "statement": lines.place.statement,
    }
