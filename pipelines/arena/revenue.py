"""The revenue behind the questions of a test set: read from the user's sales for a judgement.

It goes into the per-request tables of that judgement, so that a replay needs no sales any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from features import sources
from features.schema import Column, FrameSchema, SchemaError
from features.sources import SourceError
from pipelines.gate.business import REVENUE

if TYPE_CHECKING:
    from features.sources import Source
    from pipelines.contract import ModelFamily
    from pipelines.gate.case import Case

By = Literal["actual", "group"]
"""Column of a per-request table that the sales name: the true label, or the question's text."""


class RevenueUnknown(ValueError):
    """The sales cannot be read, or do not say what was sold of what; the message says why."""


@dataclass(frozen=True)
class Revenue:
    """What was sold of each label or text, in money, and which bytes say so."""

    by: By
    amounts: Mapping[str, float]
    where: str
    fingerprint: str

    def weighed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return a table with the revenue behind each row.

        Rows that ask about the same share what was sold of it; what nobody bought has none.
        """
        keys = rows[self.by].astype(str)
        found = keys.map(self.amounts).fillna(0.0) / keys.map(keys.value_counts())
        return rows.assign(**{REVENUE: found.to_numpy(np.float64)})

    def facts(self, rows: pd.DataFrame) -> dict[str, str]:
        """Return what a decision record says of it; `rows` are those of the test set.

        Raises `RevenueUnknown` where nothing that they ask about was ever bought.
        """
        known = int((self.weighed(rows)[REVENUE] > 0).sum())
        if not known:
            message = f"{self.where} holds nothing that the test set asks about"
            raise RevenueUnknown(message)
        return {
            "where": self.where,
            "fingerprint": self.fingerprint,
            "rows": f"{known} of {len(rows)}",
        }


def read_revenue(family: ModelFamily, source: Source) -> Revenue:
    """Add up the sales by label, or by text where they name no label. Raises `RevenueUnknown`.

    A line holds `revenue`, or `quantity` and `price`. Of what came back more often than it was
    bought the revenue is 0.
    """
    try:
        raw = sources.read(source, _schema(family))
    except (SourceError, SchemaError) as error:
        raise RevenueUnknown(str(error)) from error
    by, keys = _keys(family, raw.frame, source.where)
    money = _money(raw.frame.loc[keys.index], source.where)
    sums = money.groupby(keys.to_numpy()).sum().clip(lower=0.0)
    amounts = {str(key): float(amount) for key, amount in sums.items()}
    return Revenue(by, amounts, source.where, raw.fingerprint)


def weigh(case: Case, read: Callable[[], Revenue]) -> Case:
    """Return a case with the revenue behind each question in its tables.

    Where it cannot be told the case says why, unless it is judged by it: then raises
    `RevenueUnknown`.
    """
    if case.challenger_rows is None:
        return case
    try:
        revenue = read()
        facts = revenue.facts(case.challenger_rows)
        weighed = revenue.weighed
    except RevenueUnknown as error:
        if case.policy.settings.judge_by_business:
            raise
        facts, weighed = {"unknown": str(error)}, _unknown
    tables = {name: None if rows is None else weighed(rows) for name, rows in case.tables.items()}
    return replace(case.with_tables(tables), revenue=facts)


def _unknown(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{REVENUE: np.nan})


def _schema(family: ModelFamily) -> FrameSchema:
    names = [name for name in (family.target, family.label_text) if name is not None]
    numbers = (REVENUE, "quantity", "price")
    return FrameSchema(
        columns=(
            *(Column(name, "text", required=False) for name in names),
            *(Column(name, "number", required=False) for name in numbers),
        )
    )


def _keys(family: ModelFamily, lines: pd.DataFrame, where: str) -> tuple[By, pd.Series]:
    """Return what each line that says it is about, and in which words."""
    text = family.label_text
    if _has(lines, family.target):
        return "actual", lines[family.target].dropna().astype(str)
    if text is not None and _has(lines, text):
        return "group", family.groups(lines[lines[text].notna()]).astype(str)
    raise RevenueUnknown(f"{where}: neither {family.target} nor {text} says what was sold")


def _has(lines: pd.DataFrame, name: str) -> bool:
    return name in lines and bool(lines[name].notna().any())


def _money(lines: pd.DataFrame, where: str) -> pd.Series:
    if _has(lines, REVENUE):
        amounts = lines[REVENUE]
    elif _has(lines, "quantity") and _has(lines, "price"):
        amounts = lines["quantity"] * lines["price"]
    else:
        raise RevenueUnknown(f"{where}: a line needs revenue, or quantity and price")
    return pd.Series(amounts.fillna(0.0).to_numpy(np.float64))
