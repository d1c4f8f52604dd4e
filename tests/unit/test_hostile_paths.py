"""Names of pictures and recordings lead nowhere but into their folder, whatever lies there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.families.fashion_recommendations.data import Folder
from pipelines.orders.recordings import RecordingRefused, find, read_below
from serving.slots.shelf import _image_file

PLAIN = b"a plain file"
SECRET = b"nobody's business"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "a.mp3", "deep/b.png", "deep/b.mp3"):
        (folder / name).write_bytes(PLAIN)
    for name in ("secret.png", "secret.mp3"):
        (tmp_path / name).write_bytes(SECRET)
        (folder / f"link-{name}").symlink_to(tmp_path / name)
    for kind in ("png", "mp3"):
        (folder / f"circle.{kind}").symlink_to(folder / f"circle.{kind}")
        (folder / f"turn.{kind}").symlink_to(folder / f"again.{kind}")
        (folder / f"again.{kind}").symlink_to(folder / f"turn.{kind}")
        (folder / f"folder.{kind}").mkdir()
        os.mkfifo(folder / f"pipe.{kind}")
    (folder / "up").symlink_to(tmp_path)
    return folder


def picture_of_the_catalogue(folder: Path, name: str) -> bytes | None:
    found = _image_file(folder.resolve(), name)
    return found.read_bytes() if found else None


def picture_of_the_fashion(folder: Path, name: str) -> bytes | None:
    found = Folder(folder).picture(name)
    return found.read_bytes() if found else None


def recording_beside_the_order(folder: Path, name: str) -> bytes | None:
    try:
        return read_below(folder, name.replace(".png", ".mp3"))
    except RecordingRefused:
        return None


def recording_that_is_kept(folder: Path, name: str) -> bytes | None:
    found = find(folder, name)
    return found.read_bytes() if found else None


READERS = (picture_of_the_catalogue, picture_of_the_fashion, recording_beside_the_order)
Reader = Callable[[Path, str], bytes | None]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["a.png", "deep/b.png", "deep/../a.png"])
def test_what_lies_in_the_folder_is_read(folder: Path, reader: Reader, name: str) -> None:
    assert reader(folder, name) == PLAIN


@pytest.mark.parametrize("reader", [*READERS, recording_that_is_kept])
@pytest.mark.parametrize(
    "name",
    [
        *("../secret.png", "link-secret.png", "up/secret.png", "deep/../../secret.png"),
        *("circle.png", "turn.png", "folder.png", "pipe.png", "", ".", "..", "/etc/hostname"),
        *("a.png\0", "\0", "a" * 300 + ".png", "a/" * 3_000 + "b.png", "\ud800.png", "~/a.png"),
        *("..\\secret.png", "file:///etc/hostname", "%2e%2e/secret.png", "a.png/"),
    ],
)
def test_what_lies_elsewhere_or_is_no_file_is_not(folder: Path, reader: Reader, name: str) -> None:
    assert reader(folder, name) in (None, PLAIN)
    if not name.startswith("a.png"):
        assert reader(folder, name) is None


parts = st.sampled_from(
    ["..", ".", "deep", "up", "link-secret.png", "secret.png", "a.png", "", "~"]
)


@pytest.mark.parametrize("reader", READERS)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=st.lists(parts | st.text(max_size=3), max_size=6).map("/".join))
def test_no_way_leads_out(folder: Path, reader: Reader, name: str) -> None:
    assert reader(folder, name) in (None, PLAIN)
