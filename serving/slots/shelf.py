"""The catalogue as the server holds it: products by code, searchable, renewed in the background.

A request only ever reads the assortment that is complete; a new one replaces it as a whole.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

from pipelines.orders.product_catalogue import CatalogueUnreadable, Product
from serving.catalogue.product_rows import Codes, ProductRows
from serving.catalogue.search import SearchIndex
from serving.slots.memory import give_back

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SIMILAR_CANDIDATES = 200
IMAGE_LIMIT_BYTES = 262_144
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"})

Found = list[tuple[Product, float]]


class CatalogueMissing(LookupError):
    """There is no catalogue to search yet; it is written by the refresh of the feed."""


class Assortment:
    """One state of the catalogue; never changes.

    Raises `CatalogueUnreadable` where a product cannot be read.
    """

    def __init__(self, products: ProductRows) -> None:
        self._products = products
        self._images = Path(products.image_folder).resolve() if products.image_folder else None
        self._index = SearchIndex(f"{p.code} {p.description}" for p in products)
        self._range = _Range(products, self._index)
        # The board asks for the same few hundred lines at every renewal.
        self.product = lru_cache(maxsize=2_000)(self._range.product)
        self.image_name = lru_cache(maxsize=2_000)(self._range.image_name)
        self._encoded = lru_cache(maxsize=500)(partial(_encoded, self._images))

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

    def image_file(self, name: str) -> Path | None:
        """Return the file of an image of the catalogue; None for whatever else `name` names."""
        return _image_file(self._images, name)


class _Range:
    """Products by code. It knows nothing of what is kept of its answers, so both go together."""

    def __init__(self, products: ProductRows, index: SearchIndex) -> None:
        self._products = products
        self._codes = Codes(product.code for product in products)
        self._index = index

    def product(self, code: str, description: str) -> Product | None:
        """Return the product of that code; of several, the one most like `description`."""
        positions = list(islice(self._of(code), SIMILAR_CANDIDATES))
        if not positions:
            return None
        return self._products[self._index.closest(description, positions)]

    def image_name(self, product: Product) -> str | None:
        """Return the product's image, or else the first of its code: a path in the folder."""
        if product.image:
            return product.image
        images = (self._products[position].image for position in self._of(product.code))
        return next((image for image in images if image), None)

    def _of(self, code: str) -> Iterator[int]:
        return (place for place in self._codes.may_be(code) if self._products[place].code == code)


def _image_file(folder: Path | None, name: str) -> Path | None:
    # Names come from the catalogue's source and from clients, so nothing outside the folder of
    # the catalogue's images is ever read.
    if folder is None:
        return None
    try:
        path = (folder / name).resolve(strict=True)
        allowed = path.is_relative_to(folder) and path.suffix.lower() in IMAGE_SUFFIXES
        small = allowed and path.is_file() and path.stat().st_size <= IMAGE_LIMIT_BYTES
    except (OSError, ValueError, RuntimeError):  # the last one for links in a circle
        return None
    return path if small else None


def _encoded(folder: Path | None, name: str) -> str | None:
    path = _image_file(folder, name)
    try:
        return base64.b64encode(path.read_bytes()).decode("ascii") if path else None
    except OSError:
        return None


class Shelf:
    """Holds the newest assortment of a catalogue file."""

    def __init__(self, file: Path) -> None:
        self._file = file
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
            self._assortment = Assortment(ProductRows(self._file))
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
        while not self._stopping.wait(LOOK_SECONDS):
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
