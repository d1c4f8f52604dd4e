"""Who may ask which route: the one table. A route that is not in it is refused to everybody.

By method and path as the route is written. `asks` only looks or has a model answer; `does` changes
something: that stands in the audit log, and never happens at the request of a page from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pipelines.access.roles import Role


class Rule(NamedTuple):
    """The least role that may ask a route, and whether asking changes something."""

    role: Role
    changes: bool = False


ANYONE = Rule(Role.ANYONE)
"""Probes, the console's own files without any data in them, and the way to sign in."""
VIEWER = Rule(Role.VIEWER)
OPERATOR = Rule(Role.OPERATOR)
SIGNS = Rule(Role.ANYONE, changes=True)
REVIEWS = Rule(Role.REVIEWER, changes=True)
OPERATES = Rule(Role.OPERATOR, changes=True)

RULES: Mapping[str, Rule] = {
    # Is it alive?
    "GET /livez": ANYONE,
    "GET /readyz": ANYONE,
    "GET /ping": ANYONE,
    "GET /v2/health/live": ANYONE,
    "GET /v2/health/ready": ANYONE,
    "GET /health": VIEWER,
    "GET /metrics": VIEWER,
    "POST /v1/registry-events": VIEWER,
    # Who am I?
    "GET /v1/session": ANYONE,
    "POST /v1/session": SIGNS,
    "DELETE /v1/session": SIGNS,
    "GET /v1/audit": OPERATOR,
    # The console, whose pages ask for everything else.
    "GET /": ANYONE,
    "GET /review": ANYONE,
    "GET /board": ANYONE,
    "GET /monitoring": ANYONE,
    "GET /models/{name}": ANYONE,
    "GET /decisions/{decision_id}": ANYONE,
    "GET /playground": ANYONE,
    "GET /playground/{model}": ANYONE,
    "GET /assets/{name}": ANYONE,
    "GET /favicon.svg": ANYONE,
    "GET /theme.js": ANYONE,
    # Its documentation, which shows examples of live models.
    "GET /docs": VIEWER,
    "GET /docs/oauth2-redirect": VIEWER,
    "GET /openapi.json": VIEWER,
    "HEAD /openapi.json": VIEWER,
    "* /static-offline-docs": ANYONE,
    # Models: asking them, and what they are.
    "POST /v1/models/{name}/predict": VIEWER,
    "GET /v1/models": VIEWER,
    "GET /v1/models/{name}": VIEWER,
    "GET /v1/models/{name}/assessments": VIEWER,
    "GET /v1/models/{name}/label-requests": VIEWER,
    "GET /v1/models/{name}/predictions/{prediction_id}": VIEWER,
    "GET /v1/models/{name}/retrain-form": VIEWER,
    "GET /v1/models/{name}/rollouts": VIEWER,
    "GET /v1/models/{name}/story": VIEWER,
    "GET /v1/rollouts/{rollout_id}": VIEWER,
    "GET /v1/board": VIEWER,
    "GET /v1/decisions": VIEWER,
    "GET /v1/decisions/{decision_id}": VIEWER,
    "GET /v1/decisions/{decision_id}/diff": VIEWER,
    "GET /v1/decisions/{decision_id}/errors": VIEWER,
    "GET /v1/decisions/{decision_id}/explanation": VIEWER,
    "POST /v1/decisions/{decision_id}/replay": VIEWER,
    # What people say is true.
    "POST /v1/models/{name}/feedback": REVIEWS,
    "POST /v1/models/{name}/labels": REVIEWS,
    # What makes or unmakes champions.
    "POST /v1/models/{name}/retrain": OPERATES,
    "POST /v1/models/{name}/judgements": OPERATES,
    "POST /v1/models/{name}/rollback": OPERATES,
    "POST /v1/models/{name}/rollouts": OPERATES,
    "POST /v1/rollouts/{rollout_id}/stop": OPERATES,
    "POST /v1/decisions/{decision_id}/approval": OPERATES,
    "POST /v1/decisions/{decision_id}/override": OPERATES,
    # Jobs.
    "POST /v1/models/{name}/jobs": REVIEWS,
    "GET /v1/jobs": VIEWER,
    "GET /v1/jobs/{job_id}": VIEWER,
    "GET /v1/jobs/{job_id}/result": VIEWER,
    "DELETE /v1/jobs/{job_id}": REVIEWS,
    # The review desk.
    "GET /v1/review/lines": VIEWER,
    "GET /v1/review/lines/{line_id}/drivers": VIEWER,
    "GET /v1/review/lines/{line_id}/similar": VIEWER,
    "GET /v1/review/search": VIEWER,
    "GET /v1/review/images/{name:path}": VIEWER,
    "GET /v1/review/messages/{message_id:path}/audio": VIEWER,
    "GET /v1/review/orders": VIEWER,
    "GET /v1/review/orders/{order_id}.csv": VIEWER,
    "GET /v1/review/orders/{order_id}.json": VIEWER,
    "POST /v1/review/choices": REVIEWS,
    "POST /v1/review/messages/{message_id:path}/read": REVIEWS,
    "POST /v1/review/messages/{message_id:path}/order": REVIEWS,
    "POST /v1/review/orders/{order_id}/delivery": REVIEWS,
    # The playgrounds.
    "GET /v1/playground/{name}/entities": VIEWER,
    "GET /v1/playground/products": VIEWER,
    "GET /v1/playground/sales/{product_id}": VIEWER,
    "POST /v1/playground/sales/{product_id}/forecast": VIEWER,
    "POST /v1/playground/{name}/words": VIEWER,
    # Interfaces whose clients were there before.
    "POST /v1/categorizer/inference": VIEWER,
    "GET /training": OPERATES,
    "POST /training": OPERATES,
    "GET /api/predicciones": VIEWER,
    "GET /api/buscar": VIEWER,
    "POST /api/buscar": VIEWER,
    "GET /api/getAudio": VIEWER,
    "POST /api/send-seleccion": REVIEWS,
    "POST /api/marcar_leido": REVIEWS,
    "POST /api/v1/predict": VIEWER,
    "POST /recommend": VIEWER,
    "GET /recommendation": VIEWER,
    "GET /recommendation/images/{path:path}": VIEWER,
    # Protocols of others.
    "GET /v2": VIEWER,
    "GET /v2/models/{name}": VIEWER,
    "GET /v2/models/{name}/ready": VIEWER,
    "GET /v2/models/{name}/versions/{version}": VIEWER,
    "GET /v2/models/{name}/versions/{version}/ready": VIEWER,
    "POST /v2/models/{name}/infer": VIEWER,
    "POST /v2/models/{name}/versions/{version}/infer": VIEWER,
    "POST /invocations": VIEWER,
    "POST /v1/models/{name}/invocations": VIEWER,
    "GET /v1/models/{name}/ping": VIEWER,
    "GET /v1/models/{name}/version": VIEWER,
    "GET /version": VIEWER,
}


def rule_of(method: str, path: str) -> Rule | None:
    """Return the rule of a route as it is written, or None where there is none."""
    return RULES.get(f"{method} {path}")
