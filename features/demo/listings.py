"""One product as a supplier, a till or a customer would write it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from features.demo.catalogue import Variant
from features.demo.measures import MEASURES
from features.demo.wording import SMALL_WORDS, abbreviated, glued, misspelt, without_accents

PACKS = {
    "es": ("c/10", "c/100 pzas", "caja c/50", "bolsa c/25", "paq 6 pzs", "blister"),
    "en": ("10 pk", "box of 100", "25/bag", "6 pc", "bulk"),
}
SINGLE = {"es": ("pza", "pieza", "1 pz"), "en": ("ea", "each", "1 pc")}
PACKED = {"screw", "thread", "nail", "fraction_or_mm", "fraction_pipe", "amps", "size", "watts"}
"""Measures of what is small enough to be sold by the box."""


@dataclass(frozen=True)
class Hand:
    """How one kind of writer writes: shares are probabilities for each text or word."""

    brand: float
    size: float
    quality: float
    model: float
    pack: float
    short_words: float
    accents: float
    slip: float
    vague: float
    case: Callable[[str], str]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


SUPPLIER = Hand(0.75, 0.92, 0.75, 0.30, 0.15, 0.12, 0.95, 0.03, 0.05, _sentence)
TILL = Hand(0.50, 0.90, 0.50, 0.25, 0.20, 0.65, 0.15, 0.12, 0.09, str.upper)
COUNTER = Hand(0.25, 0.75, 0.35, 0.02, 0.08, 0.35, 0.35, 0.35, 0.15, str.lower)
HANDS = ((SUPPLIER, 0.40), (TILL, 0.34), (COUNTER, 0.26))
SPANISH_SHARE = 0.78


def listing(
    variant: Variant, rng: Random, hand: Hand | None = None, language: str | None = None
) -> str:
    """Write `variant` once: the same product hardly ever comes out the same way twice.

    The hand and the language (`es` or `en`) are drawn where they are not given.
    """
    writer = hand or rng.choices([h for h, _ in HANDS], [share for _, share in HANDS])[0]
    tongue = language or drawn_language(rng)
    text = " ".join(filter(None, _parts(variant, writer, tongue, rng)))
    return _worn(text, writer, rng)


def drawn_language(rng: Random) -> str:
    """Return the language of one writer: mostly Spanish."""
    return "es" if rng.random() < SPANISH_SHARE else "en"


def _parts(variant: Variant, hand: Hand, language: str, rng: Random) -> list[str]:
    vague = rng.random() < hand.vague
    name = variant.vague_name(language) if vague else variant.name(language)
    size = _sometimes(hand.size, MEASURES[variant.measure].written(rng, language), rng)
    quality = rng.choice(variant.qualities)
    # Trade Spanish borrows: now and then the quality is the one printed on the foreign box.
    spanish = (language == "es") != (rng.random() < 0.04)
    details = [
        size,
        _sometimes(hand.quality, quality.spanish if spanish else quality.english, rng),
    ]
    if rng.random() < 0.25:
        details.reverse()
    brand = _sometimes(hand.brand, rng.choice(variant.brands), rng)
    model = _sometimes(hand.model, _model(variant, rng), rng)
    packs = PACKS if variant.measure in PACKED else SINGLE
    pack = _sometimes(hand.pack, rng.choice(packs[language]), rng)
    if rng.random() < 0.12:
        return [brand, name, *details, model, pack]
    return [name, *details, brand, model, pack]


def _model(variant: Variant, rng: Random) -> str:
    letters = "".join(word[0] for word in without_accents(variant.name("es")).upper().split()[:3])
    return f"{letters}-{rng.choice(('', 'X', 'P'))}{rng.randrange(5, 990)}"


def _worn(text: str, hand: Hand, rng: Random) -> str:
    """Wear a clean text down to what this hand leaves of it."""
    text = abbreviated(text, rng, hand.short_words)
    if rng.random() < hand.short_words:
        text = SMALL_WORDS.sub("", text)
    if rng.random() < 0.4:
        text = glued(text)
    if rng.random() < hand.slip:
        text = misspelt(text, rng)
    if rng.random() > hand.accents:
        text = without_accents(text)
    return unicodedata.normalize("NFC", " ".join(hand.case(text).split()))


def _sometimes(share: float, text: str, rng: Random) -> str:
    return text if rng.random() < share else ""


def relisted(text: str, rng: Random) -> str:
    """Write a text again as a second system would store it: the same but for case and blanks."""
    return rng.choice((str.upper, str.lower, str.title, lambda same: same.replace(" ", "  ")))(text)
