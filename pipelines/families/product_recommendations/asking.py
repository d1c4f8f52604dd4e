"""What a request asks, checked: every refusal names the instance and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import normalize

from pipelines.contract import RequestRefused

ID_LIMIT_CHARACTERS = 200
HISTORY_LIMIT = 1_000
TOP_DEFAULT, TOP_LIMIT = 10, 500


@dataclass(frozen=True)
class Asked:
    """One request: the rating of `item`, or a list of `top` items where `item` is None."""

    user: str | None
    item: str | None
    history: Mapping[str, float | None]
    """Items that are sent along, with their ratings where the sender knows them."""
    top: int
    exclude_seen: bool


def asked_by(instance: Mapping[str, object], place: int, low: float, high: float) -> Asked:
    """Return what instance number `place` asks; ratings have to lie in `low`..`high`.

    Raises `RequestRefused`.
    """
    where = f"instance {place}"
    return Asked(
        _identifier(instance.get("user_id"), f"{where}: 'user_id'"),
        _identifier(instance.get("item_id"), f"{where}: 'item_id'"),
        _history(instance.get("history"), where, low, high),
        _top(instance.get("top"), where),
        _exclude_seen(instance.get("exclude_seen"), where),
    )


def _absent(value: object) -> bool:
    # A frame's empty cell is NaN, which is the one value that differs from itself.
    return value is None or value != value  # noqa: PLR0124


def _identifier(value: object, what: str) -> str | None:
    if _absent(value):
        return None
    if not isinstance(value, str):
        raise RequestRefused(f"{what} must be a text, but it is {type(value).__name__}")
    # As the source was read: without blanks around it, in composed form.
    value = normalize("NFC", value.strip())
    if not value:
        raise RequestRefused(f"{what} is empty")
    if len(value) > ID_LIMIT_CHARACTERS:
        raise RequestRefused(
            f"{what} has {len(value)} characters; at most {ID_LIMIT_CHARACTERS} are answered"
        )
    return value


def _history(value: object, where: str, low: float, high: float) -> Mapping[str, float | None]:
    if _absent(value):
        return {}
    if not isinstance(value, list | tuple):
        raise RequestRefused(f"{where}: 'history' must be a list of objects with an 'item_id'")
    if len(value) > HISTORY_LIMIT:
        raise RequestRefused(
            f"{where}: 'history' has {len(value)} entries; at most {HISTORY_LIMIT} are answered"
        )
    return dict(_entry(entry, f"{where}: history[{n}]", low, high) for n, entry in enumerate(value))


def _entry(entry: object, what: str, low: float, high: float) -> tuple[str, float | None]:
    if not isinstance(entry, Mapping):
        raise RequestRefused(f"{what} must be an object with an 'item_id'")
    item = _identifier(entry.get("item_id"), f"{what}: 'item_id'")
    if item is None:
        raise RequestRefused(f"{what}: 'item_id' is missing")
    rating = entry.get("rating")
    if _absent(rating):
        return item, None
    if isinstance(rating, bool) or not isinstance(rating, int | float):
        raise RequestRefused(f"{what}: 'rating' must be a number")
    if not low <= rating <= high:
        raise RequestRefused(f"{what}: 'rating' is {rating:g}; ratings go from {low:g} to {high:g}")
    return item, float(rating)


def _top(value: object, where: str) -> int:
    if _absent(value):
        return TOP_DEFAULT
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= TOP_LIMIT:
        raise RequestRefused(f"{where}: 'top' must be a whole number from 1 to {TOP_LIMIT}")
    return value


def _exclude_seen(value: object, where: str) -> bool:
    if _absent(value):
        return True
    if not isinstance(value, bool):
        raise RequestRefused(f"{where}: 'exclude_seen' must be true or false")
    return value
