"""What Spark is told before it begins: ours for one machine, above them the user's."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from features.spark import launch


@pytest.fixture(autouse=True)
def java_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", os.fspath(tmp_path))
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)


def users(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SPARK_CONF_DIR", str(folder))
    (folder / "spark-defaults.conf").write_text(text)


def test_on_one_machine_spark_is_alone_with_us(tmp_path):
    found = launch.settings(tmp_path, memory_mib=1500)
    assert found["spark.driver.bindAddress"] == found["spark.driver.host"] == "127.0.0.1"
    assert found["spark.authenticate"] == "true"
    assert found["spark.ui.enabled"] == "false"
    assert found["spark.driver.memory"] == "1500m"
    assert found["spark.local.dir"] == str(tmp_path)
    assert found["spark.hadoop.fs.permissions.umask-mode"] == "077"
    assert "secret" not in " ".join(found), "whoever lists processes would see it"


def test_the_users_settings_stand_above_ours(tmp_path, monkeypatch):
    text = "# ours\nspark.master local[7]\n\nspark.driver.memory=4g\n"
    users(tmp_path, monkeypatch, text)
    found = launch.settings(tmp_path)
    assert (found["spark.master"], found["spark.driver.memory"]) == ("local[7]", "4g")
    assert found["spark.ui.enabled"] == "false"


def test_a_value_keeps_what_also_ends_a_name(tmp_path, monkeypatch):
    text = """
        spark.driver.extraJavaOptions  -Duser.timezone=UTC -Dfile.encoding=UTF-8
        spark.hadoop.fs.s3a.endpoint = https://files.example:9000
        spark.jars:/opt/postgresql.jar
        spark.nothing
    """
    users(tmp_path, monkeypatch, text)
    found = launch.settings(tmp_path)
    options = "-Duser.timezone=UTC -Dfile.encoding=UTF-8"
    assert found["spark.driver.extraJavaOptions"] == options
    assert found["spark.hadoop.fs.s3a.endpoint"] == "https://files.example:9000"
    assert found["spark.jars"] == "/opt/postgresql.jar"
    assert "spark.nothing" not in found


def test_a_clusters_executors_find_the_driver(tmp_path, monkeypatch):
    users(tmp_path, monkeypatch, "spark.master spark://cluster:7077\nspark.executor.memory=4g")
    found = launch.settings(tmp_path)
    assert found["spark.executor.memory"] == "4g"
    assert "spark.driver.bindAddress" not in found


def test_memory_is_half_of_what_there_is_and_no_more_than_the_container_may(tmp_path, monkeypatch):
    class Free:
        available = 10 * 1024**3

    monkeypatch.setattr(psutil, "virtual_memory", Free)
    monkeypatch.setattr(launch, "LIMIT_OF_CONTAINER", tmp_path / "memory.max")
    assert launch.half_of_memory() == 5 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert launch.half_of_memory() == 5 * 1024
    (tmp_path / "memory.max").write_text(f"{6 * 1024**3}\n")
    assert launch.half_of_memory() == 3 * 1024
    (tmp_path / "memory.max").write_text("1000\n")
    assert launch.half_of_memory() == launch.SMALLEST_MIB


def test_postgresql_needs_its_driver_and_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "DRIVERS", (str(tmp_path / "postgresql.jar"),))
    with pytest.raises(launch.SparkFailed, match="libpostgresql-jdbc-java"):
        launch.settings(tmp_path, jdbc=True)
    (tmp_path / "postgresql.jar").touch()
    assert launch.settings(tmp_path, jdbc=True)["spark.jars"].startswith(str(tmp_path))
