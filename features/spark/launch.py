"""Starts a job on Spark and waits for its answer; imports nothing of Spark itself.

Ours are settings for one machine, and for no more than a job needs: it listens on the loopback
only, shows no pages, writes into one private folder, and speaks to nobody who does not know the
secret that it draws. The user's own stand above them, as everywhere with Spark: in
`spark-defaults.conf` in the folder `SPARK_CONF_DIR`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import psutil

DRIVERS = ("/usr/share/java/postgresql.jar", "/usr/share/java/postgresql-jdbc/postgresql.jar")
"""Where Debian and Fedora put the driver by which Spark speaks with PostgreSQL."""
LOCAL = "local"
MEBIBYTE = 2**20
SMALLEST_MIB, LARGEST_MIB = 1_024, 16_384
LIMIT_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")
SHOWN_CHARACTERS = 500
USERS_LINE = re.compile(r"(?P<name>[^\s=:]+)(\s*[=:]\s*|\s+)(?P<value>\S.*)")
"""Of a file of Java's kind: the name ends at the first blank, = or :, of which values have more."""
ON_LOOPBACK = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.authenticate": "true",
}
"""Where Spark is on this machine alone. It draws the secret itself; no process list shows it."""


class SparkFailed(RuntimeError):
    """Spark is not there, or a job on it has failed; the message says why."""


def settings(
    scratch: Path, *, master: str = "local[2]", memory_mib: int = 2_048, jdbc: bool = False
) -> dict[str, str]:
    """Return Spark's settings: ours for one machine, and above them the user's own.

    `jdbc` asks for PostgreSQL's driver. Raises `SparkFailed` when something is missing that Spark
    needs, and says how to get it.
    """
    _require_installation()
    own = {
        "spark.master": master,
        "spark.driver.memory": f"{memory_mib}m",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.shuffle.partitions": "8",
        "spark.hadoop.fs.permissions.umask-mode": "077",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    stated = own | _users_settings()
    if stated["spark.master"].startswith(LOCAL):
        stated = ON_LOOPBACK | stated
    if jdbc and "spark.jars" not in stated:
        stated["spark.jars"] = _driver()
    return stated


def half_of_memory() -> int:
    """Return half of what this machine, or this container, can spare, in MiB: 1 to 16 GiB."""
    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # no such file, or no limit: "max"
        free = min(free, int(LIMIT_OF_CONTAINER.read_text(encoding="ascii")))
    return max(SMALLEST_MIB, min(LARGEST_MIB, free // MEBIBYTE // 2))


def run(job: str, task: Mapping[str, object], stated: Mapping[str, str], scratch: Path) -> Any:
    """Run the module `job` on a task, and return what it answers. Raises `SparkFailed`.

    Task and answer are whatever JSON can hold; neither is seen by other users of the machine.
    """
    report = scratch / "report.json"
    message = {
        "settings": dict(stated),
        "report": str(report),
        "asked_by": os.getpid(),
        "task": dict(task),
    }
    done = subprocess.run(
        [sys.executable, "-m", job],
        input=orjson.dumps(message),
        capture_output=True,
        check=False,
        env=_environment(stated),
    )
    if not report.exists():
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        shown = said[-1][-SHOWN_CHARACTERS:]
        raise SparkFailed(f"Spark ended with code {done.returncode}: {shown}")
    answer = orjson.loads(report.read_bytes())
    if "error" in answer:
        raise SparkFailed(str(answer["error"])[:SHOWN_CHARACTERS])
    return answer


def _require_installation() -> None:
    if find_spec("pyspark") is None:
        raise SparkFailed("Apache Spark is not installed (pip install pyspark)")
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise SparkFailed(
            "Apache Spark needs Java 17 or newer (Debian: apt-get install "
            "openjdk-17-jre-headless), found by JAVA_HOME or on the PATH"
        )


def _users_settings() -> dict[str, str]:
    folder = os.environ.get("SPARK_CONF_DIR")
    file = Path(folder) / "spark-defaults.conf" if folder else None
    if file is None or not file.is_file():
        return {}
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    found = [USERS_LINE.fullmatch(line) for line in lines if not line.startswith("#")]
    return {line["name"]: line["value"] for line in found if line}


def _driver() -> str:
    found = next((path for path in DRIVERS if Path(path).is_file()), None)
    if found is None:
        raise SparkFailed(
            "Spark reads PostgreSQL through its Java driver, which is not at "
            f"{' or '.join(DRIVERS)} (Debian: apt-get install libpostgresql-jdbc-java); name "
            "another place by spark.jars in SPARK_CONF_DIR/spark-defaults.conf"
        )
    return found


def _environment(stated: Mapping[str, str]) -> dict[str, str]:
    environment = dict(os.environ)
    if stated["spark.master"].startswith(LOCAL):
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
        # Else Python's part of a job runs in whatever python3 is found first.
        environment.setdefault("PYSPARK_PYTHON", sys.executable)
    return environment
