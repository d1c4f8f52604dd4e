"""Cells that a spreadsheet shows and never runs: what every CSV that leaves this system is made of.

A spreadsheet takes a cell for a formula by how it begins (OWASP, CSV Injection), and a Spanish one
parts cells by `;` wherever a program wrote commas. So an apostrophe stands before what would begin
a formula, which spreadsheets hide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SIGNS = "=+-@＝＋－＠"
"""The wide ones count where East Asian keyboards type them."""
STARTERS = (*SIGNS, "\t", "\r", "\n")
_LATER_CELL = re.compile(rf'([;\t\r\n][ "]*)(?=[{re.escape(SIGNS)}])')
"""Where a spreadsheet that parts cells otherwise, as Spanish ones do by `;`, would begin one."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; what is no text stays what it is."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    first = "'" if cell.lstrip(" ").startswith(STARTERS) else ""
    return first + _LATER_CELL.sub(r"\1'", cell)


def harmless_or_number(cell: str) -> str:
    """Return a text as `harmless` does, but a number, which runs nothing, as it is."""
    return cell if _NUMBER.fullmatch(cell) else str(harmless(cell))


def harmless_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts and names of columns are as `harmless_or_number` has them."""
    return frame.map(_harmless_if_text).rename(columns=_harmless_if_text)


def _harmless_if_text(cell: object) -> object:
    return harmless_or_number(cell) if isinstance(cell, str) else cell
