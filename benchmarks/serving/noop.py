"""FastAPI's own no-op: a pydantic body in, a pydantic answer out, nothing in between.

What a request costs a user of FastAPI before there is any model; every ratio is against this.
"""

from __future__ import annotations

import argparse

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Item(BaseModel):
    """One text."""

    text: str


class Answer(BaseModel):
    """A label that is always the same."""

    label: str
    score: float


app = FastAPI()


@app.post("/predict")
async def predict(item: Item) -> Answer:
    """Answer at once."""
    return Answer(label="27113201", score=1.0 if item.text else 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(
        app, host="127.0.0.1", port=parser.parse_args().port, access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main()
