"""Draws a piece of clothing: its kind, its colour, its pattern and its style can all be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw

from features.demo.garments import BY_NAME

SIDE = 160
LARGE = 2 * SIDE
"""Drawn at twice the size and shrunk, which smooths the edges."""

COLOURS: dict[str, tuple[str, ...]] = {
    "dark": ("#1d1f24", "#2b2433", "#23313f", "#3a2a28"),
    "earth": ("#a9793f", "#7d5a3c", "#c8b08a", "#8a8f5c"),
    "warm": ("#d7263d", "#f2711c", "#f5b700", "#c2185b"),
    "cool": ("#1565c0", "#00897b", "#3949ab", "#2e9e5b"),
    "pastel": ("#f7c6d4", "#c9e4f5", "#d9cdf0", "#d3f0d8"),
}
"""Each family of colours with its dyes."""
PATTERNS = ("plain", "stripes", "checks", "dots", "flowers", "zigzag")
STYLES = ("minimal", "sporty", "elegant", "romantic", "urban")
GOLD, WHITE, STEEL = "#d9b13b", "#fbfbf7", "#9aa3ab"
BACKDROPS = ("#f3f1ec", "#eceff2", "#f6efe9", "#eef2ea")


@dataclass(frozen=True)
class Look:
    """What can be seen of an item: kind, dye out of a family of colours, pattern and style."""

    garment: str
    family: str
    dye: str
    pattern: str
    style: str


def draw(look: Look, backdrop: int = 0) -> Image.Image:
    """Return the picture of `look`, SIDE by SIDE pixels, in front of one of the backdrops."""
    canvas = Image.new("RGB", (LARGE, LARGE), BACKDROPS[backdrop % len(BACKDROPS)])
    shape = _outline(look.garment)
    shadow = Image.new("RGB", canvas.size, "#cfcac2")
    canvas.paste(shadow, (8, 10), shape)
    cloth = _cloth(look.pattern, look.dye).copy()
    DETAILS[look.style](ImageDraw.Draw(cloth), look)
    canvas.paste(cloth, (0, 0), shape)
    draw_on = ImageDraw.Draw(canvas)
    for part in BY_NAME[look.garment].parts:
        draw_on.polygon(_scaled(part), outline=_darker(look.dye), width=3)
    return canvas.reduce(2)


def _scaled(points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    return [(x * LARGE / 100, y * LARGE / 100) for x, y in points]


@cache
def _outline(garment: str) -> Image.Image:
    mask = Image.new("L", (LARGE, LARGE), 0)
    pen = ImageDraw.Draw(mask)
    for part in BY_NAME[garment].parts:
        pen.polygon(_scaled(part), fill=255)
    return mask


@cache
def _cloth(pattern: str, dye: str) -> Image.Image:
    cloth = Image.new("RGB", (LARGE, LARGE), dye)
    pen, second = ImageDraw.Draw(cloth), _contrast(dye)
    if pattern == "stripes":
        for y in range(0, LARGE, 36):
            pen.rectangle((0, y, LARGE, y + 15), fill=second)
    elif pattern == "checks":
        for at in range(0, LARGE, 40):
            pen.rectangle((0, at, LARGE, at + 9), fill=second)
            pen.rectangle((at, 0, at + 9, LARGE), fill=second)
            pen.rectangle((0, at + 20, LARGE, at + 22), fill=WHITE)
            pen.rectangle((at + 20, 0, at + 22, LARGE), fill=WHITE)
    elif pattern == "dots":
        _scatter(lambda x, y: pen.ellipse((x - 8, y - 8, x + 8, y + 8), fill=second), 34)
    elif pattern == "flowers":
        _scatter(lambda x, y: _flower(pen, x, y, second), 52)
    elif pattern == "zigzag":
        for y in range(-20, LARGE + 20, 38):
            points = [(x, y + 20 * (x // 20 % 2)) for x in range(0, LARGE + 20, 20)]
            pen.line(points, fill=second, width=9)
    return cloth


def _scatter(stamp: Callable[[int, int], None], step: int) -> None:
    for row, y in enumerate(range(step // 2, LARGE, step)):
        for x in range(step // 2 * (row % 2), LARGE + step, step):
            stamp(x, y)


def _flower(pen: ImageDraw.ImageDraw, x: int, y: int, petal: str) -> None:
    for across, down in ((0, -10), (10, -3), (6, 9), (-6, 9), (-10, -3)):
        pen.ellipse((x + across - 8, y + down - 8, x + across + 8, y + down + 8), fill=petal)
    pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill="#f6d04d")


def _box(look: Look) -> tuple[int, int, int, int]:
    box = _outline(look.garment).getbbox()
    assert box is not None, "every garment covers something"
    return box


def _minimal(pen: ImageDraw.ImageDraw, look: Look) -> None:
    """Draw nothing: that is the style."""


def _sporty(pen: ImageDraw.ImageDraw, look: Look) -> None:
    left, top, right, bottom = _box(look)
    slant = (right - left) // 5
    for offset in (0, 26):
        for edge, lean in (
            (left + slant + offset, slant // 2),
            (right - slant - offset, -slant // 2),
        ):
            pen.line((edge + lean, top, edge - lean, bottom), fill=WHITE, width=12)
    middle = (left + right) // 2, (top + bottom) // 2
    pen.ellipse((middle[0] - 24, middle[1] - 24, middle[0] + 24, middle[1] + 24), fill=WHITE)
    pen.polygon(
        [
            (middle[0] - 12, middle[1] + 10),
            (middle[0], middle[1] - 14),
            (middle[0] + 12, middle[1] + 10),
        ],
        fill=look.dye,
    )


def _elegant(pen: ImageDraw.ImageDraw, look: Look) -> None:
    left, top, right, bottom = _box(look)
    middle = (left + right) // 2
    pen.line((middle, top, middle, bottom), fill=_darker(look.dye), width=3)
    for y in range(top + 24, bottom - 8, 30):
        pen.ellipse((middle - 7, y - 7, middle + 7, y + 7), fill=GOLD, outline="#8f6f16")
    for y in (top + 4, bottom - 16):
        pen.rectangle((left, y, right, y + 9), fill=GOLD)


def _romantic(pen: ImageDraw.ImageDraw, look: Look) -> None:
    left, top, right, bottom = _box(look)
    for x in range(left, right, 20):
        pen.ellipse((x, bottom - 34, x + 22, bottom - 12), fill=WHITE, outline="#d8c9cf")
        pen.ellipse((x - 10, bottom - 18, x + 12, bottom + 4), fill=WHITE, outline="#d8c9cf")
    middle, y = (left + right) // 2, top + (bottom - top) * 2 // 5
    for way in (-1, 1):
        pen.polygon(
            [(middle, y), (middle + 34 * way, y - 18), (middle + 34 * way, y + 18)], fill="#e88ba4"
        )
    pen.ellipse((middle - 7, y - 7, middle + 7, y + 7), fill="#c75c7b")


def _urban(pen: ImageDraw.ImageDraw, look: Look) -> None:
    left, top, right, bottom = _box(look)
    width, height = right - left, bottom - top
    pen.line((left + width // 4, top, left + width * 3 // 5, bottom), fill=STEEL, width=10)
    for step in range(0, height, 14):
        x = left + width // 4 + step * (width * 7 // 20) // height
        pen.line((x - 9, top + step, x + 9, top + step), fill="#4d545a", width=3)
    for x in (left + width // 8, left + width * 5 // 8):
        y = top + height * 3 // 5
        pen.rectangle((x, y, x + width // 4, y + height // 5), outline="#111417", width=6)
        pen.line((x, y + 14, x + width // 4, y + 14), fill="#111417", width=4)


DETAILS: dict[str, Callable[[ImageDraw.ImageDraw, Look], None]] = {
    "minimal": _minimal,
    "sporty": _sporty,
    "elegant": _elegant,
    "romantic": _romantic,
    "urban": _urban,
}


def _mixed(dye: str, other: tuple[int, int, int], share: float) -> str:
    parts = (int(dye[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(
        f"{round(part * (1 - share) + target * share):02x}"
        for part, target in zip(parts, other, strict=True)
    )


def _darker(dye: str) -> str:
    return _mixed(dye, (0, 0, 0), 0.45)


def _contrast(dye: str) -> str:
    """The pattern's second colour: the dye itself, lighter or darker, so the family stays."""
    bright = sum(int(dye[at : at + 2], 16) for at in (1, 3, 5)) > 420
    return _mixed(dye, (0, 0, 0), 0.4) if bright else _mixed(dye, (255, 255, 255), 0.55)
