"""Questions that every version must answer before it may serve, odd ones included."""

from __future__ import annotations

from features.temporal import day_of
from pipelines.contract import Row

FIRST = 20_454
"""2026-01-01, as a day."""


def _question(product_id: str, history: list[Row], horizon: int, future: list[Row]) -> Row:
    return {
        "product_id": product_id,
        "category": None,
        "history": history,
        "start": None,
        "horizon": horizon,
        "future": future,
        "promotion_active": None,
    }


def _weeks(days: int) -> list[Row]:
    """A shop that sells most on Saturdays, more on promotion, and is closed on Sundays."""
    return [
        {
            "date": day_of(FIRST + day).isoformat(),
            "quantity": 0.0 if day % 7 == 3 else float(4 + day % 7 + 6 * (day % 14 < 3)),
            "promotion": float(day % 14 < 3),
            "price": 9.5,
            "open": day % 7 != 3,
        }
        for day in range(days)
    ]


GOLDEN: tuple[Row, ...] = (
    _question("SKU-001", _weeks(112), 28, []),
    _question("Azulejo ñandú ½", _weeks(13)[::-1], 7, [{"date": "2026-01-15", "promotion": 1.0}]),
    _question(
        "devoluciones",
        [
            {"date": "2026-01-03", "quantity": 5.0},
            {"date": "2026-01-03", "quantity": -2.0},
            {"date": "2026-01-09", "quantity": -4.0},
        ],
        3,
        [],
    ),
    _question("nunca vendido", [{"date": "2026-01-03", "quantity": 0.0}], 1, []),
    _question("SKU-002", _weeks(60), 61, [{"date": "2026-03-04", "open": False}]),
)
