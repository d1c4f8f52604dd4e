"""Order lines as customers write them in a mail or a chat: the shop's incoming feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from features.demo.listings import COUNTER, SUPPLIER, Hand, listing
from features.demo.stock import Demand
from features.demo.wording import SMALL_WORDS

MESSAGES = 80
FIRST_AT = datetime(2026, 11, 16, 8, 5, tzinfo=UTC)
WISHES = (
    "{text}", "{text}", "{text}", "{quantity} {text}", "{quantity} pzas {text}",
    "{quantity} {text} porfa", "necesito {quantity} {text}", "me manda {quantity} {text}",
    "{text} x {quantity}", "favor de cotizar {text}", "{quantity}x {text}", "{text} urgente",
    "tienen {text}?", "- {text}", "igual que la vez pasada {text}",
)  # fmt: skip
QUANTITIES = (1, 1, 1, 2, 2, 3, 4, 5, 6, 10, 12, 20, 24, 50, 100)
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


def order_lines(demand: Demand, rng: Random, messages: int = MESSAGES) -> Iterator[OrderLine]:
    """Yield the lines of `messages` messages, one to six each, oldest first."""
    at = FIRST_AT
    for number in range(1, messages + 1):
        at += timedelta(minutes=rng.randrange(4, 95))
        # One customer copies from the catalogue, the next one types on a phone.
        hand = rng.choices((SUPPLIER, COUNTER, SAYS_NO_BRAND), (0.2, 0.3, 0.5))[0]
        for variant in demand.bought(rng.choice((1, 1, 2, 2, 3, 4, 6)), rng):
            quantity = rng.choice(QUANTITIES)
            text = listing(variant, rng, hand)
            if hand is SAYS_NO_BRAND and rng.random() < 0.4:
                text = SMALL_WORDS.sub("", text)
            wish = rng.choice(WISHES) if hand is not SUPPLIER else "{text}"
            yield OrderLine(
                message_id=f"pedido-{at:%Y%m%d}-{number:04d}",
                received_at=at,
                description=wish.format(text=text, quantity=quantity),
                quantity=quantity,
                code=variant.code,
            )
