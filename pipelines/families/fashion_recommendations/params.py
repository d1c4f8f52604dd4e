"""The hyperparameters of fashion recommendations: flat, so that they make a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.contract import FamilyParams


class Words(StrEnum):
    """What turns a review into a vector."""

    TFIDF_SVD = "tfidf_svd"
    MINILM = "minilm"
    E5 = "e5"


class Params(FamilyParams):
    """Pictures and words are both on by default; each can be left out, as the ablation does."""

    pictures: bool = Field(
        True, title="Pictures", description="Use the embeddings of the items' pictures."
    )
    words: bool = Field(
        True, title="Words", description="Use the embeddings of the customers' reviews."
    )
    image_encoder: str = Field(
        "auto",
        max_length=100,
        title="Image encoder",
        description="efficientnet_lite0, handcrafted, auto (the first that is installed), or "
        "keras:NAME for a network of keras.applications.",
    )
    image_weights: str = Field(
        "",
        max_length=1_000,
        title="Image weights",
        description="File of weights for a network of keras.applications; empty: its default.",
    )
    image_dimensions: int = Field(
        32, ge=2, le=256, title="Image dimensions", description="Principal components kept."
    )
    text_encoder: Words = Field(
        Words.TFIDF_SVD,
        title="Text encoder",
        description="TF-IDF and SVD; or a sentence encoder: minilm (English) or e5 (multilingual), "
        "where its package is installed.",
    )
    text_dimensions: int = Field(
        8, ge=2, le=256, title="Text dimensions", description="Components kept of a review."
    )
    factors: int = Field(
        24,
        ge=2,
        le=256,
        title="Factors",
        description="Directions in which the network holds a taste against an item.",
    )
    hidden_units: int = Field(
        32, ge=4, le=256, title="Hidden units", description="Width of the network's hidden layer."
    )
    epochs: int = Field(
        20,
        ge=1,
        le=500,
        title="Epochs",
        description="At most this many; fewer when held-out customers' error stops falling.",
    )
    learning_rate: float = Field(
        0.003, gt=0, le=0.1, title="Learning rate", description="Step size of Adam."
    )
    weight_decay: float = Field(
        0.003,
        ge=0,
        le=1,
        title="Weight penalty",
        description="L2 penalty on the network's weights; larger stays nearer to the biases.",
    )
    dropout: float = Field(
        0.2, ge=0, le=0.9, title="Dropout", description="Share of the inputs left out at a step."
    )
    folds: int = Field(
        4,
        ge=2,
        le=10,
        title="Folds",
        description="Networks fitted, each without a part of the customers; answers are averaged.",
    )
