"""Recordings that came with an order: kept by content below `var/audio`, found by name only."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path

SIZE_LIMIT_BYTES = 20_000_000
MEDIA_TYPES = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".amr": "audio/amr",
    ".webm": "audio/webm",
}

_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{3,4}")


class RecordingRefused(ValueError):
    """A recording cannot be kept; the message says why."""


def suffix_of(name: str) -> str:
    """Return the kind of recording that a file name stands for. Raises `RecordingRefused`."""
    suffix = Path(name).suffix.lower()
    if suffix not in MEDIA_TYPES:
        raise RecordingRefused(f"{name!r} is no recording; known are {', '.join(MEDIA_TYPES)}")
    return suffix


def keep(folder: Path, content: bytes, suffix: str) -> str:
    """Keep a recording and return its name. The same content is kept once."""
    if not content or len(content) > SIZE_LIMIT_BYTES:
        raise RecordingRefused(f"a recording must have 1 to {SIZE_LIMIT_BYTES:,} bytes")
    name = hashlib.sha256(content).hexdigest() + suffix
    if not (folder / name).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as stream:
            stream.write(content)
        Path(stream.name).replace(folder / name)
    return name


def find(folder: Path, name: str) -> Path | None:
    """Return the path of a kept recording. Anything that is not such a name finds nothing."""
    if not _NAME.fullmatch(name):
        return None
    path = folder / name
    return path if path.is_file() and not path.is_symlink() else None


def read_below(folder: Path, reference: str) -> bytes:
    """Read a recording that an order names relative to its own folder.

    Raises `RecordingRefused` for whatever lies elsewhere, by `..`, by a link or by an absolute
    path, and for what is missing or too large.
    """
    suffix_of(reference)
    try:
        path = (folder / reference).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:  # the last one for links in a circle
        raise RecordingRefused(f"the recording {reference!r} is not there") from error
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise RecordingRefused(f"the recording {reference!r} lies outside the feed's folder")
    if path.stat().st_size > SIZE_LIMIT_BYTES:
        raise RecordingRefused(f"the recording {reference!r} is larger than {SIZE_LIMIT_BYTES:,}")
    return path.read_bytes()
