"""The shapes of sessions and of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

RoleWord = Literal["anyone", "viewer", "reviewer", "operator"]


class SignIn(BaseModel):
    """A key, as it was shown when it was made."""

    model_config = ConfigDict(extra="forbid")
    key: SecretStr = Field(min_length=1, max_length=200)


class SessionView(BaseModel):
    """Who asks."""

    name: str = Field(description="The owner of the key; `anonymous` without one.")
    role: RoleWord
    by: Literal["key", "session", "none"] = Field(description="What says who he is.")
    key_id: str | None
    until: datetime | None = Field(description="When the key or session ends, if it does.")
    anonymous: RoleWord = Field(description="What is allowed without a key.")


class AuditEntry(BaseModel):
    """One row of the audit log."""

    number: int
    at: str
    who: str
    key_id: str | None
    role: str
    action: str
    path: str
    address: str
    request_id: str
    status: int
    outcome: Literal["done", "denied", "refused", "failed"]
    note: str


class AuditPage(BaseModel):
    """Rows of the audit log, the newest first; ask for those `before` the last one to go on."""

    entries: list[AuditEntry]
