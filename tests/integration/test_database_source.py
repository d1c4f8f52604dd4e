"""Tables and queries of a real PostgreSQL as sources."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from postgresql_server import new_database, postgresql_server

from features.schema import Column, FrameSchema, SchemaError
from features.sources import Limits, Source, SourceError, read

SCHEMA = FrameSchema(
    columns=(
        Column("description", "text"),
        Column("code", "text"),
        Column("price", "number", required=False),
        Column("sold_at", "timestamp", required=False),
        Column("active", "boolean", required=False),
    ),
    label="code",
)
SHOP = """
    CREATE SCHEMA sales;
    CREATE TABLE sales.products (
        id serial PRIMARY KEY, "Descripción" text, clave char(6), price numeric(10, 2),
        sold_at timestamptz, active boolean, photo bytea
    );
    INSERT INTO sales.products ("Descripción", clave, price, sold_at, active)
    SELECT 'válvula ' || i, lpad((i % 5)::text, 6, '0'), i / 4.0,
           timestamptz '2026-11-21 10:00-06' + i * interval '1 minute', i % 2 = 0
    FROM generate_series(1, 300) AS i;
"""
COLUMNS = {"description": "Descripción", "code": "clave"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgresql_server() as server:
        database = new_database(server)
        with psycopg.connect(database.replace("+psycopg", "")) as connection:
            connection.execute(SHOP)
        yield database


def table(address: str, name: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}table={name}"


def test_a_table_is_read_with_its_types(address):
    raw = read(Source(table(address, "sales.products"), COLUMNS), SCHEMA)
    assert len(raw.frame) == 300
    first = raw.frame.loc[1]
    assert (first["description"], first["code"], first["price"]) == ("válvula 1", "000001", 0.25)
    assert first["sold_at"].isoformat() == "2026-11-21T16:01:00+00:00"
    assert first["active"] == False  # noqa: E712 (a pandas boolean)


def test_a_query_reads_the_same_rows_as_the_table(address):
    query = 'SELECT "Descripción" AS description, clave AS code, price, sold_at, active '
    query += "FROM sales.products WHERE price > 0 ORDER BY id DESC;"
    by_query = read(Source(address, query=query), SCHEMA)
    by_table = read(Source(table(address, "sales.products"), COLUMNS), SCHEMA)
    assert by_query.fingerprint == by_table.fingerprint


def test_a_percent_sign_in_a_query_is_taken_as_it_stands(address):
    query = """SELECT "Descripción" AS description, clave AS code FROM sales.products
               WHERE "Descripción" LIKE '%1%'"""
    assert len(read(Source(address, query=query), SCHEMA).frame) == sum(
        "1" in str(i) for i in range(1, 301)
    )


def test_a_missing_column_is_named_with_those_there_are(address):
    with pytest.raises(SchemaError, match="'code' is missing; the source has 'id', 'Descripción'"):
        read(Source(table(address, "sales.products"), {"description": "Descripción"}), SCHEMA)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("SELECT nothing FROM nowhere", "nowhere"),
        ("SELECT 1; SELECT 2", "syntax error"),
        ("DELETE FROM sales.products RETURNING clave AS code", "syntax error"),
        ("SELECT 1/0 AS code, 'x' AS description", "division by zero"),
    ],
)
def test_a_query_that_fails_or_would_change_something_is_refused(address, query, error):
    with pytest.raises(SourceError, match=error):
        read(Source(address, query=query), SCHEMA)
    assert len(read(Source(table(address, "sales.products"), COLUMNS), SCHEMA).frame) == 300


def test_a_function_in_a_query_cannot_write(address):
    query = "SELECT 'x' AS description, setval('sales.products_id_seq', 1)::text AS code"
    with pytest.raises(SourceError, match="read-only transaction"):
        read(Source(address, query=query), SCHEMA)


def test_a_table_and_a_query_at_once_are_refused(address):
    with pytest.raises(SourceError, match="not both"):
        read(Source(table(address, "sales.products"), COLUMNS, "SELECT 1"), SCHEMA)


def test_a_table_that_does_not_fit_is_refused(address):
    query = """SELECT repeat('x', 100) AS description, (i % 3)::text AS code
               FROM generate_series(1, 50000) AS i"""
    with pytest.raises(SourceError, match="hold more than 1 MiB"):
        read(Source(address, query=query), SCHEMA, limits=Limits(kept_bytes=2**20))


def test_a_server_that_is_not_there_is_named_without_its_password():
    with pytest.raises(SourceError, match=r"127\.0\.0\.1") as refusal:
        read(Source("postgresql://shop:sesame@127.0.0.1:9/db?table=t"), SCHEMA)
    assert "sesame" not in str(refusal.value)
