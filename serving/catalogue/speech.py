"""Speaks a text with the `espeak-ng` program: an optional system tool, run as a subprocess."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

PROGRAM = "espeak-ng"
TIMEOUT_SECONDS = 10.0
TEXT_CHARACTERS = 1_500
KEPT_FILES = 200
AT_ONCE = 2


class SpeechUnavailable(RuntimeError):
    """Nothing can be spoken: the program is missing, failed or took too long."""


class Speaker:
    """Makes WAV files below `folder`, one for each text; the last few hundred are kept."""

    def __init__(
        self,
        folder: Path,
        voice: str,
        *,
        program: str = PROGRAM,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._folder = folder
        self._voice = voice
        self._program = program
        self._timeout_seconds = timeout_seconds
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def speak(self, text: str) -> Path:
        """Return a WAV file that says `text`. Raises `SpeechUnavailable`."""
        said = text[:TEXT_CHARACTERS]
        name = hashlib.sha256(f"{self._voice}\0{said}".encode("utf-8", "replace")).hexdigest()
        file = self._folder / f"{name}.wav"
        if not _in_use(file):
            with self._turns:
                self._synthesise(said, file)
            self._forget_old()
        return file

    def _synthesise(self, text: str, file: Path) -> None:
        program = shutil.which(self._program)
        if program is None:
            raise SpeechUnavailable(f"the program {self._program} is not installed")
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as workplace:
            spoken = Path(workplace) / "speech.wav"
            # The text goes in by stdin: on the command line it could pass for an option.
            command = [program, "-v", self._voice, "--stdin", "-b", "1", "-w", str(spoken)]
            try:
                subprocess.run(
                    command,
                    input=text.encode("utf-8", "replace"),
                    capture_output=True,
                    timeout=self._timeout_seconds,
                    check=True,
                )
                spoken.replace(file)
            except (subprocess.SubprocessError, OSError) as error:
                raise SpeechUnavailable(f"{self._program} could not speak: {error}") from error

    def _forget_old(self) -> None:
        for file in sorted(self._folder.glob("*.wav"), key=_used_at)[:-KEPT_FILES]:
            file.unlink(missing_ok=True)


def _in_use(file: Path) -> bool:
    """Mark a file as used just now, so that no worker forgets it before it is sent."""
    try:
        os.utime(file)
    except FileNotFoundError:
        return False
    return True


def _used_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # another worker forgot it first
        return 0.0
