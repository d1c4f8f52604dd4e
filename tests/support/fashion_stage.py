"""A fashion shop of five garments and three customers, small enough to be reckoned by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from domain_stage import contract_of, serve_model
from fastapi import FastAPI

from features.sources import Source
from pipelines.families.fashion_recommendations.family import FAMILY
from pipelines.families.fashion_recommendations.model import fit
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.runtime import FashionRuntime

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8"
    "cfc000000301010018dd8db00000000049454e44ae426082"
)
ITEMS = (
    ("m1", "Falda Violeta", "falda", "images/m1.png"),
    ("m2", "Vestido Niebla", "vestido", "images/m2.png"),
    ("m3", "Botas Roble", "botas", "images/azul claro.png"),
    ("m4", "Bolsa Encino", "bolsa", ""),
    ("m5", "Sombrero Tuna", "sombrero", "../secret.png"),
)
"""The last one is nobody's yet, and its picture lies elsewhere."""
REVIEWS = (
    ("ana", "m1", 5, "Me encanta", "Muy suave y holgada", "2026-01-02T10:00:00+00:00"),
    ("ana", "m2", 2, "", "Queda apretado, lástima", "2026-02-02T10:00:00+00:00"),
    ("luis", "m1", 4, "Bien", "La tela es suave", "2026-04-05T10:00:00+00:00"),
    ("luis", "m3", 5, "Perfecto", "Abrigan mucho", "2026-03-05T10:00:00+00:00"),
    ("eva", "m1", 4, "", "", "2026-01-07T10:00:00+00:00"),
    ("eva", "m2", 3, "Normal", "Tela suave pero apretado", "2026-01-09T10:00:00+00:00"),
    ("eva", "m4", 1, "Pésima", "Se rompió", "2026-01-11T10:00:00+00:00"),
)


def write_shop(folder: Path) -> Path:
    """Write reviews, items and pictures into `folder`, and return the reviews' file.

    Each review stands there three times, by three generations of the same customers, since a
    source needs twenty rows; the first generation has the plain names.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name in ("m1", "m2", "azul claro"):
        (folder / "images" / f"{name}.png").write_bytes(PNG)
    (folder / "notes.txt").write_text("not a picture", encoding="utf-8")
    (folder.parent / "secret.png").write_bytes(b"secret")
    columns = ["item_id", "title", "category", "image"]
    pd.DataFrame(ITEMS, columns=columns).to_csv(folder / "items.csv", index=False)
    columns = ["customer_id", "item_id", "rating", "review_title", "review_text", "reviewed_at"]
    once = pd.DataFrame(REVIEWS, columns=columns)
    more = [once.assign(customer_id=once["customer_id"] + number) for number in ("", "2", "3")]
    pd.concat(more).to_csv(folder / "reviews.csv", index=False)
    return folder / "reviews.csv"


def small_runtime(reviews: Path) -> FashionRuntime:
    """Fit the shop by its biases alone, which takes no network and no learning library's time."""
    frame = FAMILY.load(Source(str(reviews))).frame
    params = Params(pictures=False, words=False)
    model = fit(frame, frame.head(0), params, 3, lambda _share, _said: None)
    return FashionRuntime(model.recommender)


def serve_fashion(app: FastAPI, reviews: Path, version: str = "5") -> None:
    """Let `app` answer for the fashion shop, as after a promotion."""
    contract = contract_of(FAMILY.name, "customer_id", "rating").model_copy(
        update={
            "request_schema": FAMILY.Request.model_json_schema(),
            "response_schema": FAMILY.Response.model_json_schema(),
        }
    )
    serve_model(app, contract, small_runtime(reviews), version)
