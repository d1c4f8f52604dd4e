"""Adds order lines up with Apache Spark, in a process of its own that ends with the answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

import orjson
from psycopg.conninfo import conninfo_to_dict

from features.daily_sales.damage import Tally
from features.daily_sales.order_lines import OrderLines
from features.daily_sales.selection import Selection
from features.readers.postgresql import address
from features.readers.table import SourceError

JOB = "features.daily_sales.spark_job"
DRIVERS = ("/usr/share/java/postgresql.jar", "/usr/share/java/postgresql-jdbc/postgresql.jar")
"""Where Debian and Fedora put the driver by which Spark speaks with PostgreSQL."""


def add_up(lines: OrderLines, file: Path, scratch: Path) -> Tally:
    """Write one row per product and day into `file` and tell what became of the lines.

    Spark runs here on two threads unless `spark-defaults.conf` in `SPARK_CONF_DIR` says otherwise.
    Raises `SourceError`.
    """
    settings = spark_settings(lines, scratch)
    place = _database(lines) if isinstance(lines.place, Selection) else asdict(lines.place)
    report = scratch / "report.json"
    task = {
        "settings": settings,
        "place": place,
        "columns": lines.columns,
        "where": lines.where,
        "file": str(file),
        "report": str(report),
        "asked_by": os.getpid(),
    }
    done = subprocess.run(
        [sys.executable, "-m", JOB],
        input=orjson.dumps(task),
        capture_output=True,
        check=False,
        env=_environment(settings),
    )
    if not report.exists():
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        raise SourceError(f"{lines.where}: Spark ended with code {done.returncode}: {said[-1]}")
    answer = orjson.loads(report.read_bytes())
    if "error" in answer:
        raise SourceError(f"{lines.where}: {answer['error']}")
    faults = [tuple(fault) for fault in answer["faults"]]
    return Tally(answer["lines"], answer["sound"], tuple(lines.columns), faults)


def spark_settings(lines: OrderLines, scratch: Path) -> dict[str, str]:
    """Return Spark's settings: ours for one machine, and above them the user's own.

    Raises `SourceError` when something is missing that Spark needs, and says how to get it.
    """
    if find_spec("pyspark") is None:
        raise SourceError(
            'Apache Spark is not installed (pip install pyspark); engine = "duckdb" does without it'
        )
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise SourceError(
            "Apache Spark needs Java 17 or newer (Debian: apt-get install "
            "openjdk-17-jre-headless), found by JAVA_HOME or on the PATH"
        )
    own = {
        "spark.master": "local[2]",
        "spark.driver.memory": "2g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.shuffle.partitions": "8",
        "spark.ui.enabled": "false",
    }
    settings = own | _users_settings()
    if isinstance(lines.place, Selection) and "spark.jars" not in settings:
        settings["spark.jars"] = _driver()
    return settings


def _users_settings() -> dict[str, str]:
    folder = os.environ.get("SPARK_CONF_DIR")
    file = Path(folder) / "spark-defaults.conf" if folder else None
    if file is None or not file.is_file():
        return {}
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = [
        line.replace("=", " ", 1).split(None, 1) for line in lines if line[:1] not in {"", "#"}
    ]
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def _driver() -> str:
    found = next((path for path in DRIVERS if Path(path).is_file()), None)
    if found is None:
        raise SourceError(
            "Spark reads PostgreSQL through its Java driver, which is not at "
            f"{' or '.join(DRIVERS)} (Debian: apt-get install libpostgresql-jdbc-java); name "
            "another place by spark.jars in SPARK_CONF_DIR/spark-defaults.conf"
        )
    return found


def _environment(settings: dict[str, str]) -> dict[str, str]:
    environment = dict(os.environ)
    if settings["spark.master"].startswith("local"):
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    return environment


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
