"""One flow over every model, one after the other: what the deployments called `all` run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from flows.forms import Origin, shape


class SomeFailed(RuntimeError):
    """Some models' runs failed; the message names them. The others went through."""


def build(
    name: str, builder: Callable[[str], Flow[..., object]], models: Sequence[str]
) -> Flow[..., object]:
    """Return the flow that runs `name` for each model, whatever becomes of the others."""

    def run(**values: object) -> None:
        failed = [model for model in models if not _goes_well(builder(model), values)]
        get_run_logger().info("done: %s", ", ".join(sorted(set(models) - set(failed))) or "none")
        if failed:
            raise SomeFailed(f"{name} failed for {', '.join(failed)}; see their own runs")

    shape(run, Origin)
    return flow(
        name=f"{name}-all",
        description=f"{name.replace('-', ' ').capitalize()} every model, one after the other.",
    )(run)


def _goes_well(one: Flow[..., object], values: dict[str, object]) -> bool:
    state = one(**values, return_state=True)
    return isinstance(state, State) and state.is_completed()
