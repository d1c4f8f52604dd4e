"""How people write products: abbreviations, lost accents, glued sizes, slips of the finger."""

from __future__ import annotations

import re
import unicodedata
from random import Random

# What is typed on counters and in order mails of the trade.
ABBREVIATIONS = {
    "acero inoxidable": ("a. inox", "inox", "acero inox"),
    "galvanizado": ("galv", "galv.", "galvan"),
    "galvanizada": ("galv", "galv."),
    "cromado": ("crom", "cr"),
    "hidráulico": ("hco", "hidr", "hidr."),
    "sanitario": ("sant", "san.", "sanit"),
    "inoxidable": ("inox",),
    "hexagonal": ("hex", "hexag"),
    "transparente": ("transp", "transp."),
    "tornillo": ("torn", "tor.", "tornill"),
    "desarmador": ("desarm", "desarm."),
    "esmeriladora": ("esmeril", "esmerilad"),
    "impermeabilizante": ("imper", "imperm", "impermeab"),
    "interruptor": ("int", "interr"),
    "termomagnético": ("termomag", "termo"),
    "manguera": ("mang", "mang."),
    "válvula": ("valv", "val."),
    "adaptador": ("adapt", "adapt."),
    "lámpara": ("lamp", "lamp."),
    "cerradura": ("cerr", "cerrad"),
    "herramienta": ("herr",),
    "pegamento": ("peg", "pegam"),
    "electrodo": ("elect", "electr"),
    "pintura": ("pint", "pint."),
    "rodillo": ("rod", "rodll"),
    "cemento": ("cem", "cto"),
    "eléctrica": ("elec", "eléc"),
    "madera": ("mad", "mad."),
    "concreto": ("conc", "concr"),
    "mango": ("mgo",),
    "blanco": ("bco", "bca"),
    "negro": ("neg", "ngo"),
    "con": ("c/",),
    "para": ("p/", "p/", "pa"),
    "sin": ("s/",),
    "stainless steel": ("SS", "s/s"),
    "galvanised": ("galv", "galv."),
    "adjustable": ("adj", "adj."),
    "aluminium": ("alum", "alu"),
    "with": ("w/",),
}
_ABBREVIATED = re.compile(r"\b(" + "|".join(map(re.escape, ABBREVIATIONS)) + r")\b", re.IGNORECASE)
SMALL_WORDS = re.compile(r"\b(de|para|con|for|with)\b\s*", re.IGNORECASE)
NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "g": "fh", "i": "uo", "l": "kñ",
    "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "b",
}  # fmt: skip
SOUNDS_ALIKE = (
    ("v", "b"), ("b", "v"), ("z", "s"), ("s", "z"), ("ll", "y"), ("c", "s"), ("h", ""),
    ("j", "g"), ("qu", "k"), ("x", "cs"), ("ñ", "n"), ("cc", "c"),
)  # fmt: skip


def abbreviated(text: str, rng: Random, share: float) -> str:
    """Shorten each word that the trade shortens, with probability `share`."""

    def shorten(match: re.Match[str]) -> str:
        word = match.group(0)
        return rng.choice(ABBREVIATIONS[word.lower()]) if rng.random() < share else word

    return re.sub(r"([cps]/) ", r"\1", _ABBREVIATED.sub(shorten, text))


def without_accents(text: str) -> str:
    """Return the text as a keyboard in a hurry gives it; ñ becomes n too."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def glued(text: str) -> str:
    """Write sizes and units together: `16 oz` becomes `16oz`."""
    return re.sub(r"(\d) (?=[a-zA-Z]{1,3}(?: |$))", r"\1", text)


def misspelt(text: str, rng: Random) -> str:
    """Slip once, in one of the longer words: a neighbouring key, two letters swapped, a sound."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if long:
        i = rng.choice(long)
        words[i] = rng.choice((_neighbour, _swapped, _dropped, _doubled, _sounding))(words[i], rng)
    return " ".join(words)


def _neighbour(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word))
    return word[:i] + rng.choice(NEIGHBOURS.get(word[i].lower(), word[i])) + word[i + 1 :]


def _swapped(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _dropped(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word))
    return word[:i] + word[i + 1 :]


def _doubled(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word))
    return word[:i] + word[i] + word[i:]


def _sounding(word: str, rng: Random) -> str:
    fitting = [pair for pair in SOUNDS_ALIKE if pair[0] in word.lower()[1:]]
    if not fitting:
        return _dropped(word, rng)
    heard, written = rng.choice(fitting)
    return word[0] + word[1:].replace(heard, written, 1)
