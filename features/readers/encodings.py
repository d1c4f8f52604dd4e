"""Which encoding a file of text is in, decided from all of its bytes, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Encoding:
    """A file's encoding; `mixed` when some lines are not in it."""

    name: str
    mixed: bool = False

    def fits(self, text: str) -> bool:
        """Whether `text`, decoded with `surrogateescape`, really was in this encoding."""
        if text.isascii():
            return True
        if any("\ud800" <= character <= "\udfff" for character in text):
            return False
        # UTF-8 among Windows-1252 decodes without an error, into nonsense such as "Ã³".
        return not (
            self.mixed and self.name == "cp1252" and _is_utf8(text.encode("cp1252", "replace"))
        )


def marked(start: bytes) -> Encoding | None:
    """Return the encoding that a byte order mark at the start of a file declares."""
    return next((Encoding(name) for mark, name in MARKS if start.startswith(mark)), None)


def detect(lines: Iterable[bytes]) -> Encoding:
    """Return the encoding of a file without a mark, reading each of its lines once.

    Valid UTF-8 is UTF-8. Where some lines are not, the majority of the lines with non-ASCII
    characters decides between UTF-8 and Windows-1252; a minority of the other kind makes the file
    mixed. (Latin-1 is read as Windows-1252, which differs only in its control characters.)
    """
    valid = invalid = 0
    for line in lines:
        if line.isascii():
            continue
        if _is_utf8(line):
            valid += 1
        else:
            invalid += 1
    if not invalid:
        return Encoding("utf-8")
    return Encoding("utf-8", mixed=True) if valid > invalid else Encoding("cp1252", mixed=valid > 0)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
