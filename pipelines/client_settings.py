"""What clients may take of one worker of the API: time, connections and memory."""

from __future__ import annotations

from pydantic import Field

from pipelines.model_settings import Strict


class ClientSettings(Strict):
    """Bounds that an ordinary client never meets, and that keep a hostile one from the others."""

    connections: int = Field(2_000, ge=2)
    """Held open by one worker; when there are more, those that ask nothing are closed first."""
    head_seconds: float = Field(10.0, gt=0)
    """From the first byte of a request to the end of its head."""
    stall_seconds: float = Field(20.0, gt=0)
    """In every such span a body must bring some bytes on, and an answer must be taken on."""
    bytes_per_second: int = Field(4_096, ge=1)
    """What a body has to bring over such a span, and of an answer has to be taken, on average."""
    bodies_bytes: int = Field(64_000_000, ge=1_000_000)
    """Of large request bodies that one worker holds at a time; beyond that 429."""
    uploads: int = Field(8, ge=1)
    """Files of jobs that one worker takes in at a time."""
