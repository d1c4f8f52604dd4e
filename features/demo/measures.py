"""Sizes as the trade writes them: the values of each kind of measure, and its usual spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

INCH = ('{}"', '{}"', "{} pulg", "{} in", "{}''")
PIPE = ('{}"', "{}", "{} pulg", "de {}", '{}"')
FRACTIONS = ("1/8", "3/16", "1/4", "5/16", "3/8", "1/2", "5/8", "3/4", "1")
PIPES = ("1/2", "3/4", "1", "1-1/4", "1 1/2", "2", "3", "4")
TAPES = "12 mm x 10 m; 18 mm x 10 m; 19 mm x 20 m; 24 mm x 50 m; 19x20; 24x50; 48x50; 48x100"
METRIC = ("4", "5", "6", "8", "10", "12", "13")


ENGLISH_UNITS = {
    "pulg": "in", "litros": "litres", "lts": "L", "lt": "L", "calibre": "gauge", "cal.": "ga",
    "cal": "ga", "talla": "size", "del": "size", "no.": "no.", "grano": "grit", "gr": "grit",
    "pzas": "pcs", "pzs": "pcs", "pz": "pc", "piezas": "pieces", "caballos": "HP", "mts": "m",
    "metros": "m", "kilos": "kg", "kilo": "kg", "kgs": "kg", "onzas": "oz", "dientes": "tines",
    "escalones": "steps", "peldaños": "steps", "pasos": "steps", "circuitos": "circuits",
    "polos": "spaces", "pies": "ft", "cartucho": "cartridge", "lúmenes": "lumens", "de": "",
}  # fmt: skip
_SPANISH_UNITS = re.compile(r"(?<![a-záé])(" + "|".join(map(re.escape, ENGLISH_UNITS)) + r")(?!\w)")


def _in_english(match: re.Match[str]) -> str:
    return ENGLISH_UNITS[match.group(0)]


@dataclass(frozen=True)
class Measure:
    """The values that a kind of product comes in, and the ways of writing one."""

    values: tuple[str, ...]
    spellings: tuple[str, ...]

    def written(self, rng: Random, language: str = "es") -> str:
        """Return one size in one spelling; empty for products without a size."""
        if not self.values:
            return ""
        text = rng.choice(self.spellings).format(rng.choice(self.values))
        return text if language == "es" else _SPANISH_UNITS.sub(_in_english, text)


def _of(values: str, *spellings: str) -> Measure:
    return Measure(tuple(values.split()), spellings)


_LITRES = ("{} L", "{}L", "{} lt", "{} lts", "{} litros")
_KILOS = ("{} kg", "{}kg", "{} kgs", "{} kilos", "{} Kg")
_METRES = ("{} m", "{}m", "{} mts", "{} metros")
_WATTS = ("{} W", "{}W", "{} watts", "{}w")
_AMPS = ("{} A", "{}A", "{} amp", "{} amps")

MEASURES = {
    "plain": Measure((), ()),
    "amp_hours": _of("1.5 2 4 5", "{} Ah", "{}Ah"),
    "amps": _of("10 15 20", *_AMPS),
    "awg": _of("8 10 12 14 16", "cal {}", "calibre {}", "cal. {}", "{} AWG", "#{}"),
    "bag": _of("60x90 70x90 90x120", "{} cm", "{}", "{}cm"),
    "big_litres": _of("450 600 1100 2500 5000", *_LITRES),
    "block": _of("10x20x40 12x20x40 15x20x40", "{} cm", "{}"),
    "box": _of("2x4 4x4 3/4 1/2", '{}"', "{}"),
    "breaker_amps": _of("15 20 30 40 50 60", *_AMPS),
    "cartridge": _of("280 300", "{} ml", "{}ml", "cartucho {} ml"),
    "cc": _of("26 33 43 52", "{} cc", "{}cc"),
    "centimetres": _of("30 40 45 50 60 80 90 120", "{} cm", "{}cm", "de {} cm"),
    "circuits": _of("2 4 6 8 12", "{} circuitos", "{} cto", "{} polos"),
    "cubic_feet": _of("4 5 5.5 6", "{} ft3", "{} pies"),
    "disc": _of("4-1/2 7 9 14", '{}"', "{} pulg", '{} x 7/8"', '{}" x 1/8'),
    "drill_power": _of("350 500 600 750 850 1050", "{} W", "{}W", '1/2" {} W', '3/8" {}W'),
    "driver": _of("1/4x4 3/16x6 5/16x6 1/8x3 #2x4", '{}"', "{}", "{} pulg"),
    "feet": _of("6 8 10 12", "{} pies", "{} ft", "{}'"),
    "flexible": _of("35 40 55 60", "{} cm", '{} cm 1/2"', "1/2 x 1/2 {}cm"),
    "fraction": Measure(FRACTIONS, INCH),
    "fraction_or_mm": Measure(
        (*FRACTIONS[:7], *(f"{size} mm" for size in METRIC)), ("{}", "de {}", "{}")
    ),
    "fraction_pipe": Measure(PIPES, PIPE),
    "garden_hose": _of("10 15 20 30", '1/2" x {} m', "{} m", "1/2 {} mts", '5/8" {}m'),
    "grams": _of("50 100 250 350 500", "{} g", "{}g", "{} gr", "{} grs"),
    "grinder": _of("4-1/2 7 9 6", '{}" 850 W', '{}"', "{} pulg"),
    "grit": _of("36 60 80 100 120 180 220 400", "grano {}", "gr {}", "#{}", "No. {}"),
    "horsepower": _of("1/4 1/2 3/4 1 1.5 2", "{} HP", "{}HP", "{} hp", "{} caballos"),
    "inches_small": _of("1 1-1/2 2 2-1/2 3 3-1/2 4", *INCH),
    "litres": _of("1 4 19 0.5", *_LITRES),
    "litres_flush": _of("3.8 4.8 6", "{} L", "{} lpd", "{}L"),
    "long_metres": _of("10 20 30 50", *_METRES),
    "lumens": _of("120 250 400 1000", "{} lm", "{} lúmenes"),
    "mesh": _of("1.00 1.20 1.50 2.00", "{} m", "6x6-10/10 {} m", "{} m x 20 m"),
    "metres": _of("2 3 5 10 15 20", *_METRES),
    "metres_tape": _of("3 5 8 10", *_METRES, '{} m x 1"'),
    "mm": _of("96 128 160", "{} mm", "{}mm"),
    "mm_caliper": _of("150 200", "{} mm", '{}mm 6"'),
    "mm_lock": _of("20 30 40 50 60", "{} mm", "{}mm", "#{}"),
    "nail": _of("1 1-1/2 2 2-1/2 3 4", *INCH, "{} x kilo"),
    "ounces": _of("7 8 12 16 20 24", "{} oz", "{}oz", "{} onzas"),
    "pieces": _of("5 10 12 20 25 40", "{} pzas", "{} piezas", "c/{} pzs", "{}pz"),
    "psi": _of("1500 1800 2200 3000", "{} psi", "{}psi", "{} PSI"),
    "rod": _of("3/32 1/8 5/32", '{}"', "{}", "{} x 14"),
    "screw": _of(
        "#6x1 #8x1-1/2 #8x2 #10x2 #10x3 1/4x1 1/4x2 1/4x3 5/16x2 3/8x3 M6x40 M8x60", "{}", '{}"'
    ),
    "shoe": _of("24 25 26 27 28 29", "#{}", "no. {}", "talla {}", "del {}"),
    "size": _of("S M L XL", "talla {}", "t-{}", "{}", "T/{}"),
    "small_litres": _of("2 5 8 10 12 19 20", *_LITRES),
    "small_volume": _of("20 60 120 240 500 750 900", "{} ml", "{}ml", "{} mL"),
    "small_weight": _of("250 500 900 1000", "{} g", "{}g", "{} gr"),
    "solder": _of("0.8 1 1.6 3", "{} mm", "{} mm 100 g", "{}mm"),
    "steps": _of("3 4 5 6 8", "{} escalones", "{} peldaños", "{} pasos", "{} steps"),
    "tape": Measure(tuple(TAPES.split("; ")), ("{}",)),
    "thickness": _of("1/2 3/8 5/8", '{}"', "{}", "{} pulg"),
    "thread": _of("1/4 5/16 3/8 1/2 5/8 M6 M8 M10", "{}", '{}"'),
    "tines": _of("14 16 22 24", "{} dientes", "{} d"),
    "tool_inches": _of("4 6 8 10 12 14 18 24", *INCH),
    "volts": _of("110 220 600 1000", "{} V", "{}V", "{} volts"),
    "watts": _of("5 9 10 12 18 20 30 50 100", *_WATTS),
    "weight": _of("1 2 5 10 20 25 50", *_KILOS),
    "weld_amps": _of("130 160 200 250 300", *_AMPS),
    "wire_gauge": _of("10 12 14 16 18", "cal {}", "calibre {}", "cal. {}", "#{}"),
}
