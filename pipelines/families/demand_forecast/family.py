"""Demand forecasts: a product's daily sales and plans in, its next weeks day by day out."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.daily_sales.reading import read_daily
from features.schema import Column, FrameSchema
from features.sources import Raw, Source
from features.splits import Split
from features.temporal import day_of_month, month, weekday
from pipelines.contract import (
    Evaluation,
    Examples,
    FamilyParams,
    Figures,
    FittedModel,
    Guardrail,
    ModelFamily,
    Progress,
    Row,
)
from pipelines.families.demand_forecast import data, examples, scoring
from pipelines.families.demand_forecast.golden import GOLDEN
from pipelines.families.demand_forecast.params import Params
from pipelines.families.demand_forecast.questions import LONGEST_DAYS, NAME_CHARACTERS
from pipelines.gate.business import STOCK_COST
from pipelines.metrics import Metric


class Plan(BaseModel):
    """What is planned for a day; whatever is left out is as it was."""

    date: str = Field(description="The day, as 2026-11-21.")
    promotion: float | bool | None = Field(None, description="On promotion that day, 0 to 1.")
    price: float | None = Field(None, description="The price of a piece.")
    open: float | bool | None = Field(None, description="Whether there is business that day.")


class PastDay(Plan):
    """One day of the past; a day may be there several times, returns are negative."""

    quantity: float = Field(description="Pieces sold, negative where they came back.")


class Request(BaseModel):
    """One product whose next days are asked."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"product_id": "SKU-001", "horizon": 28}]}
    )

    product_id: str = Field(max_length=NAME_CHARACTERS, title="Product")
    category: str | None = Field(
        None, max_length=NAME_CHARACTERS, description="Helps with products not seen in training."
    )
    history: list[PastDay] | None = Field(
        None,
        description=(
            "What was sold, in any order; without it the stored history is used. Of promotions, "
            "prices and closed days left out, what is stored of these days is."
        ),
    )
    start: str | None = Field(
        None, description="First day asked; the day after the history where left out."
    )
    horizon: int = Field(28, ge=1, le=LONGEST_DAYS, title="Days", description="How many days.")
    future: list[Plan] | None = Field(
        None, description="Plans for coming days: promotions, prices, closed days."
    )
    promotion_active: bool | None = Field(
        None, description="On promotion on every day asked of which `future` says nothing else."
    )


class ForecastDay(BaseModel):
    """One forecast day; of a version from elsewhere the bounds may be missing."""

    date: str | None = None
    predicted_quantity: float
    lower: float | None = Field(None, description="80 % of outcomes lie between lower and upper.")
    upper: float | None = None
    lower_95: float | None = Field(None, description="And 95 % between these.")
    upper_95: float | None = None


class Response(BaseModel):
    """The forecast, its total and how sure it is."""

    predicted_total_quantity: float | None = None
    forecast_range_start: str | None = None
    forecast_range_end: str | None = None
    confidence_score: float | None = Field(
        None, description="Probability that the true total lies within 20 % of the predicted one."
    )
    daily_predictions: list[ForecastDay | float]
    notes: list[str] = Field(
        default_factory=list, description="What was assumed, and what to beware of."
    )


class DemandForecast(ModelFamily):
    """Daily sales to forecasts."""

    name = "demand_forecast"
    title = "Demand forecast"
    schema = FrameSchema(
        columns=(
            Column("product_id", "text", maximum_length=NAME_CHARACTERS),
            Column("date", "timestamp", description="The day of the sales."),
            Column("quantity", "number", description="Pieces sold; negative ones are returns."),
            Column("promotion", "boolean", required=False, description="On promotion that day."),
            Column("price", "number", required=False, description="The price of a piece."),
            Column("category", "text", required=False, maximum_length=NAME_CHARACTERS),
            Column("open", "boolean", required=False, description="Whether there was business."),
        ),
        label="quantity",
        minimum_rows=100,
    )
    primary = scoring.RMSSE
    metrics: ClassVar[tuple[Metric, ...]] = (
        scoring.RMSSE,
        scoring.RMSE,
        scoring.WAPE,
        scoring.PINBALL,
        scoring.COVERAGE_80,
        scoring.COVERAGE_95,
        scoring.BRIER,
    )
    business = (STOCK_COST,)
    guardrails = (
        Guardrail(scoring.PINBALL, margin=0.01),
        Guardrail(scoring.COVERAGE_80, margin=0.05, limit=0.70),
        Guardrail(scoring.COVERAGE_95, margin=0.03, limit=0.88),
        Guardrail(scoring.BRIER, margin=0.03),
    )
    slices = ("intermittent", "promoted", "cold")
    latency_budget_ms = 20.0
    Request = Request
    Response = Response
    target = "daily_predictions"
    entity = "product_id"
    Params: ClassVar[type[FamilyParams]] = Params
    golden: ClassVar[tuple[Row, ...]] = GOLDEN

    def load(self, source: Source) -> Raw:
        """Read daily sales, or the order lines behind them, and make each series whole."""
        raw = read_daily(source, self.schema)
        data.require_one_time(raw.frame, source.where)
        return Raw(data.whole(raw.frame), raw.fingerprint, raw.quarantined)

    def split(self, frame: pd.DataFrame) -> Split:
        """Split by time: the last 28 days are held out, sealed for a tenth of the products."""
        return data.split_by_time(frame)

    def context(self, split: Split) -> pd.DataFrame:
        """Return the history that the questions about the held-out days carry along."""
        return data.history_before(split)

    def groups(self, frame: pd.DataFrame) -> pd.Series:
        """Return product and day of each row."""
        return data.keys(frame)

    def admissible(self, part: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
        """Return the rows before the first tested day."""
        earlier: pd.DataFrame = part[(part["date"] < tested["date"].min()).to_numpy()]
        return earlier

    def outlived(self, tested: pd.DataFrame, candidates: pd.DataFrame) -> bool:
        """Return whether a whole new window has come since."""
        return bool(candidates["date"].min() > tested["date"].max())

    def features(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the calendar parts and the plans of each row."""
        days = data.days_of(frame)
        parts = {
            "weekday": weekday(days),
            "day_of_month": day_of_month(days),
            "month": month(days),
            "promoted": frame["promotion"].to_numpy() > 0,
            "open": frame["open"].to_numpy(),
        }
        return pd.DataFrame(parts, index=frame.index)

    def examples(self, part: pd.DataFrame, context: pd.DataFrame | None = None) -> Examples:
        """Ask once for each product, with its history and plans."""
        return examples.examples_of(part, context)

    def floor(self, train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer by the seasonal naive forecast: the last week again and again."""
        from pipelines.families.demand_forecast import model

        return model.naive_answers(train, requests)

    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        """Fit the algorithm that `params` names on both parts; it rehearses on the last days."""
        from pipelines.families.demand_forecast import model

        rows = pd.concat([train, validation])
        return model.fit(rows, Params.model_validate(params), seed, progress)

    def evaluate(self, predictions: pd.DataFrame, actual: pd.DataFrame) -> Evaluation:
        """Score the days of each product."""
        rows = scoring.per_request(predictions, actual)
        return Evaluation(rows, {metric.name: metric.value(rows) for metric in self.metrics})

    def restore(self, directory: Path) -> FittedModel:
        """Load what the fitted model's `save` wrote."""
        from pipelines.families.demand_forecast import model

        return model.restore(directory)

    def figures(self, model: FittedModel, evaluation: Evaluation) -> Figures:
        """Return forecasts beside the truth, errors by day and product, calibration, learning."""
        from pipelines.families.demand_forecast.figures import figures_of

        return figures_of(evaluation.per_request, model.history)


FAMILY = DemandForecast()
