"""`contender labels`: which labels a decision waits for, and giving one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from cli import api, screen, stack
from cli.ledger import open_log
from cli.running import operator

app = typer.Typer(no_args_is_help=True, help="Labels that an undecided verdict waits for.")

FACTS = ("model", "challenger", "decision_id", "asked", "answered", "deadline")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Model = Annotated[str, typer.Argument(help="Name of the model.")]


@app.command("list")
@screen.plain_errors
def show(
    model: Annotated[
        str | None, typer.Argument(help="Only this model's; none lists those of all.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many questions.")] = 20,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Say what both versions answer: it sways reviewers.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the questions whose labels would settle an undecided verdict.

    Example: `contender labels list`
    """
    asked = [model] if model else _models()
    queues = [api.get(_url(name, "label-requests"), limit=limit, reveal=reveal) for name in asked]
    if as_json:
        screen.print_json(queues[0] if model else queues)
        return
    waiting = [queue for queue in queues if queue["decision_id"] is not None]
    for queue in waiting:
        _print_queue(queue, reveal=reveal)
    if not waiting:
        typer.echo(f"{model} waits for no labels" if model else "no model waits for labels")


def _models() -> list[str]:
    """Return the models that the API knows."""
    found = api.get(f"{_api_url()}/v1/models")["models"]
    assert isinstance(found, list)
    return [str(each["name"]) for each in found]


def _print_queue(found: Mapping[str, object], *, reveal: bool) -> None:
    screen.print_result({name: found[name] for name in FACTS}, as_json=False)
    requests = found["requests"]
    rows = [_row(each) for each in requests] if isinstance(requests, list) else []
    columns = ("text", "champion", "challenger", "anchor") if reveal else ("text",)
    screen.print_table("Open questions", columns, rows)


@app.command("give")
@screen.plain_errors
def give(
    model: Model,
    text: Annotated[str, typer.Argument(help="The question, as it was asked.")],
    value: Annotated[str, typer.Argument(help="What it is: the true answer.")],
    as_json: AsJson = False,
) -> None:
    """Say what a text is; a decision that waits for it counts it within seconds.

    Example: `contender labels give product_codes "llave stilson 14" 27113201`
    """
    body = {"text": text, "value": value, "reviewer": operator()}
    screen.print_result(api.post(_url(model, "labels"), body), as_json=as_json)


@app.command("stop")
@screen.plain_errors
def stop(
    model: Model,
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")],
    as_json: AsJson = False,
) -> None:
    """Wait for no more labels: the verdict stays undecided, and the look stays spent.

    Example: `contender labels stop product_codes --reason "nobody has time this month"`
    """
    from pipelines.label_requests.campaign import close, open_campaign

    with open_log(stack.current_settings()) as log:
        campaign = open_campaign(log.store, model)
        if campaign is None:
            raise screen.CommandFailed(f"{model} waits for no labels")
        ended = close(log, campaign, "stopped", reason=reason, actor=operator())
    names = ("model", "version", "verdict", "decision_id")
    screen.print_result({name: getattr(ended, name) for name in names}, as_json=as_json)


def _row(request: dict[str, object]) -> dict[str, object]:
    answers = request["answers"]
    return {"text": request["text"], **(answers if isinstance(answers, dict) else {})}


def _url(model: str, what: str) -> str:
    return f"{_api_url()}/v1/models/{model}/{what}"


def _api_url() -> str:
    return stack.running_settings().api_url
