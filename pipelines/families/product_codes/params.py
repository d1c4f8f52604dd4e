"""The hyperparameters of product codes: flat, so that they make a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.contract import FamilyParams


class Algorithm(StrEnum):
    """What learns the codes."""

    SGD = "sgd"
    LINEAR_SVM = "linear_svm"
    KERNEL_RIDGE = "kernel_ridge"


class Loss(StrEnum):
    """What stochastic gradient descent minimises."""

    LOG_LOSS = "log_loss"
    HINGE = "hinge"
    MODIFIED_HUBER = "modified_huber"


class Params(FamilyParams):
    """Stochastic gradient descent is the default; kernel ridge is the strongest challenger."""

    algorithm: Algorithm = Field(
        Algorithm.SGD,
        title="Algorithm",
        description="Stochastic gradient descent, a linear SVM or kernel ridge, all on TF-IDF.",
    )
    word_run: int = Field(
        2, ge=1, le=3, title="Longest word n-gram", description="1 weighs single words only."
    )
    character_run: int = Field(
        5,
        ge=0,
        le=6,
        title="Longest character n-gram",
        description="Runs of 2 to this many characters within words; under 2 switches them off.",
    )
    opening_run: int = Field(
        2,
        ge=0,
        le=4,
        title="Longest opening",
        description="The first words, up to this many, as terms of their own; 0: none.",
    )
    minimum_texts: int = Field(
        1, ge=1, le=50, title="Rarest term", description="Terms in fewer texts are left out."
    )
    loss: Loss = Field(Loss.LOG_LOSS, title="SGD loss", description="What SGD minimises.")
    alpha: float = Field(
        1e-6,
        gt=0,
        le=0.1,
        title="SGD alpha",
        description="How strongly SGD is regularised; smaller fits closer.",
    )
    epochs: int = Field(
        20, ge=1, le=200, title="SGD epochs", description="How often SGD sees every text."
    )
    svm_c: float = Field(
        1.0,
        gt=0,
        le=100,
        title="SVM C",
        description="How little the linear SVM is regularised; larger fits closer.",
    )
    ridge: float = Field(
        0.04,
        ge=0.01,
        le=10,
        title="Ridge",
        description="How strongly kernel ridge is regularised; smaller fits closer.",
    )
