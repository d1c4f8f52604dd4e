"""What endpoints may ask for: the collaborators that `create_app` was given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from pipelines.settings import Settings
from serving.services import Services
from serving.slots import Slots


def services_of(request: Request) -> Services:
    """Return everything the application was built from."""
    services: Services = request.app.state.services
    return services


def slots_of(request: Request) -> Slots:
    """Return the slots of this process."""
    return services_of(request).slots


def settings_of(request: Request) -> Settings:
    """Return the user's settings."""
    return services_of(request).settings


def request_id_of(request: Request) -> str:
    """Return the id of this request: the caller's `X-Request-Id`, or one of ours."""
    request_id: str = request.scope["state"]["request_id"]
    return request_id


ServicesDependency = Annotated[Services, Depends(services_of)]
SlotsDependency = Annotated[Slots, Depends(slots_of)]
SettingsDependency = Annotated[Settings, Depends(settings_of)]
RequestId = Annotated[str, Depends(request_id_of)]
