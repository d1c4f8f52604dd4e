"""What a version changes: both are asked about the catalogue, and what differs is kept."""

from __future__ import annotations

from collections import Counter
from datetime import date
from types import SimpleNamespace

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_family import FAMILY

from features.sales_history import SalesHistory
from features.temporal import day_number
from flows.report import SHOWN_ROWS
from pipelines import catalog
from pipelines.catalogue_diff import telling
from pipelines.catalogue_diff.asking import Reader, answers
from pipelines.catalogue_diff.entities import remember
from pipelines.catalogue_diff.questions import Home, Question, kind_of, questions_of, read_home
from pipelines.catalogue_diff.sales import of_products, sales_of
from pipelines.catalogue_diff.summary import Facts, band, movement, summary
from pipelines.contract import RequestRefused
from pipelines.orders.product_catalogue import Product

pytestmark = pytest.mark.both_databases
LABELS = Reader("label", "code")


class Answers:
    """A runtime that says what it was told to; what it was not told of it refuses."""

    def __init__(self, said):
        self.said = said
        self.asked = []

    def predict(self, instances):
        self.asked += instances
        missing = [each for each in instances if next(iter(each.values())) not in self.said]
        if missing:
            raise RequestRefused(f"{missing[0]} is refused")
        return [[self.said[next(iter(each.values()))]] for each in instances]

    def close(self):
        pass


def codes(**said):
    return Answers({text: {"code": code, "confidence": 0.9} for text, code in said.items()})


def asked(texts, sales=None):
    sold = sales or {}
    return [Question(text, {"description": text}, sold.get(text)) for text in texts]


def facts(kind="label", unit="money"):
    return Facts("8", "7", kind, 3, unit, "all were asked")


def history(quantity, price, ids=("a", "b")):
    ones = np.ones_like(quantity)
    first = day_number(date(2026, 1, 1))
    return SalesHistory(ids, ("x", ""), first, quantity, 0 * ones, price, ones, ones)


def test_what_changes_comes_first_by_sales_and_is_counted_by_what_it_was():
    sales = {"tape": 10.0, "glue": 500.0, "pipe": 70.0, "saw": None}
    before = codes(tape="T1", glue="G1", pipe="P1", saw="S1")
    after = codes(tape="T2", glue="G2", pipe="P1", saw="S2")
    diff = summary(answers(before, after, asked(sales, sales), Home(), LABELS), facts())

    assert [row.question for row in diff.most_moved] == ["glue", "tape", "saw"]
    assert (diff.questions, diff.changed, diff.sales, diff.changed_sales) == (4, 3, 580.0, 510.0)
    glue = diff.most_moved[0]
    assert (glue.before, glue.after, glue.before_confidence) == ("G1", "G2", 0.9)
    assert {(each.before, each.after): each.questions for each in diff.counts} == {
        ("G1", "G2"): 1,
        ("T1", "T2"): 1,
        ("S1", "S2"): 1,
    }


def test_a_question_that_one_version_refuses_is_a_change_and_the_others_are_answered():
    table = answers(codes(a="1", b="1"), codes(a="1"), asked(["a", "b"]), Home(), LABELS)
    (row,) = summary(table, facts()).most_moved
    assert (row.question, row.before, row.after, row.after_confidence) == ("b", "1", None, None)


def test_asking_stops_when_there_was_time_enough():
    before, after = (
        codes(**{f"t{n}": "1" for n in range(250)}),
        codes(**{f"t{n}": "2" for n in range(250)}),
    )
    looks = iter([False, True])
    table = answers(before, after, asked(before.said), Home(), LABELS, enough=lambda: next(looks))
    assert len(table) == 100


def test_lists_are_ranked_by_what_left_and_came_and_each_item_is_counted():
    sales = sales_of(history(np.full((2, 3), 2.0), np.full((2, 3), 5.0)))
    old = Answers({"u1": {"items": [{"item_id": "a"}, {"item_id": "z"}]}})
    new = Answers({"u1": {"items": [{"item_id": "b"}, {"item_id": "z"}]}})
    home, reader = Home(sales=sales), Reader("list", "rating")
    table = answers(old, new, [Question("u1", {"user_id": "u1"})], home, reader)
    diff = summary(table, facts("list"))

    (row,) = diff.most_moved
    assert (row.before, row.after, row.sales) == (["a", "z"], ["b", "z"], 60.0)
    assert {(each.before, each.after) for each in diff.counts} == {("a", None), (None, "b")}
    assert diff.sales is None  # the products of several lists are the same: there is no total


def test_forecasts_are_asked_with_the_newest_stored_days_and_change_by_bands():
    sold = history(np.full((2, 3), 2.0), np.full((2, 3), 5.0))
    home = Home(history=sold, sales=sales_of(sold))
    family = catalog.family("demand_forecast")
    kind, inside = kind_of(family)
    questions = questions_of(family, home, pd.DataFrame({"product_id": ["other"]}))
    day = {"date": "2026-01-04", "predicted_quantity": 5.0}
    old = Answers({name: {"daily_predictions": [day, day]} for name in "ab"})
    new = Answers({"a": {"daily_predictions": [day]}, "b": {"daily_predictions": [day, 5.4]}})
    reader = Reader(kind, family.target, inside)
    diff = summary(answers(old, new, questions, home, reader), facts(kind))

    assert [each["history"][-1]["date"] for each in old.asked] == ["2026-01-03"] * 2
    (row,) = diff.most_moved
    assert (row.question, row.before, row.after, row.sales) == ("a", 10.0, 5.0, 30.0)
    assert [(each.after, each.questions) for each in diff.counts] == [("-50 % … -25 %", 1)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (100.0, 111.0, "+10 % … +25 %"),
        (100.0, 130.0, "+25 % … +50 %"),
        (100.0, 200.0, "> +50 %"),
        (100.0, 88.0, "-25 % … -10 %"),
        (100.0, 40.0, "< -50 %"),
        (0.0, 1.0, "> +50 %"),
    ],
)
def test_a_change_is_told_by_its_band(before, after, expected):
    assert band(before, after) == expected


listed = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)


@given(before=listed, after=listed)
def test_movement_is_symmetric_between_0_and_1_and_0_for_the_same_alone(before, after):
    moved = movement(before, after)
    assert 0.0 <= moved <= 1.0
    assert moved == pytest.approx(movement(after, before))
    assert (moved == 0.0) == (before == after)


def test_the_top_of_a_list_counts_most():
    was = list("abcde")
    assert movement(was, list("bacde")) > movement(was, list("abced"))
    assert movement(was, list("vwxyz")) == 1.0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("product_codes", "label"),
        ("product_categories", "label"),
        ("product_recommendations", "list"),
        ("fashion_recommendations", "list"),
        ("demand_forecast", "forecast"),
    ],
)
def test_what_a_family_answers_is_known_from_its_response(name, kind):
    assert kind_of(catalog.family(name))[0] == kind


def test_products_are_matched_by_whichever_name_fits_and_share_what_was_sold():
    sales = sales_of(history(np.full((2, 3), 2.0), np.full((2, 3), 5.0)))
    products = [Product("a", "tape red", "1"), Product("a", "tape blue", "2"), Product("c", "saw")]
    assert (sales.unit, of_products(sales, products)) == (
        "money",
        {"tape red": 15.0, "tape blue": 15.0},
    )
    numbered = [Product("9", "tape", "a"), Product("8", "glue", "b")]
    assert of_products(sales, numbered) == {"tape": 30.0, "glue": 30.0}


def test_sales_without_every_price_are_pieces_and_the_catalogue_may_know_the_price():
    quantity, price = np.full((2, 3), 2.0), np.array([[5.0] * 3, [np.nan] * 3])
    assert sales_of(history(quantity, price)).unit == "pieces"
    assert sales_of(history(quantity, price)).of == {"a": 6.0, "b": 6.0}
    listed_prices = [Product("b", "glue", price=2.0), Product("b", "strong glue", price=4.0)]
    assert sales_of(history(quantity, price), listed_prices).of == {"a": 30.0, "b": 18.0}


def test_the_catalogue_is_asked_about_first_by_sales_and_by_how_often_the_api_was_asked():
    sold = history(np.array([[8.0], [1.0]]), np.ones((2, 1)))
    products = (Product("a", "tape"), Product("b", "glue"), Product("c", "saw"))
    home = Home(products, sold, sales_of(sold), asked=Counter({"odd thing": 3, "saw": 1}))
    questions = questions_of(
        catalog.family("product_codes"), home, pd.DataFrame({"description": ["tested"]})
    )
    assert [(each.name, each.sales, each.asked) for each in questions] == [
        ("tape", 8.0, 0),
        ("odd thing", None, 3),
        ("saw", None, 1),
        ("glue", 1.0, 0),
    ]


def test_without_catalogue_and_log_the_test_set_says_what_to_ask():
    requests = pd.DataFrame({"text": ["común1", "pint2", "pint2"]})
    questions = questions_of(FAMILY, Home(products=(Product("a", "tape"),)), requests)
    assert [each.instance for each in questions] == [{"text": "común1"}, {"text": "pint2"}]


def test_customers_of_the_source_are_remembered_the_busiest_first(tmp_path, store):
    family = catalog.family("product_recommendations")
    users = pd.DataFrame({"user_id": ["u1", "u2", "u2", "u3", "u2", "u3"]})
    none = users.head(0)
    split = SimpleNamespace(train=users, validation=none, test=none, sealed=none)
    remember(tmp_path, family, split)
    home = read_home(tmp_path, store, family)
    kind, _ = kind_of(family)
    found = questions_of(family, home, pd.DataFrame({"user_id": ["other"]}))
    assert (kind, [each.instance for each in found]) == (
        "list",
        [{"user_id": "u2"}, {"user_id": "u3"}, {"user_id": "u1"}],
    )


def test_a_long_list_is_cut_and_an_unanswered_question_is_said():
    old = Answers({"u1": {"items": [{"item_id": name} for name in "abcdefg"]}, "u2": {"items": []}})
    new = Answers({"u1": {"items": []}})
    questions = [Question(name, {"user_id": name}) for name in ("u1", "u2")]
    table = answers(old, new, questions, Home(), Reader("list", "rating"))
    diff = orjson.loads(orjson.dumps(summary(table, facts("list")).as_json()))
    rows = {row["question"]: row for row in telling.moved_rows(diff, SHOWN_ROWS)}
    assert rows["u1"]["before"] == "a, b, c, d, e, …"
    assert rows["u2"]["after"] == "no answer"
