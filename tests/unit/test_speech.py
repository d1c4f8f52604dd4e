"""Speech: a WAV for a text, kept by text, and a clear refusal where nothing can speak."""

from __future__ import annotations

import os
import shutil
import wave
from pathlib import Path

import pytest

from serving.catalogue.speech import KEPT_FILES, Speaker, SpeechUnavailable

needs_program = pytest.mark.skipif(
    # In CI nothing is skipped: the test fails there.
    os.environ.get("CONTENDER_REQUIRE_DATA") != "1" and shutil.which("espeak-ng") is None,
    reason="the program espeak-ng is not installed",
)


def program(folder: Path, body: str) -> str:
    """Write a shell script that stands in for the program."""
    file = folder / "voice"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return str(file)


@needs_program
def test_a_text_becomes_a_wav_that_can_be_played(tmp_path: Path) -> None:
    file = Speaker(tmp_path, "es").speak("Diez tornillos de media pulgada, código ñandú.")
    with wave.open(str(file)) as sound:
        assert sound.getnframes() / sound.getframerate() > 1.0


@needs_program
def test_what_looks_like_an_option_is_spoken_and_not_obeyed(tmp_path: Path) -> None:
    Speaker(tmp_path / "cache", "es").speak(f"-w {tmp_path / 'elsewhere.wav'} --help")
    assert not (tmp_path / "elsewhere.wav").exists()


def test_the_same_text_is_spoken_once(tmp_path: Path) -> None:
    count = tmp_path / "count"
    voice = program(
        tmp_path, f'cat > /dev/null; echo x >> {count}; for last; do :; done; echo > "$last"'
    )
    speaker = Speaker(tmp_path / "cache", "es", program=voice)
    assert speaker.speak("uno") == speaker.speak("uno")
    assert speaker.speak("dos") != speaker.speak("uno")
    assert count.read_text().count("x") == 2


def test_only_so_many_files_are_kept(tmp_path: Path) -> None:
    voice = program(tmp_path, 'cat > /dev/null; for last; do :; done; echo > "$last"')
    folder = tmp_path / "cache"
    folder.mkdir()
    for number in range(KEPT_FILES + 5):
        (folder / f"{number}.wav").touch()
    file = Speaker(folder, "es", program=voice).speak("uno")
    assert file.is_file()
    assert len(list(folder.glob("*.wav"))) == KEPT_FILES


def test_what_was_asked_for_last_is_kept_however_old_it_is(tmp_path: Path) -> None:
    voice = program(tmp_path, 'cat > /dev/null; for last; do :; done; echo > "$last"')
    folder = tmp_path / "cache"
    speaker = Speaker(folder, "es", program=voice)
    old = speaker.speak("uno")
    os.utime(old, (0, 0))
    for number in range(KEPT_FILES):
        (folder / f"{number}.wav").touch()

    assert speaker.speak("uno") == old  # its answer is still to be sent ...
    speaker.speak("dos")  # ... when another one needs room
    assert old.is_file()


def test_a_missing_program_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailable, match="no-such-voice is not installed"):
        Speaker(tmp_path, "es", program="no-such-voice").speak("uno")


@pytest.mark.parametrize("body", ["exec sleep 30", "exit 3", "exit 0"])
def test_a_program_that_hangs_fails_or_writes_nothing_is_refused(tmp_path: Path, body: str) -> None:
    speaker = Speaker(
        tmp_path / "cache", "es", program=program(tmp_path, body), timeout_seconds=0.5
    )
    with pytest.raises(SpeechUnavailable):
        speaker.speak("uno")
    assert list((tmp_path / "cache").iterdir()) == []
