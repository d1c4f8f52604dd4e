"""The hyperparameters of product categories: flat, so that they make a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.contract import FamilyParams


class Algorithm(StrEnum):
    """What learns the categories."""

    RANDOM_FOREST = "random_forest"
    LINEAR_SVM = "linear_svm"
    KERNEL_RIDGE = "kernel_ridge"


class Words(StrEnum):
    """What a word is counted as."""

    LEMMAS = "lemmas"
    TOKENS = "tokens"


class Params(FamilyParams):
    """The random forest is the default; the linear SVM and kernel ridge are stronger."""

    algorithm: Algorithm = Field(
        Algorithm.RANDOM_FOREST,
        title="Algorithm",
        description="Random forest on counts; linear SVM or kernel ridge on TF-IDF of the terms.",
    )
    words: Words = Field(
        Words.LEMMAS,
        title="Words",
        description="Count dictionary forms (Spanish, English) or words as written; no stop words.",
    )
    word_run: int = Field(
        1, ge=1, le=3, title="Longest word n-gram", description="1 counts single words only."
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
        description="The first words of a name, up to this many, as terms of their own; 0: none.",
    )
    minimum_texts: int = Field(
        2, ge=1, le=50, title="Rarest term", description="Terms in fewer texts are left out."
    )
    trees: int = Field(
        200, ge=10, le=1000, title="Trees", description="Number of trees of the random forest."
    )
    search: int = Field(
        6,
        ge=1,
        le=12,
        title="Settings searched",
        description="How many forest settings the cross-validation compares; 1 takes the first.",
    )
    folds: int = Field(
        3, ge=2, le=10, title="Folds", description="Folds of the cross-validated search."
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
