"""`contender explain`: the story of one logged answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import orjson
import typer

from cli import screen, stack


@screen.plain_errors
def explain(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    prediction: Annotated[str, typer.Argument(help="Id of one of its logged predictions.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole document.")] = False,
) -> None:
    """Tell what was answered, by which version and why, and what today's champion would say.

    Example: `contender explain product_codes 0123456789abcdef0123456789abcdef-0`
    """
    settings = stack.running_settings()
    api = settings.api_url
    url = f"{api}/v1/models/{quote(model, safe='')}/predictions/{quote(prediction, safe='')}"
    try:
        headers = settings.logins.api_headers
        response = httpx.get(url, headers=headers, timeout=30, trust_env=False)
    except httpx.HTTPError as error:
        raise screen.CommandFailed(f"the API at {api} does not answer: {error}") from error
    document = response.json()
    if response.is_error:
        raise screen.CommandFailed(str(document.get("detail") or document))
    if as_json:
        screen.print_json(document)
        return
    for line in _story(document):
        typer.echo(line)


def _story(document: Mapping[str, Any]) -> Iterator[str]:
    then, decision, trained = (document[key] for key in ("prediction", "decision", "trained"))
    yield f"asked      {_short(then['instance'])}"
    yield f"answered   {_short(then['answer'])}"
    yield f"           {then['created_at'][:19]} by {then['model']} version {then['version']}"
    yield f"decision   {decision['decision_id']}: {decision['verdict'] or decision['kind']}"
    yield from (f"           - {reason}" for reason in decision["reasons"])
    if trained:
        yield f"trained    {trained['at'][:19]}, run {trained['run_id']}"
        yield f"           {_short(trained['params'])}"
        yield f"           {_short(trained['fingerprints'])}"
    for said in document["feedback"]:
        yield f"truth      {_short(said['actual'])}, says {said['reviewer']}"
    today = document["today"]
    if today is None:
        yield "today      there is no champion"
    elif today["refused"]:
        yield f"today      version {today['version']} refuses it: {today['refused']}"
    else:
        same = "the same" if today["same"] else _short(today["answer"])
        yield f"today      version {today['version']} says {same}"


def _short(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 300 else f"{text[:297]}…"
