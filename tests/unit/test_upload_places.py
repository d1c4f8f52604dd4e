"""Only so many files are taken in at a time, and none that would fill the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage

from pipelines.settings import Settings
from serving import uploads
from serving.uploads import TooManyUploads, UploadPlaces

JOBS = f"/v1/models/{MODEL}/jobs"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(
        make_settings(models={MODEL: {"source": {"url": "a.csv"}}}, clients={"uploads": 1})
    )
    stage.promote("1", "uno")
    yield stage
    stage.close()


def test_a_place_is_given_back_whatever_happened() -> None:
    places = UploadPlaces(1)
    with places.taken(), pytest.raises(TooManyUploads), places.taken():
        pass
    with pytest.raises(ZeroDivisionError), places.taken():
        raise ZeroDivisionError
    with places.taken():
        pass


def test_an_upload_beyond_the_places_is_told_to_come_back_and_leaves_nothing(stage: Stage) -> None:
    with AppClient(stage.app()) as client:
        with client.app.state.uploads.taken():
            response = client.post(JOBS, content=b"text\na\n", headers=CSV)
        assert response.status_code == 429
        assert "Retry-After" in response.headers
        assert list((stage.settings.var / "jobs").iterdir()) == []
        assert client.post(JOBS, content=b"text\na\n", headers=CSV).status_code == 202


def test_a_file_that_would_leave_too_little_of_the_disk_is_not_taken(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(folder: Path) -> SimpleNamespace:
        assert folder.is_dir()
        return SimpleNamespace(free=uploads.RESERVE_BYTES + 5)

    monkeypatch.setattr(uploads.shutil, "disk_usage", usage)
    with AppClient(stage.app()) as client:
        assert client.post(JOBS, content=b"text\n", headers=CSV).status_code == 202
        response = client.post(JOBS, content=b"text\na", headers=CSV)
        assert response.status_code == 507
        assert len(list((stage.settings.var / "jobs").iterdir())) == 1


def test_files_that_fill_the_disk_together_are_given_up_before_it_is_full(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([10 * uploads.RESERVE_BYTES, uploads.RESERVE_BYTES])
    monkeypatch.setattr(
        uploads.shutil, "disk_usage", lambda _folder: SimpleNamespace(free=next(free))
    )
    with AppClient(stage.app()) as client:
        body = b"text\n" + b"a\n" * uploads.BLOCK_BYTES
        assert client.post(JOBS, content=body, headers=CSV).status_code == 507
    assert list((stage.settings.var / "jobs").iterdir()) == []
