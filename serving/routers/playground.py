"""What the console's playgrounds ask beside `POST /v1/models/{name}/predict` and feedback."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from pipelines.catalogue_diff.entities import remembered
from pipelines.contract import Row
from pipelines.orders import stored_sales
from pipelines.orders.stored_sales import Stored, StoredSales
from serving import playground, views
from serving.bodies import StrictRoute
from serving.dependencies import RequestId, ServicesDependency
from serving.envelope import ASKS
from serving.hot.calls import Call
from serving.live.answers import Answered
from serving.review.desk import ReviewDeskDependency
from serving.schemas.generic import PredictResponse
from serving.schemas.playground import (
    ForecastAsked,
    KnownEntities,
    NamedProduct,
    NamedProducts,
    ProductSales,
    SoldDay,
    WordsAsked,
    WordsTold,
)
from serving.services import Services
from serving.slots.shelf import Assortment
from serving.slots.slots import NoChampion

router = APIRouter(prefix="/v1/playground", tags=["playground"], route_class=StrictRoute)

CODES_LIMIT = 200
NAMED_LIMIT = 2_000
"""Of more products none is named when they are searched: that would take too long."""


@router.get("/{name}/entities")
async def entities(
    name: str,
    services: ServicesDependency,
    desk: ReviewDeskDependency,
    request: Request,
    q: Annotated[str, Query(max_length=200, description="A part of an id or of a name.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> KnownEntities:
    """List customers or products that a model knows; none where its questions name nobody."""
    services.slots.served(name)  # an unknown model is refused first
    sales: StoredSales = request.app.state.sales
    # Here and not in a thread: requests for forecasts look at the same sales.
    told = sales.products() if name == stored_sales.MODEL else None
    known = await run_in_threadpool(_known, services, told, desk.orders.shelf.assortment, name)
    total, found = await run_in_threadpool(playground.fitting, known, q, limit)
    return KnownEntities(model=name, total=total, entities=found)


@router.post("/{name}/words")
async def words(name: str, asked: WordsAsked, services: ServicesDependency) -> WordsTold:
    """Tell what each word of a text does for an answer, by leaving one out at a time."""
    served = services.slots.served(name)
    if served is None:
        raise NoChampion(f"{name} has no champion yet")
    drivers = await playground.words_for(services.slots, name, asked.text, asked.answer)
    return WordsTold(model=views.served_version(served), drivers=list(drivers))


@router.get("/sales/{product_id}")
async def sales_of(
    product_id: str,
    request: Request,
    desk: ReviewDeskDependency,
    days: Annotated[int, Query(ge=1, le=stored_sales.KEPT_DAYS)] = 120,
) -> ProductSales:
    """Return the last stored days of a product, which a forecast without a history goes by."""
    stored = _stored(request, product_id)
    (product,) = await _named(desk, [product_id])
    return ProductSales(
        product_id=product_id,
        category=stored.category,
        name=product.description,
        days=[SoldDay.model_validate({"price": None, **day}) for day in stored.days[-days:]],
    )


@router.post(
    "/sales/{product_id}/forecast",
    response_class=Response,
    responses={200: {"model": PredictResponse}},
)
async def forecast(
    product_id: str,
    asked: ForecastAsked,
    request: Request,
    services: ServicesDependency,
    request_id: RequestId,
) -> Response:
    """Forecast a product by its stored sales and by what is planned; logged as any answer is."""
    setattr(request.state, ASKS, stored_sales.MODEL)
    stored = _stored(request, product_id)
    plain: Row = {
        "product_id": product_id,
        "horizon": asked.horizon,
        "future": [day.model_dump(exclude_none=True) for day in asked.future],
    }
    whole, logged = stored.told_with(plain)
    answered = await services.slots.answer(
        stored_sales.MODEL, [whole], request_id=request_id, logged=[logged]
    )
    call = Call(request.app.state, request_id, await request.body())
    return Response(await call.write(answered, Answered.document), media_type="application/json")


@router.get("/products")
async def products(
    desk: ReviewDeskDependency,
    code: Annotated[list[str], Query(min_length=1, max_length=CODES_LIMIT)],
) -> NamedProducts:
    """Say what the catalogue calls codes."""
    return NamedProducts(products=await _named(desk, code))


def _stored(request: Request, product_id: str) -> Stored:
    sales: StoredSales = request.app.state.sales
    stored = sales.of(product_id)
    if stored is None:
        raise HTTPException(404, f"no sales of {product_id[:200]!r} are stored")
    return stored


async def _named(desk: ReviewDeskDependency, codes: list[str]) -> list[NamedProduct]:
    return await run_in_threadpool(playground.named, desk.orders.shelf.assortment, codes)


def _known(
    services: Services, products: dict[str, str] | None, assortment: Assortment | None, name: str
) -> dict[str, str | None]:
    if products is None:
        return dict.fromkeys(remembered(services.settings.var, name))
    if assortment is None or len(products) > NAMED_LIMIT:
        return {product: group or None for product, group in products.items()}
    called = playground.named(assortment, list(products))
    return {one.code: one.description or products[one.code] or None for one in called}
