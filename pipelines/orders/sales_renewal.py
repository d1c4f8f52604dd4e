"""Renews the stored sales from the source of `demand_forecast`, when the source has changed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from features.sales_history import history_of
from pipelines import catalog
from pipelines.orders.catalogue_renewal import is_current, state_of
from pipelines.orders.stored_sales import (
    MODEL,
    pointer_in,
    sales_folder,
    stored_history,
    write_sales,
)

if TYPE_CHECKING:
    from pipelines.settings import Settings


def renew_sales(settings: Settings, now: datetime) -> bool:
    """Write the sales if their source has changed or they are damaged; return whether so.

    Raises what the family's `load` raises: `SourceError` or `SchemaError`.
    """
    if MODEL not in settings.models:
        return False
    source = settings.source(MODEL)
    folder = sales_folder(settings.var)
    known = pointer_in(folder)
    if (
        known
        and is_current(source, known.source_state, known.written_at, now)
        and stored_history(folder, known)
    ):
        return False
    state = state_of(source)
    frame = catalog.family(MODEL).load(source).frame
    write_sales(folder, history_of(frame), state, now.isoformat())
    return True
