"""The generated rows: `python -m benchmarks.scaling.rows KIND MILLIONS FILE`."""

from __future__ import annotations

import sys

import duckdb

SAID = {
    "days": "order lines of 5,000 products over two years, a day each line, one in fifty a return",
    "lists": "likes: 20 of each user, among 50,000 items of which the first are liked most",
    "ratings": "ratings with names and times: 20 of each user, among 50,000 items",
}
ITEM = "(50000 * pow((hash(i * 3 + 1) % 1000003) / 1000003.0, 2.5))::INTEGER"
QUERIES = {
    "days": """
        SELECT (hash(i) % 5000)::INTEGER AS product_id,
            (CASE WHEN hash(i + 7) % 50 = 0 THEN -1 ELSE 1 END * (1 + hash(i * 3 + 1) % 5))::INTEGER
                AS quantity,
            TIMESTAMP '2024-01-01' + to_seconds((i * 730.0 * 86400 / {rows})::BIGINT) AS ordered_at
        FROM range({rows}) AS numbers(i)""",
    "lists": f"""
        SELECT (hash(i) % greatest({{rows}} // 20, 1))::INTEGER AS "user", {ITEM} AS item
        FROM range({{rows}}) AS numbers(i)""",
    "ratings": f"""
        SELECT 'u' || (hash(i) % greatest({{rows}} // 20, 1)) AS user_id, 'i' || {ITEM} AS item_id,
            1 + (hash(i * 5 + 2) % 9) / 2.0 AS rating,
            TIMESTAMP '2024-01-01' + to_seconds((i * 730.0 * 86400 / {{rows}})::BIGINT)
                AS timestamp
        FROM range({{rows}}) AS numbers(i)""",
}


def main(kind: str, millions: str, file: str) -> None:
    """Write the rows as Parquet: in a process of its own, whose memory nobody measures."""
    query = QUERIES[kind].format(rows=int(float(millions) * 1e6))
    duckdb.execute("SET enable_progress_bar = false")
    duckdb.execute(f"COPY ({query}) TO '{file}' (ROW_GROUP_SIZE 1000000)")


if __name__ == "__main__":
    main(*sys.argv[1:])
