"""A source at an http(s) address, brought into a file first: bounded, and read like any other."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from features.readers.table import MEBIBYTE, Limits, SourceError

TIMEOUT_SECONDS = 30.0
WHOLE_SECONDS = 3_600.0
"""For all of it: a byte now and then would keep a training waiting without end."""
ENCODINGS = {"", "identity", "gzip"}
"""Unpacked piece by piece; others make gigabytes of one piece."""
KINDS = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
}


def download(url: str, directory: Path, where: str, limits: Limits) -> Path:
    """Write what `url` answers into `directory` and return the file, named by its kind.

    The kind is what the server says, or else what the address ends in. Raises `SourceError`.
    """
    try:
        with httpx.stream(
            "GET",
            url,
            timeout=TIMEOUT_SECONDS,
            headers={"Accept-Encoding": "gzip"},
            follow_redirects=True,
        ) as response:
            if response.status_code != httpx.codes.OK:
                raise SourceError(
                    f"{where}: answered {response.status_code} {response.reason_phrase}"
                )
            encoding = response.headers.get("content-encoding", "").strip().lower()
            if encoding not in ENCODINGS:
                raise SourceError(f"{where}: is packed as {encoding!r}; gzip is known")
            file = directory / f"download{_suffix(url, response)}"
            _write(response, file, where, limits)
            return file
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{where}: {str(error) or type(error).__name__}") from error


def _suffix(url: str, response: httpx.Response) -> str:
    declared = response.headers.get("content-type", "").split(";")[0].strip().lower()
    suffixes = PurePosixPath(unquote(urlsplit(url).path)).suffixes
    return KINDS.get(declared) or "".join(suffixes) or ".csv"


def _write(response: httpx.Response, file: Path, where: str, limits: Limits) -> None:
    written, until = 0, time.monotonic() + WHOLE_SECONDS
    with file.open("wb") as target:
        for chunk in response.iter_bytes():
            written += len(chunk)
            if written > limits.download_bytes:
                raise SourceError(
                    f"{where}: the answer is larger than "
                    f"{limits.download_bytes / MEBIBYTE:,.0f} MiB"
                )
            if time.monotonic() > until:
                raise SourceError(f"{where}: did not arrive within {WHOLE_SECONDS:,.0f} s")
            target.write(chunk)
