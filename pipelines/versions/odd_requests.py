"""Requests that nobody foresaw, made of a family's own schema: what forms must agree on as well.

Two implementations of one model part where texts are not what they look like: letters with their
accents apart, one-letter words, digits of other scripts, characters that change their length in
lower case. So every text that a request may hold is replaced by such ones, and real requests are
written in other forms of the same letters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from unicodedata import normalize

from pydantic import BaseModel, ValidationError

from pipelines.contract import Row

LONG = 19_900
REWRITTEN = 12
"""How many real requests are written in other forms."""

ODD_TEXTS = (
    *(
        "",
        " ",
        "\t \n",
        "a",
        "ñ",
        "Y",
        "x y z",
        "7",
        "3/8",
        "0",
        "²",
        "½",
        "Ⅷ",
        "①②",
        "٣",
        "１２ ｍｍ",
    ),
    *(
        "Tubería ÑANDÚ über",
        normalize("NFD", "Tubería ÑANDÚ über"),
        "ﬁltro ﬂuxómetro",
        "STRASSE ß ẞ",
    ),
    *("İSTANBUL ıi", "ſ K Å", "Ǆ ǅ", "ΣΊΣΥΦΟΣ ς", "日本 電線 ガス ガス", "кран Ё ё", "مياه", "क्षि"),
    *(
        "😀",
        "👩‍🔧🔩",
        "e\u0301\u0323\u0301",
        "\u0301",
        "\u200b\u200d\ufeff",
        "a\u00adb",
        "\u202eabc",
    ),
    *(
        "\0",
        "tubo\0codo",
        "\x1b[0m",
        "\u2028",
        "\U0010ffff",
        "\ud7ff\ue000",
        "''\"\\",
        "<b>&amp;</b>",
    ),
    *("1.000,50", "2,5x3.5", "1/2/3", "½/¾", "3⁄8", "-5", "1e9", "_", "tubo_pvc", "a-b'c", "!!!"),
    *("a " * 50, "x" * 150, "tubo " * 30, "tubo " * (LONG // 5), "ñ" * LONG, "é😀" * (LONG // 4)),
)
"""Texts in which forms have been seen to part, and some that might."""
FORMS: tuple[Callable[[str], str], ...] = (
    lambda text: normalize("NFD", text),
    lambda text: normalize("NFKC", text),
    str.upper,
    str.swapcase,
    lambda text: " ".join(reversed(text.split())),
    "  ".join,
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    lambda text: f"\ufeff{text}\u0301 😀",
    lambda text: text.replace("i", "ı").replace("s", "ſ"),
    lambda text: text + " a",
)
"""The same letters, or nearly so, as others write them."""


def odd_requests(request: type[BaseModel], golden: Sequence[Row], real: Sequence[Row]) -> list[Row]:
    """Return odd requests that the family's schema allows; none where requests hold no text."""
    fields = [
        name
        for name, entry in request.model_json_schema().get("properties", {}).items()
        if _is_text(entry)
    ]
    made = [*_filled(fields, golden), *_rewritten(fields, real[:REWRITTEN])]
    return [row for row in made if _is_allowed(request, row)]


def _is_text(entry: Mapping[str, object]) -> bool:
    options = entry.get("anyOf", [entry])
    return any(option.get("type") == "string" for option in options)  # type: ignore[attr-defined]


def _filled(fields: Sequence[str], golden: Sequence[Row]) -> Iterator[Row]:
    for field in fields:
        rows = [row for row in golden if isinstance(row.get(field), str)] or list(golden)
        yield from ({**rows[0], field: text} for text in ODD_TEXTS)


def _rewritten(fields: Sequence[str], real: Sequence[Row]) -> Iterator[Row]:
    for row in real:
        for field in fields:
            text = row.get(field)
            if isinstance(text, str):
                yield from ({**row, field: form(text)} for form in FORMS)


def _is_allowed(request: type[BaseModel], row: Row) -> bool:
    try:
        request.model_validate(row)
    except ValidationError:
        return False
    return True
