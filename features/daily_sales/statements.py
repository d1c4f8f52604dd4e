"""The statements that add order lines up to days: one text for both engines, in two dialects.

Lines become sums by product and day in a single pass; everything after that works on the sums.
Quantities and prices are decimals, so the answer does not depend on the order of the lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.readers.table import SourceError

DECIMAL = "DECIMAL(18, 4)"
"""Of quantities and prices: more digits after the point are rounded."""
EARLIEST, LATEST = "DATE '1900-01-01'", "DATE '2199-12-31'"
"""Days outside are slips of the pen, and would be filled with a thousand years of zeros."""
SHORTEST_DAY = 8
LISTED_LINES = 10_000


@dataclass(frozen=True)
class Dialect:
    """What one engine writes differently from the other."""

    quote: str
    text: str
    moment: str
    """Its type for a point in time without a zone."""
    numbers: str
    """One row for each whole number from 0 to below {count}."""
    days_between: str
    days_after: str
    line_number: str
    """The number of a line from 1, as the source has it; NULL where lines have no order."""


DUCKDB = Dialect(
    quote='"',
    text="VARCHAR",
    moment="TIMESTAMP",
    numbers="unnest(range(0, {count}))",
    days_between="({until} - {since})",
    days_after="({day} + CAST({count} AS INTEGER))",
    line_number="row_number() OVER ()",
)
SPARK = Dialect(
    quote="`",
    text="STRING",
    moment="TIMESTAMP_NTZ",
    numbers="explode(sequence(0, {count} - 1))",
    days_between="datediff({until}, {since})",
    days_after="date_add({day}, {count})",
    line_number="CAST(NULL AS BIGINT)",
)


# One digit more, or DuckDB multiplies in 64 bits, which hold 92 thousand millions and no more.
EARNED = """,
    sum(CASE WHEN quantity > 0 THEN CAST(quantity AS DECIMAL(19, 4)) * price END) AS revenue,
    sum(CASE WHEN quantity > 0 AND price IS NOT NULL THEN quantity END) AS priced"""


def _double(decimal: str) -> str:
    # Over a decimal that fits 64 bits, so that both engines round to the same number.
    return f"CAST(CAST({decimal} AS {DECIMAL}) AS DOUBLE)"


PRICE = f", CASE WHEN number = 0 THEN {_double('revenue')} / {_double('priced')} END AS price"
"""The mean over the pieces sold that day; what came back does not count."""


@dataclass(frozen=True)
class Given:
    """One column of the lines: what the source calls it, and whether it holds text."""

    name: str
    is_text: bool


def given(
    columns: Mapping[str, str], types: Mapping[str, str], dialect: Dialect, where: str
) -> dict[str, Given]:
    """Return our columns (ours -> theirs) as the source's `types` have them.

    Raises `SourceError` where a time is no time, or a value is not a single one.
    """
    for ours, theirs in columns.items():
        kind = types[theirs].upper()
        is_moment = kind == dialect.text or kind.startswith(("DATE", "TIMESTAMP"))
        if ours == "ordered_at" and not is_moment:
            raise SourceError(f"{where}: column {theirs!r} holds {kind}, not times")
        if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "ARRAY", "BLOB", "BINARY")):
            raise SourceError(f"{where}: column {theirs!r} holds {kind}, not single values")
    return {
        ours: Given(theirs, types[theirs].upper() == dialect.text)
        for ours, theirs in columns.items()
    }


class Statements:
    """The statements for lines whose columns (ours -> theirs) are `given`."""

    def __init__(self, dialect: Dialect, given: Mapping[str, Given]) -> None:
        self._dialect, self._given = dialect, given

    def sums(self, relation: str) -> str:
        """Return what adds the lines of `relation` up; its result must be called `sums`."""
        return f"""
            SELECT product, day, sum(quantity) AS net, count(*) AS lines,
                CASE WHEN product IS NULL OR day IS NULL THEN 0 ELSE count(quantity) END
                AS sound{self._if_given("price", EARNED)}
                {self._if_given("category", ", max(category) AS category")}
            FROM (SELECT {self._columns()} FROM {relation}) AS given
            GROUP BY product, day"""

    @staticmethod
    def tally() -> str:
        """Return what counts all lines, and those of them that could be added up."""
        return "SELECT CAST(sum(lines) AS BIGINT), CAST(sum(sound) AS BIGINT) FROM sums"

    def days(self) -> str:
        """Return what makes one row of each product's days, from its first sale to the last day.

        Each day that has sums stands for itself and for the days without any up to the next one.
        """
        gap = self._dialect.days_between.format(until="until", since="day")
        return f"""
            WITH sold AS (SELECT * FROM sums WHERE sound > 0),
            products AS (
                SELECT product, CAST(product AS {self._dialect.text}) AS product_id,
                    min(day) AS first_day{self._if_given("category", ", max(category) AS category")}
                FROM sold WHERE net > 0 GROUP BY product
            ),
            ends AS (SELECT {self._after("max(day)", "1")} AS day_after FROM sold),
            stretches AS (
                SELECT products.*, sold.day, sold.net{self._if_given("price", ", revenue, priced")},
                    coalesce(
                        lead(sold.day) OVER (PARTITION BY sold.product ORDER BY sold.day), day_after
                    ) AS until
                FROM sold JOIN products ON sold.product = products.product CROSS JOIN ends
                WHERE sold.day >= first_day
            ),
            filled AS (
                SELECT *, {self._dialect.numbers.format(count=gap)} AS number FROM stretches
            )
            SELECT product_id, {self._after("day", "number")} AS date,
                {_double("CASE WHEN number = 0 AND net > 0 THEN net ELSE 0 END")} AS quantity
                {self._if_given("price", PRICE)}{self._if_given("category", ", category")}
            FROM filled"""

    def damaged(self, relation: str) -> str:
        """Return what lists the lines that could not be added up: number, values and faults."""
        text = self._dialect.text
        raw = ", ".join(
            f"CAST({self._quoted(ours)} AS {text}) AS {ours}_text" for ours in self._given
        )
        shown = ", ".join(f"{ours}_text" for ours in self._given)
        return f"""
            SELECT number, product IS NULL, day IS NULL, counted IS NULL, {shown}
            FROM (SELECT {self._dialect.line_number} AS number, {self._columns()},
                      {self._number("quantity")} AS counted, {raw}
                  FROM {relation}) AS given
            WHERE product IS NULL OR day IS NULL OR quantity IS NULL LIMIT {LISTED_LINES}"""

    def _if_given(self, ours: str, text: str) -> str:
        return text if ours in self._given else ""

    def _after(self, day: str, count: str) -> str:
        return self._dialect.days_after.format(day=day, count=count)

    def _columns(self) -> str:
        columns = [
            # Numbers stay numbers until they are added up: millions of texts take their time.
            f"{self._bare('product_id')} AS product",
            f"{self._day()} AS day",
            f"{self._quantity()} AS quantity",
        ]
        if "price" in self._given:
            columns.append(f"{self._number('price')} AS price")
        if "category" in self._given:
            columns.append(f"{self._bare('category')} AS category")
        return ", ".join(columns)

    def _quoted(self, ours: str) -> str:
        quote = self._dialect.quote
        return f"{quote}{self._given[ours].name.replace(quote, quote * 2)}{quote}"

    def _bare(self, ours: str) -> str:
        """Return a column, of text without blanks around it, and missing where nothing is left."""
        name = self._quoted(ours)
        return f"nullif(trim({name}), '')" if self._given[ours].is_text else name

    def _number(self, ours: str) -> str:
        return f"TRY_CAST({self._bare(ours)} AS {DECIMAL})"

    def _quantity(self) -> str:
        number = self._number("quantity")
        if "price" not in self._given or not self._given["price"].is_text:
            return number
        wrong = f"{self._bare('price')} IS NOT NULL AND {self._number('price')} IS NULL"
        return f"CASE WHEN NOT ({wrong}) THEN {number} END"

    def _day(self) -> str:
        day = f"CAST({self._quoted('ordered_at')} AS DATE)"
        if self._given["ordered_at"].is_text:
            # As it is written, whatever zone follows. Spark would take a bare year for a day.
            bare = self._bare("ordered_at")
            moment = f"TRY_CAST({bare} AS {self._dialect.moment})"
            day = f"CASE WHEN length({bare}) >= {SHORTEST_DAY} THEN CAST({moment} AS DATE) END"
        return f"CASE WHEN {day} BETWEEN {EARLIEST} AND {LATEST} THEN {day} END"
