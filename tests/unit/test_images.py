"""Pictures as numbers: any file becomes a square or a named refusal; features mean likeness."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from features.images import (
    PictureDamaged,
    colour_histogram,
    oriented_gradients,
    read_picture,
)


def striped(across: bool, side: int = 64) -> np.ndarray:
    bars = np.tile((np.arange(side) // 8 % 2 * 200).astype(np.uint8), (side, 1))
    grey = bars if across else bars.T
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_a_picture_of_any_format_becomes_a_square_of_its_colour(tmp_path, kind):
    path = saved(Image.new("RGB", (90, 90), "#d02040"), tmp_path / f"red.{kind}", format=kind)
    picture = read_picture(path, 32)
    assert (picture.shape, picture.dtype) == ((32, 32, 3), np.uint8)
    assert np.abs(picture.astype(int) - (0xD0, 0x20, 0x40)).max() < 12


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "I;16", "LA", "RGBA"])
def test_every_mode_of_colour_is_read(tmp_path, mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    path = saved(Image.new(mode, (20, 20)), tmp_path / "image", format=kind)
    assert read_picture(path, 16).shape == (16, 16, 3)


def test_a_narrow_picture_stands_whole_on_white(tmp_path):
    picture = read_picture(saved(Image.new("RGB", (10, 40), "black"), tmp_path / "a.png"), 40)
    assert picture[:, :10].min() == picture[:, -10:].min() == 255
    assert picture[:, 18:22].max() == 0


def test_what_is_transparent_is_white(tmp_path):
    path = saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), tmp_path / "a.png")
    assert read_picture(path, 8).min() == 255


def test_a_photo_taken_with_a_turned_camera_stands_upright(tmp_path):
    image = Image.new("RGB", (40, 40), "white")
    image.paste("black", (0, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture = read_picture(saved(image, tmp_path / "a.png", exif=exif), 40)
    assert picture[:15].min() > 200
    assert picture[25:].max() < 50


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_picture_is_named(tmp_path, content):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(PictureDamaged, match="broken"):
        read_picture(path, 16)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_cut_short_is_named(tmp_path, kind, rng):
    noise = Image.fromarray(rng.integers(0, 255, (60, 60, 3), dtype=np.uint8))
    path = saved(noise, tmp_path / "whole", format=kind)
    short = tmp_path / "short"
    short.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PictureDamaged, match="short"):
        read_picture(short, 16)


def test_damaged_notes_beside_sound_pixels_do_no_harm(tmp_path):
    path = tmp_path / "noted.jpg"
    Image.new("RGB", (8, 8), "red").save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01\x12")
    assert read_picture(path, 8)[4, 4, 0] > 240


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_notes_cut_short_within_their_head_leave_a_picture_or_a_named_damage(tmp_path, kind):
    path = tmp_path / "noted"
    Image.new("RGB", (8, 8), "red").save(path, format=kind, exif=b"Exif\0\0II*\0")
    with suppress(PictureDamaged):
        assert read_picture(path, 8).shape == (8, 8, 3)


def test_a_format_that_would_start_a_program_is_not_read_whatever_its_suffix(tmp_path):
    path = tmp_path / "drawing.png"
    Image.new("RGB", (8, 8)).save(path, format="EPS")
    with pytest.raises(PictureDamaged, match="cannot identify"):
        read_picture(path, 16)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PictureDamaged, match="nowhere"):
        read_picture(tmp_path / "nowhere.png", 16)


@pytest.mark.parametrize("side", [8_000, 10_000, 20_000])
def test_a_small_file_that_unpacks_to_gigabytes_is_refused_unread(tmp_path, side):
    path = saved(Image.new("1", (side, side)), tmp_path / "bomb.png")
    with pytest.raises(PictureDamaged, match="pixels"):
        read_picture(path, 16)


@given(content=st.binary(max_size=200), opening=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a"]))
def test_any_bytes_are_a_picture_or_refused(tmp_path_factory, content, opening):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(opening + content)
    try:
        shape = read_picture(path, 8).shape
    except PictureDamaged:
        return
    assert shape == (8, 8, 3)


def test_colours_know_colours_and_not_where_they_are(rng):
    picture = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    turned = np.rot90(picture)
    assert np.allclose(colour_histogram(picture), colour_histogram(turned))
    assert np.linalg.norm(colour_histogram(picture)) == pytest.approx(1)
    red, blue = (np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))
    assert colour_histogram(red) @ colour_histogram(blue) == 0


def test_gradients_know_directions_and_not_colours():
    across, down = oriented_gradients(striped(True)), oriented_gradients(striped(False))
    assert across.shape == (7 * 7 * 4 * 9,)
    assert np.linalg.norm(across) == pytest.approx(1)
    assert across @ down < 0.1
    inverted = oriented_gradients(255 - striped(True))
    assert across @ inverted > 0.99


def test_a_picture_without_an_edge_has_no_gradients():
    assert not oriented_gradients(np.full((64, 64, 3), 90, np.uint8)).any()


def test_a_side_that_does_not_part_into_cells_is_refused():
    with pytest.raises(ValueError, match="8 by 8 cells"):
        oriented_gradients(np.zeros((60, 60, 3), np.uint8))
