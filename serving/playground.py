"""What the playgrounds show beside answers: whom a model knows, words that drove it, names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from serving.catalogue.search import fold
from serving.review.board import image_url
from serving.review.insight import SLOWEST_MS, drivers_in
from serving.schemas.playground import KnownEntity, NamedProduct
from serving.schemas.review import Driver
from serving.slots.shelf import Assortment
from serving.slots.slots import Slots


def text_column(schema: Mapping[str, Any]) -> str | None:
    """Return the column of a request that is one text and nothing else; None where it is not."""
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    only = required[0] if len(required) == 1 and len(properties) == 1 else None
    return only if only and properties[only].get("type") == "string" else None


async def words_for(slots: Slots, model: str, text: str, answer: str) -> tuple[Driver, ...]:
    """Return what each word of a text does for an answer, unlogged: nobody is shown the answers.

    Nothing where the model is not asked by one text, or where it answers too slowly to be asked
    once more for each word. Raises what `drivers_in` raises.
    """
    contract = slots.contract(model)
    column, answering = text_column(contract.request_schema), slots.answering(model)
    if column is None or answering is None or answering.single_ms > SLOWEST_MS:
        return ()
    return await drivers_in(slots, model, text, answer, column=column, target=contract.target)


def fitting(
    known: Mapping[str, str | None], query: str, limit: int
) -> tuple[int, list[KnownEntity]]:
    """Return how many of those known hold the query in their id or note, and the first of them.

    Those whose id begins with it come first; otherwise they stay in their order.
    """
    wanted, folded = query.strip().casefold(), fold(query.strip())
    begin: list[str] = []
    hold: list[str] = []
    for each, note in known.items():
        # Accents are only looked through in the few notes: there may be 100,000 ids.
        name = each.casefold()
        if name.startswith(wanted):
            begin.append(each)
        elif wanted in name or (note and folded in fold(note)):
            hold.append(each)
    found = [*begin, *hold]
    return len(found), [KnownEntity(id=each, note=known[each]) for each in islice(found, limit)]


def named(assortment: Assortment | None, codes: Sequence[str]) -> list[NamedProduct]:
    """Return what the catalogue calls each code; without a catalogue, the codes alone."""
    found = [(code, assortment.product(code, "") if assortment else None) for code in codes]
    return [
        NamedProduct(
            code=code,
            description=product.description if product else None,
            image_url=image_url(assortment.image_name(product)) if assortment and product else None,
        )
        for code, product in found
    ]
