"""The catalogue as the server holds it: products by code, searchable, renewed in the background.

A request only ever reads the assortment that is complete; a new one replaces it as a whole.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pipelines.orders.product_catalogue import Catalogue, CatalogueUnreadable, Product, read
from serving.memory import give_back
from serving.search import SearchIndex

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SIMILAR_CANDIDATES = 200
IMAGE_LIMIT_BYTES = 262_144
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"})

Found = list[tuple[Product, float]]


class CatalogueMissing(LookupError):
    """There is no catalogue to search yet; it is written by the refresh of the feed."""


class Assortment:
    """One state of the catalogue; never changes."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._products = catalogue.products
        folder = catalogue.image_folder
        self._images = Path(folder).resolve() if folder else None
        self._index = SearchIndex([f"{p.code} {p.description}" for p in self._products])
        self._by_code: dict[str, list[int]] = {}
        self._image_of_code: dict[str, str] = {}
        for position, product in enumerate(self._products):
            self._by_code.setdefault(product.code, []).append(position)
            if product.image:
                self._image_of_code.setdefault(product.code, product.image)
        # The board asks for the same few hundred lines at every renewal.
        self.product = lru_cache(maxsize=20_000)(self._product)
        self._encoded = lru_cache(maxsize=500)(self._encode)

    def __len__(self) -> int:
        return len(self._products)

    def search(self, query: str, limit: int) -> Found:
        """Return the products that resemble `query`, best first, with scores up to 100."""
        found = self._index.search(query, limit=limit)
        return [(self._products[match.position], match.score) for match in found]

    def image(self, product: Product) -> str | None:
        """Return the product's image, or else one of its code, as base64; None without either."""
        name = self.image_name(product)
        return self._encoded(name) if name else None

    def image_name(self, product: Product) -> str | None:
        """Return the path of the image that `image` shows, in the catalogue's folder."""
        return product.image or self._image_of_code.get(product.code)

    def image_file(self, name: str) -> Path | None:
        """Return the file of an image of the catalogue; None for whatever else `name` names."""
        # Names come from the catalogue's source and from clients, so nothing outside the folder
        # of the catalogue's images is ever read.
        if self._images is None:
            return None
        try:
            path = (self._images / name).resolve(strict=True)
            allowed = path.is_relative_to(self._images) and path.suffix.lower() in IMAGE_SUFFIXES
            small = allowed and path.is_file() and path.stat().st_size <= IMAGE_LIMIT_BYTES
        except (OSError, ValueError):
            return None
        return path if small else None

    def _product(self, code: str, description: str) -> Product | None:
        """Return the product of that code; of several, the one most like `description`."""
        positions = self._by_code.get(code, ())[:SIMILAR_CANDIDATES]
        if not positions:
            return None
        return self._products[self._index.closest(description, positions)]

    def _encode(self, name: str) -> str | None:
        path = self.image_file(name)
        try:
            return base64.b64encode(path.read_bytes()).decode("ascii") if path else None
        except OSError:
            return None


class Shelf:
    """Holds the newest assortment of a catalogue file."""

    def __init__(self, file: Path, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._file = file
        self._look_seconds = look_seconds
        self._seen: tuple[int, int] | None = None
        self._assortment: Assortment | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="shelf", daemon=True)

    @property
    def assortment(self) -> Assortment | None:
        """The newest complete assortment, or None before the first."""
        return self._assortment

    def require(self) -> Assortment:
        """Return the newest assortment. Raises `CatalogueMissing`."""
        if self._assortment is None:
            raise CatalogueMissing("no catalogue has been written yet")
        return self._assortment

    def start(self) -> None:
        """Begin to follow the file, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End following; what is held stays readable."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> bool:
        """Read the file if it is another one than before; return whether it was."""
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp == self._seen:
                return False
            self._assortment = Assortment(read(self._file))
        except FileNotFoundError:
            return False
        except (OSError, CatalogueUnreadable) as error:
            logger.error("the catalogue stays as it is: %s", error)
            return False
        self._seen = stamp
        give_back()
        return True

    def _watch(self) -> None:
        self.look()
        while not self._stopping.wait(self._look_seconds):
            self.look()


def combined(product: Product) -> str:
    """Return a product as one line, the way existing clients show it."""
    return f"{product.code} - {product.description}"


def found_as_json(found: Sequence[tuple[Product, float]]) -> list[dict[str, object]]:
    """Return search results in the shape that existing clients read."""
    return [
        {
            "CodArticle": product.code,
            "Combined": combined(product),
            "id_article": product.product_id or product.code,
            "precio": product.price,
            "puntaje": score,
        }
        for product, score in found
    ]
