"""Plots of what a version got wrong on the test set, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field


class ConfusedPair(BaseModel):
    """A true class and the class that was answered in its place."""

    actual: str
    predicted: str
    rows: int
    before: int | None = Field(description="So often by the champion of then.")


class ConfusionPlot(BaseModel):
    """Who is taken for whom, among the classes that are mistaken most."""

    kind: Literal["confusion"] = "confusion"
    classes: list[str] = Field(description="Names of rows and columns; the rest is left out.")
    counts: list[list[int]] = Field(description="Rows are the truth, columns the answers.")
    pairs: list[ConfusedPair]
    right: int
    rows: int


class CalibrationBin(BaseModel):
    """Answers of about one confidence, and the share of them that is right."""

    confidence: float
    right: float
    rows: int


class CalibrationPlot(BaseModel):
    """What the stated confidences are worth."""

    kind: Literal["calibration"] = "calibration"
    bins: list[CalibrationBin]


class HistogramBin(BaseModel):
    """How many requests fall between two values."""

    lower: float
    upper: float
    challenger: int
    champion: int | None


class HistogramPlot(BaseModel):
    """How a figure of single requests is spread."""

    kind: Literal["histogram"] = "histogram"
    name: str
    bins: list[HistogramBin]


class CurvePoint(BaseModel):
    """One place of a curve."""

    x: float
    challenger: float | None
    champion: float | None


class CurvePlot(BaseModel):
    """A figure by how many days ahead it was foretold."""

    kind: Literal["curve"] = "curve"
    name: str
    points: list[CurvePoint]


Plot = Annotated[
    ConfusionPlot | CalibrationPlot | HistogramPlot | CurvePlot, Field(discriminator="kind")
]


class ErrorPlots(BaseModel):
    """What the challenger of a decision got wrong, beside the champion of then."""

    decision_id: str
    version: str | None
    rows: int
    plots: list[Plot]
