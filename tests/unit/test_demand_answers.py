"""Whatever is asked about demand is answered within the promises, or refused with a reason."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from demand_stage import small_answering, small_panel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contract import RequestRefused
from pipelines.families.demand_forecast.answering import Answering
from pipelines.families.demand_forecast.golden import GOLDEN

START = date(2026, 1, 1)
ANSWERING = small_answering(small_panel(products=10, days=200))


@pytest.fixture(scope="module")
def answering() -> Answering:
    return small_answering()


def days(quantities, first=START):
    return [
        {"date": (first + timedelta(days=place)).isoformat(), "quantity": float(quantity)}
        for place, quantity in enumerate(quantities)
    ]


def asked(answering, **request):
    question = {"product_id": "new", "horizon": 28, "future": None, **request}
    return answering.answers([question])[0][0]


def assert_promises(answer, horizon):
    listed = answer["daily_predictions"]
    assert len(listed) == horizon
    values = np.array(
        [
            [day[name] for name in ("lower_95", "lower", "predicted_quantity", "upper", "upper_95")]
            for day in listed
        ]
    )
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(values, axis=1) >= 0).all()
    assert (values[:, 3] - values[:, 1] > 0).all()
    assert answer["predicted_total_quantity"] == pytest.approx(values[:, 2].sum())
    assert 0 < answer["confidence_score"] < 1
    assert listed[0]["date"] == answer["forecast_range_start"]
    assert listed[-1]["date"] == answer["forecast_range_end"]


@pytest.mark.parametrize("question", GOLDEN, ids=lambda row: row["product_id"])
def test_odd_questions_keep_every_promise(answering, question):
    ((answer,),) = answering.answers([question])
    assert_promises(answer, question["horizon"])


HISTORIES = st.lists(
    st.tuples(
        st.integers(0, 700),
        st.one_of(st.just(0.0), st.floats(-1e6, 1e6, allow_nan=False, width=32)),
        st.booleans(),
        st.one_of(st.none(), st.floats(0, 1e4, width=32)),
        st.one_of(st.none(), st.booleans()),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=HISTORIES, horizon=st.integers(1, 120), active=st.booleans())
def test_no_history_whatever_breaks_a_promise(history, horizon, active):
    rows = [
        {
            "date": (START + timedelta(days=day)).isoformat(),
            "quantity": quantity,
            "promotion": promotion,
            "price": price,
            "open": opened,
        }
        for day, quantity, promotion, price, opened in history
    ]
    answer = asked(ANSWERING, history=rows, horizon=horizon, promotion_active=active)
    assert_promises(answer, horizon)


def test_the_stored_history_is_used_where_none_is_sent_and_the_answer_says_so(answering):
    answer = asked(answering, product_id="P03")
    assert answer["forecast_range_start"] == "2026-02-05"
    assert any("stored history until 2026-02-04" in note for note in answer["notes"])


def test_a_product_without_any_history_is_refused(answering):
    with pytest.raises(RequestRefused, match="instance 0: nothing is known of product 'new'"):
        asked(answering)


def test_the_order_of_the_days_is_of_no_matter(answering):
    rows = days([3, 0, 5, 7, 2, 9, 1] * 12)
    assert asked(answering, history=rows) == asked(answering, history=rows[::-1])


def test_gaps_count_as_zero_and_are_reported(answering):
    rows = days([5.0] * 70)
    missing = [*rows[:30], *rows[40:]]
    filled = [*rows[:30], *days([0.0] * 10, START + timedelta(days=30)), *rows[40:]]
    sparse, whole = asked(answering, history=missing), asked(answering, history=filled)
    assert sparse["daily_predictions"] == whole["daily_predictions"]
    assert any(note.startswith("10 days without an entry") for note in sparse["notes"])


def test_returns_are_taken_off_their_day_and_never_make_demand_negative(answering):
    rows = days([4.0] * 60)
    returned = [*rows, {"date": rows[10]["date"], "quantity": -1.0}]
    net = [*rows[:10], {**rows[10], "quantity": 3.0}, *rows[11:]]
    answer = asked(answering, history=returned)
    assert answer["daily_predictions"] == asked(answering, history=net)["daily_predictions"]
    assert any("returns are taken off" in note for note in answer["notes"])
    only_returns = asked(answering, history=days([-3.0] * 30))
    assert only_returns["predicted_total_quantity"] == 0
    assert_promises(only_returns, 28)


def test_a_series_of_zeros_is_forecast_as_zero_with_a_small_upper_bound(answering):
    answer = asked(answering, history=days([0.0] * 90))
    assert answer["predicted_total_quantity"] == 0
    assert all(0 < day["upper"] <= day["upper_95"] < 0.1 for day in answer["daily_predictions"])
    assert any("no sale is known" in note for note in answer["notes"])


def test_a_horizon_beyond_the_trained_one_is_continued_with_wider_intervals(answering):
    rows = days([6, 4, 4, 5, 6, 9, 1] * 30)
    short, long = asked(answering, history=rows), asked(answering, history=rows, horizon=84)
    assert long["daily_predictions"][:28] == short["daily_predictions"]
    assert any("continues its own 28 days" in note for note in long["notes"])
    widths = [day["upper"] - day["lower"] for day in long["daily_predictions"]]
    assert np.mean(widths[:28]) < np.mean(widths[28:56]) < np.mean(widths[56:])
    assert long["confidence_score"] <= short["confidence_score"] + 0.05


def test_a_horizon_of_more_than_a_year_is_refused(answering):
    with pytest.raises(RequestRefused, match="horizon"):
        asked(answering, history=days([1.0]), horizon=366)


def test_days_asked_after_a_gap_are_counted_from_the_end_of_the_history(answering):
    rows = days([6, 4, 4, 5, 6, 9, 1] * 20)
    whole = asked(answering, history=rows, horizon=24)
    late = asked(answering, history=rows, start="2026-05-31", horizon=14)
    assert late["daily_predictions"] == whole["daily_predictions"][10:]
    assert any("history ends 10 days before" in note for note in late["notes"])


def test_what_happened_on_or_after_the_first_day_asked_is_not_looked_at(answering):
    rows = days([6, 4, 4, 5, 6, 9, 1] * 20)
    later = [*rows, *days([900.0] * 5, START + timedelta(days=140))]
    answer = asked(answering, history=later, start="2026-05-21")
    assert answer["daily_predictions"] == asked(answering, history=rows)["daily_predictions"]


def test_a_cold_product_is_said_to_be_one(answering):
    answer = asked(answering, history=days([3, 4, 5, 3, 4, 6, 0]))
    assert any(note.startswith("cold start: only 7 days") for note in answer["notes"])


def test_a_promotion_raises_what_is_forecast_of_a_cold_product(answering):
    rows = days([3, 4, 5, 3, 4, 6, 2] * 2)
    plain = asked(answering, history=rows, category="a", promotion_active=False)
    special = asked(answering, history=rows, category="a", promotion_active=True)
    gain = special["predicted_total_quantity"] / plain["predicted_total_quantity"]
    assert 1.3 < gain < 2.2


def test_what_a_history_leaves_out_is_taken_from_what_is_stored_of_the_product(answering):
    stored = small_panel()
    row = stored.ids.index("P03")
    first = date(2025, 1, 1)
    sold = days(stored.quantity[row], first)
    told = [
        {**day, "promotion": float(promoted), "open": bool(opened), "price": 9.5}
        for day, promoted, opened in zip(sold, stored.promotion[row], stored.open[row], strict=True)
    ]
    bare = asked(answering, product_id="P03", history=sold)
    assert (
        bare["daily_predictions"]
        == asked(answering, product_id="P03", history=told)["daily_predictions"]
    )
    stranger = asked(answering, product_id="stranger", history=sold)
    assert stranger["daily_predictions"] != bare["daily_predictions"]


def test_a_closed_day_sells_nothing(answering):
    plans = [{"date": "2026-03-12", "open": False}]
    answer = asked(answering, history=days([5.0] * 70), future=plans, horizon=3)
    sold = [day["predicted_quantity"] for day in answer["daily_predictions"]]
    assert sold[0] == 0
    assert min(sold[1:]) > 3


def test_answers_do_not_depend_on_who_else_is_asked(answering):
    questions = [
        {"product_id": f"P{number:02d}", "horizon": 7 + 30 * number, "history": None}
        for number in range(4)
    ]
    together = answering.answers(questions)
    apart = [answering.answers([question])[0] for question in questions]
    for one, other in zip(together, apart, strict=True):
        left, right = one[0], other[0]
        assert left["notes"] == right["notes"]
        assert left["predicted_total_quantity"] == pytest.approx(right["predicted_total_quantity"])


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"product_id": None}, "product_id is missing"),
        ({"product_id": "  "}, "product_id is empty"),
        ({"product_id": 7}, "product_id must be a text"),
        ({"product_id": "x" * 300}, "more than 200"),
        ({"horizon": 0}, "horizon"),
        ({"horizon": 2.5}, "whole number"),
        ({"horizon": None}, "whole number"),
        ({"history": "all of it"}, "list of days"),
        ({"history": [3]}, r"history\[0\] must be an object"),
        ({"history": [{"quantity": 3}]}, r"history\[0\].date"),
        ({"history": [{"date": "21/11/2026", "quantity": 3}]}, r"history\[0\].date is '21/11"),
        ({"history": [{"date": "2026-02-30", "quantity": 3}]}, "2026-02-30"),
        ({"history": [{"date": "2026-02-03"}]}, r"history\[0\].quantity is missing"),
        ({"history": [{"date": "2026-02-03", "quantity": "5"}]}, "must be a number"),
        ({"history": [{"date": "2026-02-03", "quantity": float("inf")}]}, "not between"),
        ({"history": [{"date": "2026-02-03", "quantity": 1, "promotion": 5}]}, "promotion"),
        ({"history": [{"date": "2026-02-03", "quantity": 1, "price": -1}]}, "price"),
        ({"future": [{"date": "soon"}]}, r"future\[0\].date"),
        ({"start": "tomorrow"}, "start is 'tomorrow'"),
        (
            {"history": [{"date": "9999-12-31", "quantity": 1}]},
            r"history\[0\].date is '9999-12-31'",
        ),
        (
            {"history": [{"date": "0001-01-01", "quantity": 1}]},
            r"history\[0\].date is '0001-01-01'",
        ),
        ({"history": [{"date": "2026-02-03", "quantity": 10**400}]}, "not between"),
        ({"future": [{"date": "9999-12-31"}]}, r"future\[0\].date is '9999-12-31'"),
        ({"history": None, "product_id": "P03", "start": "9999-12-31"}, "start is '9999-12-31'"),
        ({"horizon": 10**400}, "horizon"),
        ({"start": "2020-01-01"}, "no day before 2020-01-01"),
        ({"start": "2031-01-01"}, "more than 365 days after"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_instance_and_field(answering, request_, named):
    good = {"product_id": "new", "horizon": 7, "history": days([1.0, 2.0]), "future": None}
    with pytest.raises(RequestRefused, match=f"instance 1: .*{named}"):
        answering.answers([good, {**good, **request_}])
