"""A source at an http(s) address, brought into a file first: bounded, and read like any other."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from features.readers.table import MEBIBYTE, Limits, SourceError

TIMEOUT_SECONDS = 30.0
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
        with httpx.stream("GET", url, timeout=TIMEOUT_SECONDS, follow_redirects=True) as response:
            if response.status_code != httpx.codes.OK:
                raise SourceError(
                    f"{where}: answered {response.status_code} {response.reason_phrase}"
                )
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
    written = 0
    with file.open("wb") as target:
        for chunk in response.iter_bytes():
            written += len(chunk)
            if written > limits.download_bytes:
                raise SourceError(
                    f"{where}: the answer is larger than "
                    f"{limits.download_bytes / MEBIBYTE:,.0f} MiB"
                )
            target.write(chunk)
