"""Outlines of clothes, shoes and bags, as polygons in a square of 100 by 100."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Garment:
    """One kind of piece: its names, its share of the shop, and the outlines it is drawn from."""

    spanish: str
    english: str
    feminine: bool
    share: float
    parts: tuple[tuple[Point, ...], ...]


def mirrored(*right: Point) -> tuple[Point, ...]:
    """Close an outline given by its right half, from the top centre down to the bottom centre."""
    return (*right, *((100 - x, y) for x, y in reversed(right)))


def twice(*outline: Point) -> tuple[tuple[Point, ...], ...]:
    """A left and a right copy of an outline, as shoes come."""
    return outline, tuple((x + 2, y + 34) for x, y in outline)


TEE = mirrored(
    (50, 24), (58, 18), (72, 22), (92, 40), (82, 52), (72, 45), (73, 86), (50, 86)
)  # fmt: skip
LONG_SLEEVED = mirrored(
    (50, 22), (58, 15), (70, 18), (80, 28), (93, 76), (82, 80), (73, 48), (73, 86), (50, 86)
)  # fmt: skip
GARMENTS: tuple[Garment, ...] = (
    Garment("playera", "t-shirt", True, 1.4, (TEE,)),
    Garment("camisa", "shirt", True, 1.2, (
        LONG_SLEEVED, mirrored((50, 26), (60, 13), (66, 18), (58, 30), (50, 26)))),
    Garment("blusa", "blouse", True, 1.1, (mirrored(
        (50, 28), (60, 20), (72, 22), (95, 60), (80, 66), (70, 48), (66, 60), (78, 86),
        (50, 90)),)),
    Garment("suéter", "sweater", False, 1.0, (
        LONG_SLEEVED, mirrored((50, 10), (61, 10), (62, 19), (50, 26)))),
    Garment("chamarra", "jacket", True, 1.0, (mirrored(
        (50, 18), (62, 11), (74, 17), (84, 28), (96, 80), (80, 84), (74, 50), (76, 78),
        (50, 78)),)),
    Garment("abrigo", "coat", False, 0.7, (mirrored(
        (50, 12), (61, 7), (72, 12), (80, 22), (90, 68), (79, 71), (71, 42), (79, 95), (50, 95)),)),
    Garment("vestido", "dress", False, 1.5, (mirrored(
        (50, 20), (57, 9), (62, 9), (63, 22), (67, 30), (61, 48), (84, 93), (50, 95)),)),
    Garment("falda", "skirt", True, 1.0, (mirrored(
        (50, 18), (65, 18), (67, 26), (87, 84), (50, 88)),)),
    Garment("pantalón", "trousers", False, 1.3, (mirrored(
        (50, 8), (67, 8), (71, 34), (72, 94), (56, 94), (51, 42), (50, 40)),)),
    Garment("short", "shorts", False, 0.8, (mirrored(
        (50, 24), (70, 24), (80, 72), (56, 76), (51, 52), (50, 50)),)),
    Garment("tenis", "sneakers", False, 1.0, twice(
        (8, 34), (9, 22), (22, 24), (30, 12), (42, 10), (58, 28), (84, 34), (92, 42),
        (90, 49), (8, 49))),
    Garment("botas", "boots", True, 0.6, (
        ((14, 10), (40, 10), (42, 60), (66, 70), (68, 88), (36, 88), (34, 82), (28, 88), (14, 88)),
        ((46, 6), (72, 6), (74, 56), (94, 66), (96, 82), (72, 82), (70, 72), (48, 58)))),
    Garment("bolsa", "bag", True, 0.9, (
        mirrored((50, 38), (82, 38), (88, 90), (50, 90)),
        ((30, 38), (34, 16), (50, 10), (66, 16), (70, 38), (65, 38), (61, 20), (50, 15), (39, 20),
         (35, 38)))),
    Garment("sombrero", "hat", False, 0.5, (
        mirrored((50, 20), (66, 24), (70, 58), (96, 66), (84, 78), (50, 82)),)),
    Garment("bufanda", "scarf", True, 0.6, (
        mirrored((50, 14), (72, 18), (76, 34), (50, 42)),
        ((34, 34), (50, 38), (46, 92), (26, 90)), ((54, 38), (66, 34), (80, 82), (62, 86)))),
)  # fmt: skip
BY_NAME = {garment.spanish: garment for garment in GARMENTS}
