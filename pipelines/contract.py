"""The contract between the platform and a model family: frames in, frames out.

`ModelFamily` is what a family writes; `FittedModel` is what the platform receives from it;
`Runtime` is what answers requests, in the gate and in the server alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from pipelines.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from features.schema import FrameSchema
    from features.sources import Raw, Source
    from features.splits import Split

Row = dict[str, object]
Progress = Callable[[float, str], None]


class RequestRefused(ValueError):
    """A request cannot be answered; the message says what is wrong with it, in plain words."""


class FitRefused(ValueError):
    """These rows cannot be fitted with these parameters; the message says what would do.

    Families derive their own from it, so that whoever asked for the training is told plainly.
    """


class FamilyParams(BaseModel):
    """Hyperparameters: frozen and flat, with defaults, bounds and titles, so they make a form."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Guardrail:
    """A figure that may not get worse than the champion's by more than `margin`.

    `limit`, where given, may not be passed at all, champion or not.
    """

    metric: Metric
    margin: float
    limit: float | None = None


@dataclass(frozen=True)
class Examples:
    """Questions and their answers, both indexed by `request`.

    `actual` holds the true answer under the response's own column names, the family's `target`
    among them (empty where a request does not ask for it), and facts of the request: `group`, the
    unit that a bootstrap resamples, and a boolean column `slice:<name>` for each declared slice.
    """

    requests: pd.DataFrame
    actual: pd.DataFrame


@dataclass(frozen=True)
class Evaluation:
    """What one model did on one set of examples.

    `per_request` (index `request`) holds `group`, the unit of resampling, `stratum` where
    resampling is stratified, every column a metric reads, and a boolean column `slice:<name>`
    for each declared slice. Values are recomputed from it, never stored beside it.
    """

    per_request: pd.DataFrame
    values: Mapping[str, float]


class FittedModel(Protocol):
    """A fitted model in its library's own form."""

    history: pd.DataFrame
    """What happened during fitting: columns `step`, `metric`, `value`; becomes MLflow metrics."""

    def predict(self, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer every request: index `request`, one or more rows each, response columns."""
        ...

    def save(self, directory: Path) -> None:
        """Write everything `ModelFamily.restore` needs into an empty directory."""
        ...

    def compile(self, directory: Path) -> None:
        """Write the fastest equivalent form, which the family's runtime opens."""
        ...


class Runtime(Protocol):
    """Answers requests from a packaged form; must not import a learning library."""

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return, for each instance, its response rows (one, or several for lists).

        Raises `RequestRefused` naming the instance that cannot be answered.
        """
        ...

    def close(self) -> None:
        """Release what the runtime holds; called once, after its last answer."""
        ...


@dataclass(frozen=True)
class Tolerance:
    """How far a compiled form may differ from the plain one: numbers by this much, text never."""

    absolute: float = 1e-5
    relative: float = 1e-4


@dataclass(frozen=True)
class Figures:
    """Plots for one candidate: file name to a function that draws it when it is wanted."""

    drawings: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)


class ModelFamily(ABC):
    """One kind of model. Stateless; one instance per package, named `FAMILY`."""

    name: ClassVar[str]
    title: ClassVar[str]
    schema: ClassVar[FrameSchema]
    primary: ClassVar[Metric]
    metrics: ClassVar[tuple[Metric, ...]]
    components: ClassVar[tuple[Metric, ...]] = ()
    """Beside `primary`, what the version's other parts are judged by (its lists, beside its
    ratings): it is better when one part is and no other is worse beyond the margin."""
    business: ClassVar[tuple[Metric, ...]] = ()
    """Figures in money that its tables can give, where the user says what is worth what: those of
    `pipelines.gate.business`, the one that may be judged by first."""
    guardrails: ClassVar[tuple[Guardrail, ...]] = ()
    slices: ClassVar[tuple[str, ...]] = ()
    latency_budget_ms: ClassVar[float] = 50.0
    tolerance: ClassVar[Tolerance] = Tolerance()
    Request: ClassVar[type[BaseModel]]
    Response: ClassVar[type[BaseModel]]
    target: ClassVar[str]
    """The response column that a plain, unnamed single output of a foreign model stands for."""
    label_text: ClassVar[str | None] = None
    """The request column a reviewed label's text belongs to; None where labels are not texts."""
    catalogue_text: ClassVar[str | None] = None
    """The request column that takes a product's description from the catalogue, so that a decision
    shows which products a version answers otherwise; None where products are not asked about."""
    many: ClassVar[bool] = False
    """True when a request is answered by several rows (a list over HTTP)."""
    entity: ClassVar[str | None] = None
    """The column whose rows belong together (a customer's ratings, a product's days); None where
    every row stands alone."""
    Params: ClassVar[type[FamilyParams]]
    golden: ClassVar[tuple[Row, ...]]
    """Request rows, odd ones included, that every version must answer before it may serve."""

    @abstractmethod
    def load(self, source: Source) -> Raw:
        """Read and validate the source. Raises `SourceError` or `SchemaError`."""

    @abstractmethod
    def split(self, frame: pd.DataFrame) -> Split:
        """Split by keys or time only: disjoint, complete, indifferent to row order."""

    @abstractmethod
    def features(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Map the row functions over a frame; row-local, and the input stays unchanged."""

    @abstractmethod
    def examples(self, part: pd.DataFrame, context: pd.DataFrame | None = None) -> Examples:
        """Turn a part of the split into requests and their true answers.

        `context` holds the rows of `context(split)`: known when the questions are asked, and not
        asked about.
        """

    def context(self, split: Split) -> pd.DataFrame:
        """Return the rows that the questions of `test` and `sealed` carry along; none by default.

        They are frozen with a test set, so that every version is asked the same questions,
        whenever it was trained: a forecast's history belongs here.
        """
        return split.train.head(0)

    def groups(self, frame: pd.DataFrame) -> pd.Series:
        """Return the group of each row: copies of one another share one, in every part.

        A family whose `examples` merge rows says itself which group a row belongs to.
        """
        groups = self.examples(frame).actual["group"]
        if len(groups) != len(frame):
            raise NotImplementedError(f"{self.name} merges rows and does not say their groups")
        return groups.set_axis(frame.index)

    def admissible(self, part: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of `part` that may be trained on while `tested` is the test set.

        Copies of tested rows may not. Where rows have times, nor may what came after them.
        """
        return part[~self.groups(part).isin(set(self.groups(tested))).to_numpy()]

    def outlived(self, tested: pd.DataFrame, candidates: pd.DataFrame) -> bool:
        """Return whether `candidates`, a split's test rows today, should replace `tested`.

        A function of the rows' times alone; never so where rows have none.
        """
        del tested, candidates
        return False

    @abstractmethod
    def floor(self, train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer the requests by the trivial baseline (majority class, seasonal naive, ...)."""

    @abstractmethod
    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        """Fit deterministically on `train`, tune on `validation`; report progress in 0..1.

        Raises `FitRefused`.
        """

    @abstractmethod
    def evaluate(self, predictions: pd.DataFrame, actual: pd.DataFrame) -> Evaluation:
        """Score predictions against the truth; the same function offline and on feedback."""

    @abstractmethod
    def restore(self, directory: Path) -> FittedModel:
        """Load what `FittedModel.save` wrote."""

    def figures(self, model: FittedModel, evaluation: Evaluation) -> Figures:
        """Return the plots that explain a candidate; none unless the family has some."""
        del model, evaluation
        return Figures()
