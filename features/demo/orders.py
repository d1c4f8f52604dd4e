"""Order lines as customers write them in a mail or a chat: the shop's incoming feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from features.demo.listings import COUNTER, PACKED, SUPPLIER, Hand, drawn_language, listing
from features.demo.stock import Demand

MESSAGES = 80
FIRST_AT = datetime(2026, 11, 16, 8, 5, tzinfo=UTC)
WISHES = {
    "es": (
        "{text}", "{text}", "{text}", "{quantity} {text}", "{quantity} {text}",
        "{quantity} pzas {text}", "{quantity} {text} porfa", "necesito {quantity} {text}",
        "me manda {quantity} {text}", "{text} x {quantity}", "favor de cotizar {text}",
        "{text} urgente", "tienen {text}?", "- {text}",
        "otras {quantity} {text} como la vez pasada",
    ),
    "en": (
        "{text}", "{text}", "{quantity} {text}", "{quantity} pcs {text}", "need {quantity} {text}",
        "{text} x {quantity}", "{text} pls", "quote for {text}", "do you have {text}?", "- {text}",
    ),
}  # fmt: skip
MANY = (1, 2, 4, 6, 10, 12, 20, 24, 50, 100, 200)
FEW = (1, 1, 1, 1, 2, 2, 3, 4, 6)
SAYS_NO_BRAND = Hand(0.12, 0.75, 0.25, 0.0, 0.05, 0.35, 0.3, 0.3, 0.12, str.lower)


@dataclass(frozen=True)
class OrderLine:
    """One thing somebody asked for."""

    message_id: str
    received_at: datetime
    description: str
    quantity: int
    code: str
    """What was meant; the feed does not tell."""
    language: str


def order_lines(demand: Demand, rng: Random, messages: int = MESSAGES) -> Iterator[OrderLine]:
    """Yield the lines of `messages` messages, one to six each, oldest first."""
    at = FIRST_AT
    for number in range(1, messages + 1):
        at += timedelta(minutes=rng.randrange(4, 95))
        # One customer copies from the catalogue, the next one types on a phone.
        hand = rng.choices((SUPPLIER, COUNTER, SAYS_NO_BRAND), (0.2, 0.3, 0.5))[0]
        language = drawn_language(rng)
        for variant in demand.bought(rng.choice((1, 1, 2, 2, 3, 4, 6)), rng):
            quantity = rng.choice(MANY if variant.measure in PACKED else FEW)
            text = listing(variant, rng, hand, language)
            wish = "{text}" if hand is SUPPLIER else rng.choice(WISHES[language])
            yield OrderLine(
                message_id=f"pedido-{at:%Y%m%d}-{number:04d}",
                received_at=at,
                description=wish.format(text=text, quantity=quantity),
                quantity=quantity,
                code=variant.code,
                language=language,
            )
