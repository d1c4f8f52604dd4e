"""What things cost: a usual price by measure, and a spread around it for each variant."""

from __future__ import annotations

from random import Random

from features.demo.catalogue import Variant

# Pesos. A kind of measure says well enough what a thing is: nothing in horsepower is cheap.
USUAL = {
    "plain": 160, "amp_hours": 1_150, "amps": 65, "awg": 780, "bag": 45, "big_litres": 3_400,
    "block": 16, "box": 22, "breaker_amps": 240, "cartridge": 95, "cc": 3_900, "centimetres": 240,
    "circuits": 620, "cubic_feet": 1_450, "disc": 85, "drill_power": 1_650, "driver": 70,
    "feet": 520, "flexible": 85, "fraction": 95, "fraction_or_mm": 38, "fraction_pipe": 58,
    "garden_hose": 380, "grams": 75, "grinder": 1_350, "grit": 14, "horsepower": 3_200,
    "inches_small": 75, "litres": 420, "litres_flush": 2_300, "long_metres": 390, "lumens": 260,
    "mesh": 1_250, "metres": 230, "metres_tape": 145, "mm": 65, "mm_caliper": 540, "mm_lock": 150,
    "nail": 42, "ounces": 190, "pieces": 120, "psi": 4_600, "rod": 110, "screw": 4, "shoe": 690,
    "size": 95, "small_litres": 180, "small_volume": 85, "small_weight": 120, "solder": 240,
    "steps": 1_700, "tape": 48, "thickness": 215, "thread": 5, "tines": 160, "tool_inches": 180,
    "volts": 340, "watts": 130, "weight": 190, "weld_amps": 1_900, "wire_gauge": 48,
}  # fmt: skip


class PriceList:
    """Prices that stay near one another for the same variant, whatever its size or brand."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._usual: dict[str, float] = {}

    def price(self, variant: Variant) -> float:
        """Return what one listing of `variant` costs."""
        spread = self._rng.lognormvariate(0, 0.45)
        usual = self._usual.setdefault(variant.code, USUAL[variant.measure] * spread)
        return round(usual * self._rng.uniform(0.7, 1.5), 2)
