"""`contender predict`: asks the API, as any client would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli import api, screen, stack


@screen.plain_errors
def predict(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    instances: Annotated[
        list[str], typer.Argument(help="One JSON object each; `-` reads a JSON list from stdin.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer.")] = False,
) -> None:
    """Ask the served champion.

    Example: `contender predict product_codes '{"description": "martillo uña 16 oz"}'`
    """
    settings = stack.running_settings()
    body = {"instances": [row for text in instances for row in _rows(text)]}
    answer = api.post(f"{settings.api_url}/v1/models/{model}/predict", body)
    if as_json:
        screen.print_json(answer)
        return
    served = answer.get("model")
    if isinstance(served, dict):
        title = (
            f"{served.get('name')} version {served.get('version')} ({served.get('decision_id')})"
        )
        predictions = answer.get("predictions")
        for prediction in predictions if isinstance(predictions, list) else []:
            rows = prediction if isinstance(prediction, list) else [prediction]
            plain = [{k: v for k, v in row.items() if not isinstance(v, list)} for row in rows]
            screen.print_table(title, list(plain[0]) if plain else [], plain)


def _rows(text: str) -> list[object]:
    source = Path("/dev/stdin").read_bytes() if text == "-" else text
    try:
        value: object = orjson.loads(source)
    except orjson.JSONDecodeError as error:
        raise screen.CommandFailed(f"not JSON: {text[:80]!r}: {error}") from error
    return value if isinstance(value, list) else [value]
