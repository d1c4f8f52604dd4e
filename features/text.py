"""The text vocabulary: row functions that clean one text, in training and in serving alike.

Light on purpose (no pandas, no learning library). The lemma dictionaries cost half a second and
100 MB, so they load with the first lemma and not before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Protocol

LANGUAGES = ("es", "en")
SHORTEST_STOP_WORD = {"es": 2, "en": 3}
"""Letters, and the English list's two-letter words (cm, kg, ml), are sizes, threads and units."""
FRACTION_SLASH = "\u2044"
NEGATIONS = frozenset({"no", "sin", "con"})
"""Negations and 'with' tell one product from another."""
TRADE_WORDS = frozenset(
    {"bajo", "contra", "dado", "dados", "entre", "general", "largo", "largos", "medio", "medios"}
    | {"nuevo", "trabajo", "uso", "back", "bill", "can", "empty", "end", "fill", "front", "saw"}
    | {"side", "top", "uno", "dos", "tres", "cuatro", "cinco", "seis"}
    | {"one", "two", "three", "four", "five", "six"}
)
"""Stop words of everyday prose that name things, sizes or counts in a hardware shop: a *dado* is
a socket, a *saw* a saw."""

_WORD = re.compile(r"[^\W\d_]+|\d+(?:[./]\d+)*")
_ASCII_WORD = re.compile(r"[a-z]+|[0-9]+(?:[./][0-9]+)*")
"""The same of a text that is lower-case ASCII, at half the cost."""
LONGEST_LEMMA = 40
"""No dictionary word is longer, and the lemmatiser's own search grows with the length."""


class Language(Protocol):
    """What the functions below ask of a lexicon; `features.lexicon.Lexicon` is one."""

    stop_words: frozenset[str]

    def lemma(self, word: str) -> str:
        """Return the folded dictionary form of a word."""
        ...


def fold(text: str) -> str:
    """Return `text` in lower case without accents: 'Tubería' and 'tuberia' become the same."""
    if text.isascii():
        return text.lower()
    with suppress(UnicodeEncodeError):
        letters = text.encode("latin-1")
        table, others = _latin_letters()
        if letters == letters.translate(None, others):
            return letters.translate(table).decode("latin-1")
    return _folded(text)


def _folded(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


@lru_cache(maxsize=1)
def _latin_letters() -> tuple[bytes, bytes]:
    """Return what each character of Latin-1 folds to, and those that fold to anything but one.

    So texts in the languages of this shop are folded byte by byte, at a tenth of the cost.
    """
    folded = [_folded(chr(number)) for number in range(256)]
    single = [len(letter) == 1 and letter <= "\xff" for letter in folded]
    table = bytes(ord(letter) if one else 0 for letter, one in zip(folded, single, strict=True))
    return table, bytes(number for number in range(256) if not single[number])


def words(text: str) -> list[str]:
    """Return the words and numbers of `text` in lower case, accents kept.

    A number keeps its fraction or decimals ('3/8', '2.5') and lets go of a unit glued to it.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    unified = unicodedata.normalize("NFKC", text).replace(FRACTION_SLASH, "/")
    return _WORD.findall(unified.lower())


@lru_cache(maxsize=8)
def folded_words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of `text`, folded; remembered, for a text is cut many ways."""
    return tuple(words(fold(text)))


def normalise(text: str) -> str:
    """Return the text's words and numbers, folded, with one space between; '' if it has none."""
    return " ".join(folded_words(text))


def group_key(text: str) -> str:
    """Return what near-duplicates share: the normalised text, or the bare text without words."""
    return normalise(text) or text.strip()


def tokens(text: str, lexicon: Language | None = None) -> list[str]:
    """Return the folded words and numbers of `text`, without stop words.

    They are those of `lexicon`; without one, those of the installed libraries.
    """
    stopped = lexicon.stop_words if lexicon else stop_words()
    return [word for word in folded_words(text) if word not in stopped]


def lemmas(text: str, lexicon: Language | None = None) -> list[str]:
    """Return the folded dictionary forms of the words of `text`, without stop words.

    Words are looked up with their accents, as the dictionaries have them: those of `lexicon`, or
    without one those of the installed libraries.
    """
    stopped = lexicon.stop_words if lexicon else stop_words()
    formed = lexicon.lemma if lexicon else lemma
    return [formed(word) for word in words(text) if fold(word) not in stopped]


@lru_cache(maxsize=100_000)
def lemma(word: str) -> str:
    """Return the folded dictionary form of a Spanish or English word; numbers stay as they are."""
    if len(word) > LONGEST_LEMMA or not word.isalpha():
        return fold(word)
    import simplemma  # noqa: PLC0415 - half a second and 100 MB, only where lemmas are asked for

    return fold(simplemma.lemmatize(word, lang=LANGUAGES))


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Return the folded stop words of Spanish and English, but for those that mean something here.

    The lists' single letters and digits are left out: they are sizes and threads.
    """
    import stopwordsiso  # noqa: PLC0415 - reads its word lists from disk

    listed = {
        fold(word)
        for language, shortest in SHORTEST_STOP_WORD.items()
        for word in stopwordsiso.stopwords(language)
        if len(word) >= shortest and word.isalpha()
    }
    return frozenset(listed) - NEGATIONS - TRADE_WORDS


def word_ngrams(sequence: Sequence[str], longest: int) -> list[str]:
    """Return the runs of 1 to `longest` words, each joined by one space."""
    grams = list(sequence)
    shorter = grams
    for size in range(2, longest + 1):
        # Each run is the one shorter by a word, and the word behind it.
        shorter = [f"{run} {word}" for run, word in zip(shorter, sequence[size - 1 :])]  # noqa: B905
        grams = grams + shorter
    return grams


def openings(text: str, longest: int) -> list[str]:
    """Return the first word of `text`, its first two words, and so on up to `longest`, folded.

    A product's name begins with what the product is; what follows is of what, for what, how big.
    """
    found = folded_words(text)
    return [" ".join(found[:size]) for size in range(1, min(longest, len(found)) + 1)]


def char_ngrams(text: str, shortest: int, longest: int) -> list[str]:
    """Return the runs of characters inside each word, padded with a space on both sides.

    A word shorter than a run counts once as a whole, as scikit-learn's `char_wb` has it.
    """
    return [gram for word in text.split() for gram in grams_of_word(word, shortest, longest)]


def grams_of_word(word: str, shortest: int, longest: int) -> list[str]:
    """Return the runs of characters of one word, padded with a space on both sides."""
    padded = f" {word} "
    grams: list[str] = []
    for size in range(shortest, longest + 1):
        grams += [padded[i : i + size] for i in range(max(1, len(padded) - size + 1))]
        if size >= len(padded):
            break
    return grams
