"""What endpoints may ask for: the collaborators that `create_app` was given.

All of them are `async` although none waits: FastAPI runs a plain function in a thread, and the
way there and back costs more than a prediction.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from pipelines.settings import Settings
from serving.access.caller import Caller
from serving.services import Services


async def services_of(request: Request) -> Services:
    """Return everything the application was built from."""
    services: Services = request.app.state.services
    return services


async def settings_of(request: Request) -> Settings:
    """Return the user's settings."""
    settings: Settings = request.app.state.services.settings
    return settings


async def request_id_of(request: Request) -> str:
    """Return the id of this request: the caller's `X-Request-Id`, or one of ours."""
    request_id: str = request.scope["state"]["request_id"]
    return request_id


async def caller_of(request: Request) -> Caller:
    """Return who asks; the gate has let him in."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


CallerDependency = Annotated[Caller, Depends(caller_of)]
ServicesDependency = Annotated[Services, Depends(services_of)]
SettingsDependency = Annotated[Settings, Depends(settings_of)]
RequestId = Annotated[str, Depends(request_id_of)]
