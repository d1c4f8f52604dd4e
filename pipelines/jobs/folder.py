"""Where a job's files lie: `var/jobs/<job_id>/`, in reach of the API and of the workers."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from pipelines.jobs.record import Format


@dataclass(frozen=True)
class JobFolder:
    """The files of one job."""

    path: Path

    @property
    def input(self) -> Path:
        """What is to be scored."""
        return self.path / "input"

    @property
    def parts(self) -> Path:
        """Where the parts of the result lie while the job runs."""
        return self.path / "parts"

    def result(self, format: Format) -> Path:
        """The whole result, once the job is done."""
        return self.path / f"result.{format}"

    def new_part(self, first_row: int, holder: str) -> Path:
        """Return a file for a part; no other worker ever writes to the same."""
        self.parts.mkdir(exist_ok=True)
        return self.parts / f"{first_row:012d}-{holder[:12]}-{uuid.uuid4().hex[:6]}"

    def tidy(self) -> None:
        """Delete all but the result."""
        shutil.rmtree(self.parts, ignore_errors=True)
        self.input.unlink(missing_ok=True)

    def delete(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.path, ignore_errors=True)

    def touched_at(self) -> float:
        """Return when anything in it was last written, in seconds since 1970."""
        try:
            return max(path.stat().st_mtime for path in (self.path, *self.path.iterdir()))
        except FileNotFoundError:
            return 0.0


@dataclass(frozen=True)
class JobFolders:
    """The folders of all jobs."""

    directory: Path

    def of(self, job_id: str) -> JobFolder:
        """Return the folder of a job, whether it is there or not."""
        return JobFolder(self.directory / job_id)

    def new(self) -> tuple[str, JobFolder]:
        """Make the folder of a new job and return it with the job's id."""
        job_id = f"j{uuid.uuid4().hex}"
        folder = self.of(job_id)
        folder.path.mkdir(parents=True)
        return job_id, folder

    def ids(self) -> list[str]:
        """Return the ids of all jobs that have a folder."""
        if not self.directory.is_dir():
            return []
        return sorted(entry.name for entry in os.scandir(self.directory) if entry.is_dir())
