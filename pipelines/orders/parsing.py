"""From the text of a feed to order lines: CSV, JSON, JSON lines, and the words of a mail.

A line that cannot be understood becomes a `Damaged` with its place and the reason; the lines
around it are kept. Nothing here touches a file or the network.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from pipelines.orders.order_lines import message_id_of

DESCRIPTION_CHARACTERS = 20_000
LARGEST_QUANTITY = 1e9
JSON_CONTAINERS = 2_000_000
"""Lists and objects in one document: each takes far more memory than the two bytes that say it."""
FIELDS = {
    "message_id": ("message_id", "correo_id", "mensaje_id"),
    "description": ("description", "descripcion", "descripción"),
    "quantity": ("quantity", "cantidad"),
    "audio": ("audio", "grabacion", "grabación"),
}

_QUANTITY_FIRST = re.compile(
    r"^[-*•·]?\s*(\d{1,6}(?:[.,]\d+)?)\s*"
    r"(?:(?:x|×|pzas?|piezas?|pz|uds?|unidades|pcs?|cajas?|rollos?|kg|m)\b\.?)?\s+(?:de\s+)?(\S.*)$",
    re.IGNORECASE,
)
_QUANTITY_LAST = re.compile(
    r"^[-*•·]?\s*(\S.*?)(?:\s*[;\t]\s*|\s+[x×]\s*)(\d{1,6}(?:[.,]\d+)?)\s*(?:pzas?|piezas?|pz)?\.?$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^[-*•·]\s+(\S.*)$")
_SPACES = re.compile(r"\s+")
"""Each made one before the others are tried: of thousands they would try every way to part them."""


@dataclass(frozen=True)
class Damaged:
    """Something that could not be taken in: where it stands, and why not."""

    where: str
    reason: str


@dataclass(frozen=True)
class Stated:
    """One order line as its document states it; `audio` is a reference within the document."""

    where: str
    message_id: str
    description: str
    quantity: float
    audio: str | None = None


class LineDamaged(ValueError):
    """A record is no order line; the message says what is wrong with it."""


Item = Stated | Damaged


def parse_csv(lines: Iterable[bytes], name: str, message_id: str | None) -> Iterator[Item]:
    """Read delimited lines with a header.

    Every physical line is read by itself, so a quote that nobody closed costs one line and not
    the rest of the file; a field may therefore hold no line break.
    """
    header: list[str] | None = None
    delimiter = ","
    for number, raw in enumerate(lines, start=1):
        text = decoded(raw).rstrip("\r\n")
        if not text.strip():
            continue
        where = f"{name}, line {number}"
        if header is None:
            delimiter = max(",;\t|", key=text.count)
        try:
            fields = next(csv.reader([text], delimiter=delimiter, strict=header is not None))
        except csv.Error as error:
            yield Damaged(where, f"not a CSV line: {error}")
            if header is None:
                return  # nobody knows what the lines below it hold
            continue
        if header is None:
            header = [field.strip().lower() for field in fields]
            continue
        if len(fields) != len(header):
            yield Damaged(where, f"{len(fields)} fields under a header of {len(header)}")
            continue
        yield item_of(dict(zip(header, fields, strict=True)), where, message_id)


def parse_json_lines(lines: Iterable[bytes], name: str, message_id: str | None) -> Iterator[Item]:
    """Read one JSON object a line."""
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        where = f"{name}, line {number}"
        try:
            record = orjson.loads(decoded(raw))
        except orjson.JSONDecodeError as error:
            yield Damaged(where, f"not JSON: {error}")
            continue
        yield item_of(record, where, message_id)


def parse_json(content: bytes, name: str, message_id: str | None) -> Iterator[Item]:
    """Read a JSON list of objects, or an object that holds one under any name."""
    if content.count(b"[") + content.count(b"{") > JSON_CONTAINERS:
        yield Damaged(name, f"holds more than {JSON_CONTAINERS:,} lists and objects; use .jsonl")
        return
    try:
        document = orjson.loads(decoded(content))
    except orjson.JSONDecodeError as error:
        yield Damaged(name, f"not JSON: {error}")
        return
    if isinstance(document, dict):
        document = next(
            (value for value in document.values() if isinstance(value, list)), [document]
        )
    if not isinstance(document, list):
        yield Damaged(name, f"expected a list of order lines, found {type(document).__name__}")
        return
    for number, record in enumerate(document, start=1):
        yield item_of(record, f"{name}, item {number}", message_id)


def parse_words(text: str, name: str, message_id: str) -> Iterator[Stated]:
    """Find the order lines in what somebody wrote.

    A line counts when it starts with a quantity ("10 pzas tornillo"), ends with one after a
    semicolon, a tab or an x ("tornillo x 10"), or is a bullet (then one is meant). Quoted text and
    everything below a signature mark is left out.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if line.rstrip() == "--":
            return
        if len(line) > DESCRIPTION_CHARACTERS:
            continue
        found = _ordered(_SPACES.sub(_one_space, line.strip()))
        if found and any(letter.isalpha() for letter in found[0]):
            description, quantity = found
            yield Stated(f"{name}, line {number}", message_id, cleaned(description), quantity)


def item_of(record: object, where: str, message_id: str | None) -> Item:
    """Return a record as an order line, or as damaged; `message_id` fills in a missing one."""
    try:
        return _stated(record, where, message_id)
    except LineDamaged as error:
        return Damaged(where, str(error))


def decoded(raw: bytes) -> str:
    """Return bytes as text: UTF-8, or where they are none, the Windows code page of the west."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def cleaned(text: str) -> str:
    """Return the text on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _stated(record: object, where: str, message_id: str | None) -> Stated:
    if not isinstance(record, Mapping):
        raise LineDamaged(f"expected an object, found {type(record).__name__}")
    description = _field(record, "description")
    if not isinstance(description, str) or not cleaned(description):
        raise LineDamaged("the description is missing, empty or no text")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise LineDamaged(f"the description is longer than {DESCRIPTION_CHARACTERS} characters")
    given = _field(record, "message_id")
    identity = message_id_of(str(given)) if isinstance(given, str | int) else ""
    if not (identity or message_id):
        raise LineDamaged("the message id is missing")
    audio = _field(record, "audio")
    if audio is not None and not isinstance(audio, str):
        raise LineDamaged("the audio is no text")
    return Stated(
        where,
        identity or str(message_id),
        cleaned(description),
        _quantity(_field(record, "quantity")),
        (audio or "").strip() or None,
    )


def _field(record: Mapping[object, object], name: str) -> object:
    return next((record[alias] for alias in FIELDS[name] if record.get(alias) is not None), None)


def _quantity(value: object) -> float:
    if isinstance(value, str):
        text = value.strip()
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            raise LineDamaged(f"the quantity {text[:40]!r} is no number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LineDamaged("the quantity is missing or no number")
    if not math.isfinite(value) or not 0 < value <= LARGEST_QUANTITY:
        raise LineDamaged(f"the quantity {value} is not between 0 and {LARGEST_QUANTITY:.0f}")
    return float(value)


def _one_space(spaces: re.Match[str]) -> str:
    return "\t" if "\t" in spaces[0] else " "


def _ordered(line: str) -> tuple[str, float] | None:
    if line.startswith(">"):
        return None
    # First the front: in "10 pzas tornillo 1/2 x 2" the last number is a size.
    if first := _QUANTITY_FIRST.match(line):
        return _positive(first[2], first[1])
    if last := _QUANTITY_LAST.match(line):
        return _positive(last[1], last[2])
    bullet = _BULLET.match(line)
    return (bullet[1], 1.0) if bullet else None


def _positive(description: str, quantity: str) -> tuple[str, float] | None:
    number = float(quantity.replace(",", "."))
    return (description, number) if number > 0 else None
