"""Order lines from text: what is understood, and how what is not is named."""

from __future__ import annotations

import pytest

from pipelines.orders.parsing import (
    Damaged,
    Stated,
    parse_csv,
    parse_json,
    parse_json_lines,
    parse_words,
)


def stated(items: object) -> list[tuple[str, str, float]]:
    return [(i.message_id, i.description, i.quantity) for i in items if isinstance(i, Stated)]


def damaged(items: object) -> list[tuple[str, str]]:
    return [(i.where, i.reason) for i in items if isinstance(i, Damaged)]


def test_json_lines_keep_the_good_and_name_the_bad() -> None:
    lines = [
        b'{"message_id": "m1", "description": "Tornillo", "quantity": 10}\n',
        b"{half a li\n",
        b"\n",
        b'["no", "object"]\n',
        b'{"message_id": "m1", "description": "  ", "quantity": 1}\n',
        b'{"message_id": "m1", "description": "Tuerca", "quantity": "muchas"}\n',
        b'{"message_id": "m1", "description": "Tuerca", "quantity": -2}\n',
        b'{"message_id": "m1", "description": "Tuerca", "quantity": true}\n',
        b'{"message_id": "m1", "description": "Tuerca"}\n',
        b'{"correo_id": 7, "descripcion": "Llave", "cantidad": "2,5"}\n',
    ]
    items = list(parse_json_lines(lines, "feed.jsonl", None))
    assert stated(items) == [("m1", "Tornillo", 10.0), ("7", "Llave", 2.5)]
    assert [where for where, _ in damaged(items)] == [
        f"feed.jsonl, line {number}" for number in (2, 4, 5, 6, 7, 8, 9)
    ]


@pytest.mark.parametrize("quantity", ["NaN", "inf", "1e400", "-0", "0", "", "1000000001"])
def test_a_quantity_must_be_a_sensible_number(quantity: str) -> None:
    line = f'{{"message_id": "m", "description": "x", "quantity": "{quantity}"}}'.encode()
    items = list(parse_json_lines([line], "f", None))
    assert isinstance(items[0], Damaged)


def test_csv_takes_any_usual_delimiter_and_column_order() -> None:
    for delimiter in (",", ";", "\t", "|"):
        rows = [["Cantidad", "DESCRIPCION", "correo_id"], ["3", "Tubo de cobre", "m9"]]
        lines = [delimiter.join(row).encode() + b"\r\n" for row in rows]
        assert stated(parse_csv(lines, "f.csv", None)) == [("m9", "Tubo de cobre", 3.0)]


def test_an_open_quote_costs_one_csv_line_and_not_the_rest() -> None:
    lines = [
        b"message_id,description,quantity\n",
        b'm1,"Tubo 1/2"" de cobre",1\n',
        b'm1,"nobody closed this,2\n',
        b"m1,Codo,3\n",
        b"m1,too,many,fields\n",
        b"m1,Cople,4\n",
    ]
    items = list(parse_csv(lines, "f.csv", None))
    assert [line[1] for line in stated(items)] == ['Tubo 1/2" de cobre', "Codo", "Cople"]
    assert [where for where, _ in damaged(items)] == ["f.csv, line 3", "f.csv, line 5"]


def test_a_header_that_is_none_is_named_and_stops_nothing_else() -> None:
    items = list(parse_csv([b"x" * 200_000 + b"\n", b"a,1\n"], "f.csv", "m"))
    assert [where for where, _ in damaged(items)] == ["f.csv, line 1"]
    assert len(items) == 1


def test_lines_of_two_encodings_in_one_file_are_both_read() -> None:
    lines = [
        "\ufeffdescription,quantity\n".encode(),
        "Tubería,1\n".encode(),
        "Tubería,2\n".encode("cp1252"),
    ]
    assert stated(parse_csv(lines, "f.csv", "f")) == [("f", "Tubería", 1.0), ("f", "Tubería", 2.0)]


def test_a_message_id_may_come_from_the_file_but_not_from_nowhere() -> None:
    content = b'[{"description": "Tornillo", "quantity": 1}]'
    assert stated(parse_json(content, "f.json", "f.json"))[0][0] == "f.json"
    assert damaged(parse_json(content, "http", None)) == [
        ("http, item 1", "the message id is missing")
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"12", b'"text"', b"null"])
def test_json_that_is_no_list_of_lines_is_named(content: bytes) -> None:
    assert [where for where, _ in damaged(parse_json(content, "answer", None))] == ["answer"]


def test_json_may_wrap_its_list_in_an_object() -> None:
    content = b'{"ok": true, "pedidos": [{"correo_id": "a", "descripcion": "x", "cantidad": 1}]}'
    assert stated(parse_json(content, "f", None)) == [("a", "x", 1.0)]


def test_control_characters_do_not_reach_the_store() -> None:
    line = b'{"message_id": "m", "description": "Tor\\u0000nillo\\n1/2", "quantity": 1}'
    assert stated(parse_json_lines([line], "f", None))[0][1] == "Tor nillo 1/2"


def test_a_mails_words_give_the_lines_with_quantities_and_bullets() -> None:
    text = """Buenos días, necesito para el 12 de mayo:

10 pzas tornillo hexagonal 1/2 x 2
3 x llave ajustable 10"
2,5 kg de clavo estándar
Pintura blanca 19 l; 4
Foco led x 6
- Cinta de aislar
1/2 pulgada no es una cantidad
Gracias, quedo pendiente
> 99 tornillos de la cotización anterior
--
5 firmas que no cuentan
"""
    assert [line[1:] for line in stated(parse_words(text, "mail", "m"))] == [
        ("tornillo hexagonal 1/2 x 2", 10.0),
        ('llave ajustable 10"', 3.0),
        ("clavo estándar", 2.5),
        ("Pintura blanca 19 l", 4.0),
        ("Foco led", 6.0),
        ("Cinta de aislar", 1.0),
    ]
