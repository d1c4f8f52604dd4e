"""What the demo shop sells: departments, kinds of product, and a code for every variant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

GOODS = "goods.txt"


@dataclass(frozen=True)
class Wording:
    """One thing in both languages of the shop."""

    spanish: str
    english: str


@dataclass(frozen=True)
class Variant:
    """What has a product code of its own, such as a claw hammer."""

    code: str
    department: str
    brands: tuple[str, ...]
    head: Wording
    kind: Wording
    measure: str
    qualities: tuple[Wording, ...]

    @property
    def family(self) -> str:
        """The first digits of its code, which the variants of one kind of product share."""
        return self.code[:4]

    def name(self, language: str) -> str:
        """Return its plain name in `es` or `en`: noun first in Spanish, noun last in English."""
        if language == "es":
            words = (self.head.spanish, self.kind.spanish)
        elif self.kind.english.startswith("for "):
            words = (self.head.english, self.kind.english)
        else:
            words = (self.kind.english, self.head.english)
        return " ".join(filter(None, words))

    def vague_name(self, language: str) -> str:
        """Return what somebody in a hurry calls it, which does not tell its siblings apart."""
        head = self.head.spanish if language == "es" else self.head.english
        return head or self.name(language)


def variants() -> tuple[Variant, ...]:
    """Return everything the shop sells, in the order of its codes.

    A code is two digits each for department, kind and variant: 010203.
    """
    text = files("features.demo").joinpath(GOODS).read_text(encoding="utf-8")
    return tuple(_parsed(text))


def _parsed(text: str) -> Iterator[Variant]:
    department, number, kind = "", 0, 0
    brands: tuple[str, ...] = ()
    for line in text.splitlines():
        if line.startswith("["):
            department, listed = (part.strip() for part in line.strip("[] ").split("|"))
            brands = tuple(brand.strip() for brand in listed.split(","))
            number, kind = number + 1, 0
        elif line and not line.startswith("#"):
            kind += 1
            yield from _variants(line, f"{number:02d}{kind:02d}", department, brands)


def _variants(
    line: str, prefix: str, department: str, brands: tuple[str, ...]
) -> Iterator[Variant]:
    spanish, english, kinds, measure, qualities = (part.strip() for part in line.split("|"))
    for number, kind in enumerate(_wordings(kinds), start=1):
        yield Variant(
            code=f"{prefix}{number:02d}",
            department=department,
            brands=brands,
            head=Wording(spanish, english),
            kind=kind,
            measure=measure,
            qualities=tuple(_wordings(qualities)),
        )


def _wordings(text: str) -> Iterator[Wording]:
    for pair in text.split(";"):
        spanish, _, english = pair.strip().partition("=")
        yield Wording(spanish, english)
