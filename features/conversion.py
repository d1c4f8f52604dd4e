"""From text to types, one column at a time; what cannot be converted is pointed at, not lost."""

from __future__ import annotations

import re
from typing import Literal

import pandas as pd

Kind = Literal["text", "number", "timestamp", "boolean"]
TRUTH = {
    "true": True, "t": True, "yes": True, "y": True, "1": True, "si": True, "sí": True,
    "false": False, "f": False, "no": False, "n": False, "0": False,
}  # fmt: skip
# Prices as files hold them. "12,5" and "1.234,50" can only have decimal commas, "1,234.50" only
# thousands; "1,234" could be either and is refused.
CURRENCY = r"^(?:[$€£]|MXN|USD|EUR)\s*|\s*(?:[$€£]|MXN|USD|EUR)$"
COMMA_DECIMALS = r"^([+-]?\d+|[+-]?\d{1,3}(?:\.\d{3})+),(\d{1,2})$"
COMMA_THOUSANDS = r"^([+-]?\d{1,3}(?:,\d{3})+)\.(\d+)$"


def converted(values: pd.Series, kind: Kind) -> tuple[pd.Series, pd.Series]:
    """Return `values` in their type, missing where empty, and a mask of those that do not fit.

    Text is stripped of blanks around it and brought to Unicode's composed form (NFC).
    """
    text = tidied(values)
    if kind == "text":
        return text, pd.Series(False, index=values.index)
    result = CONVERSIONS[kind](text)
    return result, text.notna() & result.isna()


def tidied(values: pd.Series) -> pd.Series:
    """Return text without blanks around it, in composed form; missing where nothing is left."""
    text = values.astype("str").str.strip()
    odd = ~text.str.isascii().fillna(True).astype(bool)
    if odd.any():
        text = text.where(~odd, text[odd].str.normalize("NFC").reindex(text.index))
    return text.mask(text == "")


def _number(text: pd.Series) -> pd.Series:
    bare = text.str.replace(CURRENCY, "", regex=True)
    numbers = pd.to_numeric(bare.map(_plain_number, na_action="ignore"), errors="coerce")
    numbers = numbers.astype("float64")
    return numbers.where(numbers.abs() < float("inf"))


def _plain_number(text: str) -> str:
    for pattern, mark in ((COMMA_DECIMALS, "."), (COMMA_THOUSANDS, ",")):
        if match := re.match(pattern, text):
            return f"{match[1].replace(mark, '')}.{match[2]}"
    return text


def _timestamp(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")


def _boolean(text: pd.Series) -> pd.Series:
    return text.str.lower().map(TRUTH).astype("boolean")


CONVERSIONS = {"number": _number, "timestamp": _timestamp, "boolean": _boolean}
