"""What programs keep for each other, as a disk or a stranger may leave it: refused or whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_stage import write_package
from sqlalchemy.exc import DataError

from pipelines import prediction_log
from pipelines.decisions import chain
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.orders.product_catalogue import Catalogue, CatalogueUnreadable, Product, read, write
from pipelines.prediction_log import PredictionLog, Provenance, count
from pipelines.settings import Settings
from pipelines.spooled_rows import COLUMNS, readable_rows
from pipelines.store import Store, decisions, open_store
from pipelines.versions.artifact import CONTRACT_FILE, ArtifactRefused, open_package

pytestmark = pytest.mark.both_databases
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
bounded = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# --- packages ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("package") / "p", "uno").directory


def digest_of(package: Path) -> str:
    return hashlib.sha256((package / CONTRACT_FILE).read_bytes()).hexdigest()


@bounded
@given(st.data())
def test_a_contract_with_anything_else_in_it_is_refused_or_means_the_same(
    package: Path, data: st.DataObject
) -> None:
    path = package / CONTRACT_FILE
    whole = path.read_bytes()
    document = orjson.loads(whole)
    name = data.draw(st.sampled_from([*document, "more"]))
    document[name] = data.draw(anything)
    try:
        path.write_text(json.dumps(document), encoding="utf-8")
        # Nobody reads it as it was admitted; and read by itself it is a contract or it is refused.
        with pytest.raises(ArtifactRefused):
            open_package(package, expected_digest=hashlib.sha256(whole).hexdigest())
        try:
            contract = open_package(package).contract
        except ArtifactRefused:
            return
        assert contract.files == orjson.loads(whole)["files"]
    finally:
        path.write_bytes(whole)


@bounded
@given(st.binary(max_size=200) | anything.map(json.dumps).map(str.encode))
def test_whatever_stands_in_place_of_a_contract_is_refused(package: Path, content: bytes) -> None:
    path = package / CONTRACT_FILE
    whole = path.read_bytes()
    try:
        path.write_bytes(content)
        with pytest.raises(ArtifactRefused):
            open_package(package)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000])
def test_a_contract_of_brackets_in_brackets_is_refused(package: Path, content: bytes) -> None:
    test_whatever_stands_in_place_of_a_contract_is_refused.hypothesis.inner_test(package, content)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "compiled/../../outside"])
def test_a_contract_that_names_files_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    package = write_package(tmp_path / "p", "uno").directory
    (tmp_path / "outside").write_bytes(b"x")
    document = orjson.loads((package / CONTRACT_FILE).read_bytes())
    document["files"][name] = hashlib.sha256(b"x").hexdigest()
    (package / CONTRACT_FILE).write_bytes(orjson.dumps(document))
    with pytest.raises(ArtifactRefused, match="missing, added or changed"):
        open_package(package, expected_digest=digest_of(package))


def test_a_link_in_a_package_is_read_as_what_it_leads_to_and_so_is_found_out(
    tmp_path: Path,
) -> None:
    package = write_package(tmp_path / "p", "uno").directory
    (package / "compiled" / "more").symlink_to("/etc/hostname")
    with pytest.raises(ArtifactRefused, match="missing, added or changed"):
        open_package(package)


# --- the decision log -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    folder = tmp_path_factory.mktemp("log")
    store = open_store(f"sqlite:///{folder}/log.db")
    log = DecisionLog(store, folder)
    for version in ("1", "2", "3"):
        log.append(NewDecision("admitted", "m", version=version, artifact_digest="a" * 64))
    log.append(
        NewDecision("verdict", "m", version="3", artifact_digest="a" * 64, becomes_champion=True)
    )
    with store.read() as connection:
        found = [dict(row) for row in connection.execute(decisions.select()).mappings()]
    store.close()
    return sorted(found, key=lambda row: int(str(row["seq"])))


def test_a_whole_chain_has_no_problem(rows: list[dict[str, object]]) -> None:
    assert chain.problems(rows) == []


@bounded
@given(st.data())
def test_no_change_to_any_line_of_the_log_goes_unnoticed(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(sorted(rows[place])))
    texts = st.text(max_size=8) | anything.map(json.dumps)
    value = data.draw(st.integers(0, 99) | texts | st.none())
    changed = [dict(row) for row in rows]
    changed[place][column] = value
    assert bool(chain.problems(changed)) == (value != rows[place][column])


@bounded
@given(st.permutations(range(4)), st.integers(0, 4))
def test_no_line_can_be_left_out_or_moved(
    rows: list[dict[str, object]], order: list[int], kept: int
) -> None:
    left = [rows[place] for place in order[:kept]]
    assert bool(chain.problems(left)) == (left != rows[:kept])


@pytest.mark.parametrize("record", ["[]", "{}", "null", "no JSON", "1"])
def test_a_record_that_is_none_is_found_though_its_hash_was_made_anew(
    rows: list[dict[str, object]], record: str
) -> None:
    changed = [dict(row) for row in rows]
    changed[-1] |= {"record": record, "hash": chain.digest(record)}
    assert chain.problems(changed)


# --- the spool --------------------------------------------------------------------------------

LINE = b'p-0\tr\tm\t1\td\t2\t{"a":1}\t[{"b":2}]\t2026-11-22T00:00:00+00:00\n'
OLDER = orjson.dumps(
    {
        **{"base": "p", "request_id": "r", "model": "m", "version": "1", "decision_id": "d"},
        **{"generation": 2, "instances": [{"a": 1}], "answers": [[{"b": 2}]], "created_at": "t"},
    }
)


@bounded
@given(st.data())
def test_a_line_of_the_spool_is_a_row_or_set_aside(data: st.DataObject) -> None:
    line = bytearray(data.draw(st.sampled_from([LINE, OLDER + b"\n"])))
    for place in data.draw(st.lists(st.integers(0, len(line) - 2), min_size=1, max_size=3)):
        line[place] = data.draw(st.integers(0, 255))
    damaged: list[bytes] = []
    found = list(readable_rows(bytes(line), damaged))
    assert bool(found) != bool(damaged)
    for row in found:
        fields = dict(zip(COLUMNS, row, strict=True))
        assert isinstance(fields.pop("generation"), int)
        assert all(isinstance(value, str) and "\0" not in value for value in fields.values())


@bounded
@given(
    st.binary(max_size=80)
    | st.dictionaries(st.text(max_size=9), anything).map(json.dumps).map(str.encode)
)
def test_whatever_stands_in_the_spool_is_read_or_set_aside(line: bytes) -> None:
    damaged: list[bytes] = []
    found = list(readable_rows(line + b"\n", damaged))
    assert bool(found) != bool(damaged) or line.startswith(b"{")


FROM = Provenance("stub", "1", "d1", 1, "r")


@pytest.mark.parametrize(
    "bad",
    [
        LINE.replace(b"\t2\t", b"\t" + b"9" * 30 + b"\t"),
        LINE.replace(b'{"a":1}', b'{"a":}'),
        OLDER.replace(b'"generation":2', b'"generation":18446744073709551615') + b"\n",
        OLDER.replace(b'"model":"m"', b'"model":{}') + b"\n",
        b"\xff" * 50 + b"\n",
    ],
)
def test_a_file_of_a_dead_process_that_a_disk_spoilt_holds_up_no_other(
    store: Store, settings: Settings, bad: bytes
) -> None:
    folder = settings.var / "spool"
    log = PredictionLog(store, folder)
    (folder / "1-dead.jsonl").write_bytes(bad)
    (folder / "2-dead.jsonl").write_bytes(LINE)
    assert log.rescue() == 2
    assert count(store) == 1
    assert (folder / "1-dead.damaged").read_bytes() == bad
    log.append(FROM, [{"text": "a"}], [[{"topic": "b"}]])
    log.close()
    assert count(store) == 2


def test_what_the_database_refuses_is_set_aside_and_holds_up_no_other(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settings.var / "spool"
    log = PredictionLog(store, folder)
    real: Callable[..., None] = prediction_log.keep

    def choosy(store: Store, path: Path, **options: bool) -> None:
        if path.name.startswith("1-"):
            raise DataError("INSERT", None, ValueError("too long"))
        real(store, path, **options)

    monkeypatch.setattr(prediction_log, "keep", choosy)
    (folder / "1-dead.jsonl").write_bytes(LINE)
    (folder / "2-dead.jsonl").write_bytes(LINE)
    assert log.rescue() == 1
    assert (folder / "1-dead.damaged").is_file()
    log.close()


# --- the catalogue ----------------------------------------------------------------------------


@bounded
@given(st.data())
def test_a_catalogue_with_a_spoilt_byte_is_read_or_refused(
    tmp_path: Path, data: st.DataObject
) -> None:
    file = tmp_path / "catalogue.jsonl"
    write(file, Catalogue((Product("A-1", "Martillo", "7", "a.png", 1.5),), "x", "s", "t"))
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(content))
    try:
        found = read(file)
    except CatalogueUnreadable:
        return
    assert all(isinstance(product, Product) for product in found.products)
