"""`contender labels`: which labels a decision waits for, and giving one."""

from __future__ import annotations

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
    model: Model,
    limit: Annotated[int, typer.Option(help="At most so many questions.")] = 20,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Say what both versions answer: it sways reviewers.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the questions whose labels would settle an undecided verdict.

    Example: `contender labels list product_codes`
    """
    found = api.get(_url(model, "label-requests"), limit=limit, reveal=reveal)
    if as_json:
        screen.print_json(found)
        return
    if found["decision_id"] is None:
        typer.echo(f"{model} waits for no labels")
        return
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
    return f"{stack.running_settings().api_url}/v1/models/{model}/{what}"
