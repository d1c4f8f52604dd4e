"""Texts that look like another: what nobody sees, and letters that pass for others.

Asked of what people go by: the names that are recorded with decisions and orders, and the codes
that are learnt from. Descriptions are free: a model has to cope with what customers write.
"""

from __future__ import annotations

import re
import unicodedata

SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Choose how the letter before them is drawn."""
JOINERS = frozenset("\u200c\u200d") | SELECTORS
"""Shape the letters of some scripts, and may stand in names."""
BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and a symbol by their categories, and nothing is drawn of them."""
BREAKS = frozenset("\n\t\r")
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode: controls, marks of direction, surrogates, what means nothing."""
LATIN = {
    "CYRILLIC": dict(zip("АВЕЅІЈКМНОРСТХУаеіјорсухѕ", "ABESIJKMHOPCTXYaeijopcyxs", strict=True)),
    "GREEK": dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧνο", "ABEZHIKMNOPTYXvo", strict=True)),
}
"""Letters of other scripts that are drawn as Latin ones (of Unicode's confusables)."""
_AS_DRAWN = str.maketrans(LATIN["CYRILLIC"] | LATIN["GREEK"])
_OF_SYMBOLS = re.compile(r"(?<=[^\w\s])[\ufe0e\ufe0f]")
"""What makes a symbol a coloured one, as keyboards type them."""
SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Those that share letters' shapes; nobody takes a Chinese letter for a Latin one."""


def unseen(text: str, *, allowed: frozenset[str] = JOINERS) -> str | None:
    """Say which character of a text is not seen or turns it round; None where there is none."""
    for letter in text:
        if letter not in allowed and _is_unseen(letter):
            return f"holds a character that is not seen (U+{ord(letter):04X})"
    return None


def seen(text: str, *, allowed: frozenset[str] = JOINERS) -> str:
    """Return a text that is what it looks like. Raises `ValueError`."""
    if reason := unseen(text, allowed=allowed):
        raise ValueError(reason)
    return text


def mistakable(code: str) -> str | None:
    """Say how a code could be taken for another one; None where it could not."""
    if found := unseen(_OF_SYMBOLS.sub("", code), allowed=frozenset()):
        return found
    for letter in code:
        if not letter.isascii() and _plain(letter):
            return f"holds {letter!r}, which passes for {_plain(letter)!r}"
    for word in code.split():
        scripts = {_script(letter) for letter in word if letter.isalpha()} & SCRIPTS
        if len(scripts) > 1:
            return f"mixes {' and '.join(sorted(scripts))} letters in {word!r}"
        if scripts <= LATIN.keys() and scripts and _passes_for_latin(word):
            return f"is written in {scripts.pop()} letters that pass for Latin ones"
    return None


def as_drawn(text: str) -> str:
    """Return what texts have in common that look alike: for names, of which one may be taken."""
    plain = "".join(each for each in unicodedata.normalize("NFKC", text) if each not in JOINERS)
    return " ".join(plain.translate(_AS_DRAWN).split()).casefold()


def _is_unseen(letter: str) -> bool:
    blank = letter in BLANKS or letter in SELECTORS
    return blank or unicodedata.category(letter) in UNSEEN


def _plain(letter: str) -> str | None:
    """Return the ASCII letter or digit that a wide or mathematical one stands for."""
    folded = unicodedata.normalize("NFKC", letter)
    drawn = unicodedata.category(letter) in {"Lu", "Ll", "Nd"}
    return folded if drawn and len(folded) == 1 and folded.isascii() else None


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _passes_for_latin(word: str) -> bool:
    return all(ord(letter) in _AS_DRAWN for letter in word if letter.isalpha())
