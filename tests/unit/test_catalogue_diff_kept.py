"""A diff beside its decision: made by two packages, kept, replayed, and shown."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import orjson
import pandas as pd
import pytest
from asgi_client import AppClient
from rivals import MANUAL, FrozenRows, contestant, exactly, policy
from serving_stage import MODEL, Stage, write_package
from sqlalchemy import insert
from stub_family import FAMILY
from typer.testing import CliRunner

from cli.main import app
from pipelines.catalogue_diff import differ, document, telling
from pipelines.catalogue_diff.differ import Differ, Side, made_again
from pipelines.catalogue_diff.document import DiffDamaged, NoDiff
from pipelines.catalogue_diff.questions import questions_of, read_home
from pipelines.decisions.log import DecisionLog
from pipelines.gate.case import Case
from pipelines.gate.leakage import Leakage
from pipelines.gate.promotion import decide
from pipelines.orders import product_catalogue
from pipelines.orders.product_catalogue import Catalogue, Product
from pipelines.records.replay import replay
from pipelines.records.verdicts import append_verdict
from pipelines.settings import load_settings
from pipelines.store import open_store, predictions
from pipelines.versions.artifact import open_package

pytestmark = pytest.mark.both_databases
NO_REQUESTS = pd.DataFrame({"text": []})


@pytest.fixture
def log(store, tmp_path):
    return DecisionLog(store, tmp_path / "predictions")


def sides(folder):
    """The champion answers `uno` to everything, the challenger `dos`."""
    return tuple(
        Side(version, open_package(write_package(folder / version, topic).directory))
        for version, topic in (("1", "uno"), ("2", "dos"))
    )


def judged(log, folder, made_by=None, approval="none"):
    """A first champion, and version 2 that is better, with what it changes."""
    requests = pd.DataFrame({"text": ["pint1", "pint2"]})
    old, new = exactly(830, 20, 60, 90)
    for version, before, after in (("1", None, old), ("2", old, new)):
        head = log.head(MODEL)
        case = Case(
            policy=policy(approval=approval if head else "none"),
            trigger=MANUAL,
            look=log.looks("stub-1") + 1,
            champion=contestant(head.version) if head else None,
            challenger=contestant(version),
            champion_rows=before,
            challenger_rows=after,
            floor_rows=after.assign(predicted="none", correct=0.0),
            leakage=Leakage("clean", 0, 10),
        )
        named = (made_by or Differ(log, folder)).keep(
            FAMILY, *sides(folder / f"v{version}"), requests
        )
        found = append_verdict(
            log,
            MODEL,
            case,
            decide(case),
            FrozenRows(),
            expected_generation=head.generation if head else 0,
            diff=named if head else None,
        )
    return found


def test_a_kept_diff_is_made_again_from_the_kept_answers(log, tmp_path):
    decision = judged(log, tmp_path)
    named = decision.record["catalogue_diff"]

    assert (named["questions"], named["changed"]) == (2, 2)
    kept = document.of_record(log.predictions_directory, decision.decision_id, decision.record)
    assert kept == orjson.loads(orjson.dumps(asdict(made_again(log, named))))
    assert replay(log, decision.decision_id) == []
    assert "2 of 2 answers change, version 2 against champion 1" in telling.headline(kept)


@pytest.mark.parametrize("which", ["sha256", "answers"])
def test_a_changed_file_of_a_diff_is_found_by_the_replay(log, tmp_path, which):
    decision = judged(log, tmp_path)
    sha256 = decision.record["catalogue_diff"][which]
    (file,) = log.predictions_directory.glob(f"{sha256}.*")
    file.write_bytes(file.read_bytes().replace(b"uno", b"tre"))

    (difference,) = replay(log, decision.decision_id)
    assert difference.where == "catalogue_diff"


def test_another_table_than_the_documents_is_found_by_the_replay(log, tmp_path):
    decision = judged(log, tmp_path)
    named = decision.record["catalogue_diff"]
    table = log.load_predictions(named["answers"]).assign(after='"uno"')
    forged = dict(named, answers=log.save_predictions(table))
    record = dict(decision.record, catalogue_diff=forged)
    kept = document.of_record(log.predictions_directory, decision.decision_id, record)
    assert made_again(log, forged).changed == 0 != kept["changed"]


def test_more_questions_than_the_limit_are_said_to_be_left_out(log, tmp_path):
    named = judged(log, tmp_path, Differ(log, tmp_path, limit=1)).record["catalogue_diff"]
    assert named["facts"]["note"].startswith("1 of 2 known questions were asked")
    times = iter([0.0, 99.0])
    slow = Differ(log, tmp_path, seconds=1.0, clock=lambda: next(times))
    asked_nothing = slow.keep(FAMILY, *sides(tmp_path / "slow"), pd.DataFrame({"text": ["a"]}))
    assert asked_nothing["questions"] == 0
    assert "no more could be asked in time" in asked_nothing["facts"]["note"]


def test_a_verdict_does_without_a_diff_that_cannot_be_made(log, tmp_path):
    champion, challenger = sides(tmp_path)
    lost = replace(champion.package, contract=champion.package.contract.model_copy(
        update={"runtime": "gone"}
    ))  # fmt: skip
    named = Differ(log, tmp_path).keep(
        FAMILY, Side("1", lost), challenger, pd.DataFrame({"text": ["a"]})
    )
    assert named["sha256"] is None
    with pytest.raises(NoDiff, match="could not be made: ArtifactRefused: runtime 'gone'"):
        document.of_record(tmp_path, "d1", {"catalogue_diff": named})
    with pytest.raises(NoDiff, match="has no catalogue diff"):
        document.of_record(tmp_path, "d1", {})
    with pytest.raises(DiffDamaged):
        document.load(tmp_path, "0" * 64)


def test_a_version_that_breaks_at_a_question_costs_no_verdict(log, tmp_path, monkeypatch):
    class Breaking:
        def predict(self, _instances):
            raise ZeroDivisionError("a month without days")

        def close(self):
            pass

    monkeypatch.setattr(differ, "open_runtime", lambda _package: Breaking())
    named = Differ(log, tmp_path).keep(
        FAMILY, *sides(tmp_path / "v"), pd.DataFrame({"text": ["a"]})
    )
    assert named == {
        "sha256": None,
        "note": "it could not be made: ZeroDivisionError: a month without days",
    }


def test_a_damaged_catalogue_costs_no_verdict(log, tmp_path):
    product_catalogue.catalogue_file(tmp_path).parent.mkdir(parents=True)
    product_catalogue.catalogue_file(tmp_path).write_text("{")
    named = Differ(log, tmp_path).keep(FAMILY, *sides(tmp_path / "v"), NO_REQUESTS)
    assert "is damaged" in named["note"]


def test_logged_questions_and_the_written_catalogue_are_read(tmp_path, store):
    file = product_catalogue.catalogue_file(tmp_path)
    product_catalogue.write(file, Catalogue((Product("a", "tape"),), None, "s", "now"))
    row = {column.name: "x" for column in predictions.c} | {"generation": 1, "model": MODEL}
    with store.write() as connection:
        for number, instance in enumerate(('{"text":"cola"}', '{"text":"cola","b":1}', '{"b":2}')):
            given = {"prediction_id": str(number), "instance": instance}
            connection.execute(insert(predictions).values(**row | given))
    home = read_home(tmp_path, store, FAMILY)
    assert [each.description for each in home.products] == ["tape"]
    assert home.asked == {"cola": 2}

    class Whole(type(FAMILY)):
        label_text = None

    questions = questions_of(Whole(), read_home(tmp_path, store, Whole()), NO_REQUESTS)
    assert {each.name: each.instance for each in questions}['{"b":1,"text":"cola"}'] == {
        "text": "cola",
        "b": 1,
    }
    assert len(questions) == 3


def test_the_diff_of_a_decision_over_http_and_none_where_there_is_none(make_settings):
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "texts.csv"}}}))
    decision = judged(stage.log, stage.settings.var)
    first = stage.log.list()[-1].decision_id
    with AppClient(stage.app()) as client:
        shown = client.get(f"/v1/decisions/{decision.decision_id}/diff").json()
        assert (shown["of"], shown["against"], shown["kind"]) == ("2", "1", "label")
        assert shown["counts"] == [{"before": "uno", "after": "dos", "questions": 2, "sales": None}]
        assert {row["question"] for row in shown["most_moved"]} == {"pint1", "pint2"}
        missing = client.get(f"/v1/decisions/{first}/diff")
        assert (missing.status_code, missing.json()["type"]) == (
            404,
            "urn:contender:problem:no-diff",
        )
    stage.close()


def test_the_command_shows_what_a_decision_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("CONTENDER_HOME", str(tmp_path))
    settings = load_settings()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    decision = judged(log, settings.var, approval="required")
    shown = CliRunner().invoke(app, ["decisions", decision.decision_id, "--diff"])
    assert "2 of 2 answers change" in shown.stdout
    assert "pint1" in shown.stdout
    whole = CliRunner().invoke(app, ["decisions", decision.decision_id, "--diff", "--json"])
    assert json.loads(whole.stdout)["changed"] == 2
    assert CliRunner().invoke(app, ["decisions", "--diff"]).exit_code == 1
    (waits,) = json.loads(CliRunner().invoke(app, ["approve", "--json"]).stdout)
    assert (waits["answers_changed"], waits["answers_compared"]) == (2, 2)
    store.close()
