"""What text functions know of a language: its stop words and the dictionary forms of its words.

The libraries hold their dictionaries as Python objects, a second and 110 MB for two languages. A
lexicon that was saved is mapped from disk: nothing to load, and workers share its pages.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.text import LANGUAGES, LONGEST_LEMMA, fold, stop_words

if TYPE_CHECKING:
    from simplemma import Lemmatizer

STOP_WORDS_FILE = "stop-words.txt"
BLOCK = 16
"""Words between two marks: found by bisection over the marks, then by looking at a block."""
SIGNED = 64
"""Blocks between two signs, which are held in memory: most of a search goes along them."""
WORDS_REMEMBERED = 20_000
SEPARATOR = b"\n"


class WordForms(Mapping[str, str]):
    """Words and their dictionary forms as arrays: sorted words in one run of bytes.

    `marks` has where each block of words begins and where the last one ends; word number w keeps
    `kept[w]` bytes, to which the ending number `endings[w]` is added.
    """

    def __init__(
        self,
        words: NDArray[np.uint8],
        marks: NDArray[np.uint32],
        rules: NDArray[np.uint16],
        endings: Sequence[tuple[int, bytes]],
    ) -> None:
        self._words, self._marks, self._rules = memoryview(words.data), marks, rules
        self._endings = endings
        self._signs = [self._first(block) for block in range(0, len(marks) - 1, SIGNED)]

    @classmethod
    def of(cls, forms: Mapping[str, str]) -> WordForms:
        """Return the forms of another mapping; no word holds a line break."""
        pairs = sorted((word.encode(), form.encode()) for word, form in forms.items())
        numbers: dict[tuple[int, bytes], int] = {}
        rules = np.empty(len(pairs), dtype=np.uint16)
        for place, (word, form) in enumerate(pairs):
            rules[place] = numbers.setdefault(_ending(word, form), len(numbers))
        text = b"".join(word + SEPARATOR for word, _ in pairs)
        lengths = np.array([len(word) + 1 for word, _ in pairs], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        marks = np.concatenate([starts[:-1:BLOCK], starts[-1:]]).astype(np.uint32)
        return cls(np.frombuffer(text, dtype=np.uint8), marks, rules, tuple(numbers))

    def save(self, directory: Path, name: str) -> None:
        """Write three arrays and the endings into an existing directory."""
        np.save(directory / f"{name}-words.npy", np.frombuffer(self._words, dtype=np.uint8))
        np.save(directory / f"{name}-marks.npy", self._marks)
        np.save(directory / f"{name}-rules.npy", self._rules)
        lines = [b"%d %s" % ending for ending in self._endings]
        (directory / f"{name}-endings.txt").write_bytes(SEPARATOR.join(lines))

    @classmethod
    def open(cls, directory: Path, name: str) -> WordForms:
        """Map what `save` wrote."""
        words, marks, rules = (
            np.asarray(np.load(directory / f"{name}-{part}.npy", mmap_mode="r"))
            for part in ("words", "marks", "rules")
        )
        lines = (directory / f"{name}-endings.txt").read_bytes().split(SEPARATOR)
        split = [line.split(b" ", 1) for line in lines]
        return cls(words, marks, rules, [(int(kept), ending) for kept, ending in split])

    def __getitem__(self, word: str) -> str:
        wanted = word.encode("utf-8", "surrogatepass")
        begin = max(bisect_right(self._signs, wanted) - 1, 0) * SIGNED
        blocks = range(begin, min(begin + SIGNED, len(self._marks) - 1))
        block = begin + bisect_right(blocks, wanted, key=self._first) - 1
        words = self._block(block) if block >= begin else []
        if wanted not in words:
            raise KeyError(word)
        kept, ending = self._endings[self._rules[block * BLOCK + words.index(wanted)]]
        form: bytes = wanted[:kept] + ending
        return form.decode()

    def __iter__(self) -> Iterator[str]:
        for block in range(len(self._marks) - 1):
            yield from (word.decode() for word in self._block(block))

    def __len__(self) -> int:
        return len(self._rules)

    def _first(self, block: int) -> bytes:
        start, end = int(self._marks[block]), int(self._marks[block + 1])
        return self._words[start:end].tobytes().split(SEPARATOR, 1)[0]

    def _block(self, block: int) -> list[bytes]:
        start, end = int(self._marks[block]), int(self._marks[block + 1]) - 1
        return self._words[start:end].tobytes().split(SEPARATOR)


def _ending(word: bytes, form: bytes) -> tuple[int, bytes]:
    """Return how many bytes of a word its form keeps, and what is added to them."""
    kept = min(len(word), len(form))
    while word[:kept] != form[:kept]:
        kept -= 1
    return kept, form[kept:]


@dataclass(frozen=True)
class _Shelf:
    """Dictionaries as simplemma asks for them."""

    dictionaries: Mapping[str, Mapping[str, str]]

    def get_dictionary(self, lang: str) -> Mapping[str, str]:
        return self.dictionaries[lang]


class Lexicon:
    """The stop words, and the dictionaries by language."""

    def __init__(self, stop_words: frozenset[str], dictionaries: Mapping[str, WordForms]) -> None:
        self.stop_words, self._dictionaries = stop_words, dictionaries
        self._remembered = lru_cache(WORDS_REMEMBERED)(self._lemma)

    @classmethod
    @lru_cache(maxsize=1)
    def installed(cls) -> Lexicon:
        """Return what the installed libraries know; made once, which takes seconds."""
        # Heavy, and only where a model is packaged.
        from simplemma.strategies.dictionaries import DEFAULT_DICTIONARY_FACTORY  # noqa: PLC0415

        return cls(
            stop_words(),
            {
                name: WordForms.of(DEFAULT_DICTIONARY_FACTORY.get_dictionary(name))
                for name in LANGUAGES
            },
        )

    def save(self, directory: Path) -> None:
        """Write it into an existing directory."""
        (directory / STOP_WORDS_FILE).write_text("\n".join(sorted(self.stop_words)))
        for name, forms in self._dictionaries.items():
            forms.save(directory, name)

    @staticmethod
    def is_in(directory: Path) -> bool:
        """Whether `save` has written into a directory."""
        return (directory / STOP_WORDS_FILE).is_file()

    @classmethod
    def open(cls, directory: Path) -> Lexicon:
        """Map what `save` wrote."""
        listed = (directory / STOP_WORDS_FILE).read_text().split("\n")
        forms = {name: WordForms.open(directory, name) for name in LANGUAGES}
        return cls(frozenset(listed), forms)

    def lemma(self, word: str) -> str:
        """Return the folded dictionary form of a word, as `features.text.lemma` does."""
        if len(word) > LONGEST_LEMMA or not word.isalpha():
            return fold(word)
        return self._remembered(word)

    @cached_property
    def _lemmatizer(self) -> Lemmatizer:
        # Not before a word needs it: 70 ms that other models need not wait for.
        from simplemma import Lemmatizer  # noqa: PLC0415
        from simplemma.strategies import DefaultStrategy  # noqa: PLC0415

        strategy = DefaultStrategy(dictionary_factory=_Shelf(self._dictionaries))
        return Lemmatizer(cache_max_size=1, lemmatization_strategy=strategy)

    def _lemma(self, word: str) -> str:
        return fold(self._lemmatizer.lemmatize(word, lang=LANGUAGES))
