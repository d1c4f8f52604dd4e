"""The review desk's lines: what was predicted, why a person should look, what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from pipelines.labels import Label, exact
from pipelines.orders.choices import Choice
from pipelines.orders.choosing import code_of
from pipelines.orders.order_lines import OrderLine
from serving.review.insight import Insight, Wanted, share
from serving.schemas.review import (
    Chosen,
    Doubt,
    LineModel,
    ReviewLine,
    ReviewMessage,
    SuggestedCode,
    Suggestion,
)
from serving.slots.shelf import Assortment

UNSURE_BELOW = 0.5
CLOSE_SHARE = 0.5
"""The next code is close where it is at least so likely as this share of the first."""
IMAGES = "/v1/review/images/"


@dataclass(frozen=True)
class Surroundings:
    """What the lines of one state of the desk are looked at with; all by exact description."""

    assortment: Assortment | None
    labels: Mapping[str, Label]
    choices: Mapping[str, Choice]
    """By line id."""
    requested: frozenset[str]
    challenged: Mapping[str, str]
    """What the version on trial answers where it differs."""
    orders: Mapping[str, Sequence[str]]
    """What messages became already, by message id."""

    def label(self, line: OrderLine) -> Label | None:
        """Return what a person said of the line's description."""
        return self.labels.get(exact(line.description))

    def wanted(self, line: OrderLine) -> Wanted:
        """Return what is to be asked about a line."""
        label = self.label(line)
        code = label.value if label else code_of(line.prediction)
        product = (
            self.assortment.product(code, line.description) if self.assortment and code else None
        )
        predicted = code_of(line.prediction)
        return Wanted(line.description, predicted, product.description if product else None)


def messages(
    lines: Sequence[OrderLine], insights: Sequence[Insight], around: Surroundings
) -> list[ReviewMessage]:
    """Return the messages of lines that stand together, in their order."""
    known = {line.line_id: insight for line, insight in zip(lines, insights, strict=True)}
    found = []
    for message_id, group in groupby(lines, key=lambda line: line.message_id):
        some = list(group)
        found.append(
            ReviewMessage.model_validate(
                {
                    "message_id": message_id,
                    "received_at": some[0].received_at,
                    "audio": any(line.audio for line in some),
                    "read": all(line.read for line in some),
                    "orders": list(around.orders.get(message_id, ())),
                    "lines": [_line(line, known[line.line_id], around) for line in some],
                }
            )
        )
    return found


def _line(line: OrderLine, insight: Insight, around: Surroundings) -> ReviewLine:
    answer = line.prediction or {}
    label, choice = around.label(line), around.choices.get(line.line_id)
    alternatives = _alternatives(answer, line, around.assortment)
    requested = exact(line.description) in around.requested
    confirmed = label is not None
    doubts = [] if confirmed else _doubts(line, alternatives, insight, around)
    code = _code(line, label, around.assortment)
    model = answer.get("model")
    return ReviewLine(
        line_id=line.line_id,
        description=line.description,
        quantity=line.quantity,
        code=code,
        category=insight.category,
        alternatives=alternatives,
        drivers=list(insight.drivers),
        doubts=doubts,
        uncertain=bool({"unsure", "close", "refused"} & set(doubts)),
        disagrees=bool({"category", "challenger"} & set(doubts)),
        requested=requested,
        priority=_priority(code, doubts, requested),
        chosen=_chosen(choice),
        prediction_id=_text(answer.get("prediction_id")),
        model=LineModel.model_validate(model) if isinstance(model, Mapping) else None,
        refused=_text(answer.get("refused")),
    )


def _priority(code: SuggestedCode | None, doubts: Sequence[Doubt], requested: bool) -> float:
    """Return how urgent a look is: what the gate asks for, then contradictions, then doubt."""
    disagreeing = any(doubt in ("category", "challenger") for doubt in doubts)
    unsure = 1.0 - (code.confidence if code else 0.0)
    return round(4.0 * requested + 2.0 * disagreeing + 1.0 * bool(doubts) + unsure, 4)


def _doubts(
    line: OrderLine, alternatives: Sequence[Suggestion], insight: Insight, around: Surroundings
) -> list[Doubt]:
    if not alternatives:
        return ["refused"] if line.prediction else []
    first, *others = alternatives
    found: list[Doubt] = []
    if first.confidence < UNSURE_BELOW:
        found.append("unsure")
    if others and others[0].confidence >= CLOSE_SHARE * first.confidence:
        found.append("close")
    product = insight.product_category
    if product and insight.category and insight.category.value != product:
        found.append("category")
    challenger = around.challenged.get(exact(line.description))
    if challenger is not None and challenger != first.code:
        found.append("challenger")
    return found


def _code(line: OrderLine, label: Label | None, shelf: Assortment | None) -> SuggestedCode | None:
    code = label.value if label else code_of(line.prediction)
    if code is None:
        return None
    confidence = 1.0 if label else share((line.prediction or {}).get("confidence"))
    return SuggestedCode(
        value=code,
        confidence=confidence,
        confirmed=label is not None,
        **_product(code, line, shelf),
    )


def _alternatives(
    answer: Mapping[str, object], line: OrderLine, shelf: Assortment | None
) -> list[Suggestion]:
    rows = answer.get("alternatives")
    if not isinstance(rows, list) or not rows:
        rows = [answer] if code_of(answer) else []
    return [
        Suggestion(
            code=str(row["code"]),
            confidence=share(row.get("confidence")),
            **_product(str(row["code"]), line, shelf),
        )
        for row in rows
    ]


def _product(code: str, line: OrderLine, shelf: Assortment | None) -> dict[str, str | None]:
    product = shelf.product(code, line.description) if shelf else None
    return {
        "description": product.description if product else None,
        "image_url": image_url(shelf.image_name(product)) if shelf and product else None,
        "product_id": product.product_id if product else None,
    }


def image_url(name: str | None) -> str | None:
    """Return where an image of the catalogue is found, by its path in the catalogue's folder."""
    return IMAGES + quote(name) if name else None


def _chosen(choice: Choice | None) -> Chosen | None:
    if choice is None:
        return None
    return Chosen.model_validate(
        {
            "code": choice.code,
            "quantity": choice.quantity,
            "action": choice.action,
            "by": choice.reviewer,
            "at": choice.at,
        }
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
