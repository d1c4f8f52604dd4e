"""What a request asks: checked by hand, since a runtime carries no schema library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.contract import RequestRefused

ID_CHARACTERS, TITLE_CHARACTERS, TEXT_CHARACTERS = 200, 1_000, 20_000
TOP, TOP_LIMIT = 10, 500


@dataclass(frozen=True)
class Question:
    """One request: a rating where there is an item, else a list."""

    customer_id: str | None
    item_id: str | None
    words: str
    """The written review as one text; '' where it is asked before the purchase."""
    top: int


def words_of(title: object, text: object) -> str:
    """Return a review as one text. Its title stands twice: it is the sum of what follows."""
    said = [title, title, text]
    return ". ".join(part for part in said if isinstance(part, str) and part)


def question_of(instance: Mapping[str, object], place: int) -> Question:
    """Return what an instance asks. Raises `RequestRefused`, which names it."""
    customer = _text(instance, "customer_id", ID_CHARACTERS, place)
    item = _text(instance, "item_id", ID_CHARACTERS, place)
    title = _text(instance, "review_title", TITLE_CHARACTERS, place, blank=True)
    text = _text(instance, "review_text", TEXT_CHARACTERS, place, blank=True)
    words = words_of(title, text)
    if words and item is None:
        raise RequestRefused(f"instance {place}: a review is of an item, but 'item_id' is missing")
    return Question(customer, item, words, _top(instance.get("top"), place))


def _text(
    instance: Mapping[str, object], name: str, limit: int, place: int, *, blank: bool = False
) -> str | None:
    value = instance.get(name)
    # A frame has NaN where a row has nothing.
    if value is None or value != value:  # noqa: PLR0124
        return None
    where = f"instance {place}: {name!r}"
    if not isinstance(value, str):
        raise RequestRefused(f"{where} must be a text, but it is {type(value).__name__}")
    if not value.strip() and not blank:
        raise RequestRefused(f"{where} is empty; leave it out where it is not known")
    if len(value) > limit:
        raise RequestRefused(f"{where} has {len(value)} characters; at most {limit} are answered")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RequestRefused(f"{where} is not valid Unicode: {error}") from None
    return value.strip()


def _top(value: object, place: int) -> int:
    if value is None or value != value:  # noqa: PLR0124
        return TOP
    # A frame that has no number in some rows makes 10.0 of 10 in the others.
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    if 1 <= number <= TOP_LIMIT and number == int(number):
        return int(number)
    raise RequestRefused(f"instance {place}: 'top' must be a whole number, 1 to {TOP_LIMIT}")
