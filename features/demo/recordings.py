"""Orders that were left on the answering machine, where this machine can speak.

Spoken by the `espeak-ng` program, an optional system tool; without it the shop has no recordings.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAM = "espeak-ng"
TIMEOUT_SECONDS = 20.0
VOICES = {"es": "es", "en": "en"}
GREETINGS = {"es": "Buenas, quiero pedir:", "en": "Hello, I would like to order:"}


def can_speak() -> bool:
    """Return whether this machine has what recordings are made with."""
    return shutil.which(PROGRAM) is not None


def write_recording(file: Path, wishes: list[str], language: str) -> bool:
    """Write a WAV file in which somebody asks for `wishes`; return whether it could be made.

    The same words give the same bytes. The file appears whole or not at all.
    """
    said = f"{GREETINGS[language]} {'. '.join(wishes)}."
    file.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as workplace:
        spoken = Path(workplace) / "said.wav"
        command = [PROGRAM, "-v", VOICES[language], "--stdin", "-b", "1", "-w", str(spoken)]
        try:
            subprocess.run(
                command,
                input=said.encode(),
                capture_output=True,
                timeout=TIMEOUT_SECONDS,
                check=True,
            )
            spoken.replace(file)
        except (subprocess.SubprocessError, OSError):
            return False
    return True
