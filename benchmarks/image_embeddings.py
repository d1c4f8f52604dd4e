"""Picture embeddings on real product photos: is the most similar photo of the same kind?

    .venv/bin/python benchmarks/image_embeddings.py [--pictures 4500] [--encoders NAME,NAME]

Reads fashion_product_images from CONTENDER_DATA (default: ../shared/data beside the project). For
each photo the others are ordered by cosine; `top-1` is the share whose nearest neighbour has the
same article type, `P@10` the share of the ten nearest. Nothing is trained. Error is the binomial
standard error of top-1. Encoders are those of `pipelines.image_embeddings.encoders`, also
`keras:NAME`; `colours` and `edges` are the two halves of `handcrafted`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.images import colour_histogram, oriented_gradients, read_picture
from pipelines.image_embeddings.encoders import open_encoder

ROOT = Path(__file__).resolve().parent.parent
PLAIN: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.float32]]] = {
    "colours": colour_histogram,
    "edges": oriented_gradients,
}


def main() -> None:
    arguments = _arguments()
    data = Path(os.environ.get("CONTENDER_DATA", ROOT.parent / "shared" / "data"))
    folder = data / "fashion_product_images"
    items = pd.read_csv(folder / "items.csv.gz", dtype={"item_id": str})
    chosen = sample(items, arguments.pictures)
    paths = [folder / "images" / f"{item}.jpg" for item in chosen["item_id"]]
    kinds = chosen["articleType"].to_numpy()
    print(f"{len(paths)} photos of {chosen['articleType'].nunique()} article types")
    print(f"{'encoder':30} {'dim':>5} {'top-1':>7} {'error':>7} {'P@10':>7} {'ms/photo':>9}")
    for name in arguments.encoders.split(","):
        start = time.perf_counter()
        vectors = embedded(name, paths)
        each = 1000 * (time.perf_counter() - start) / len(paths)
        for title, rows in forms(name, vectors):
            first, ten = agreement(rows, kinds)
            error = float(np.sqrt(first * (1 - first) / len(paths)))
            print(
                f"{title:30} {rows.shape[1]:5} {first:7.4f} {error:7.4f} {ten:7.4f} {each:9.1f}",
                flush=True,
            )


def sample(items: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return `count` items chosen by a hash of their ids: the same ones in any order of rows."""
    places = items["item_id"].map(lambda item: hashlib.sha256(item.encode()).hexdigest())
    return items.loc[places.sort_values().index[:count]]


def embedded(name: str, paths: Sequence[Path]) -> NDArray[np.float32]:
    if name in PLAIN:
        return np.stack([PLAIN[name](read_picture(path, 64)) for path in paths])
    with tempfile.TemporaryDirectory() as cache:
        return open_encoder(name, Path(cache)).encode(paths)


def forms(name: str, vectors: NDArray[np.float32]) -> list[tuple[str, NDArray[np.float32]]]:
    """Return the vectors as they are, and centred and reduced as a model would use them."""
    centred = vectors - vectors.mean(axis=0)
    if name in PLAIN:
        return [(name, vectors), (f"{name}, centred", centred)]
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    return [
        (name, vectors),
        (f"{name}, centred", centred),
        *((f"{name}, PCA {keep}", left[:, :keep] * strength[:keep]) for keep in (64, 32)),
    ]


def agreement(vectors: NDArray[np.float32], kinds: NDArray[np.object_]) -> tuple[float, float]:
    """Return top-1 and precision at 10 of the nearest neighbours' kinds, each row left out."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :10]
    same = kinds[nearest] == kinds[:, np.newaxis]
    return float(same[:, 0].mean()), float(same.mean())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=4500, help="photos to compare")
    parser.add_argument(
        "--encoders", default="colours,edges,handcrafted,efficientnet_lite0", help="by commas"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
