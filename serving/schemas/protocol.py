"""What goes over the wire of other servers' protocols, as the OpenAPI document shows it."""

from __future__ import annotations

from pydantic import BaseModel, Field

Json = dict[str, object]


class Invocation(BaseModel):
    """Questions in one of the formats that MLflow's scoring server takes."""

    dataframe_split: Json | None = Field(
        None, examples=[{"columns": ["description"], "data": [["Llave stilson 14 pulgadas"]]}]
    )
    dataframe_records: list[Json] | None = None
    instances: list[object] | Json | None = None
    inputs: list[object] | Json | str | None = None


class TensorMetadata(BaseModel):
    """One input or output of a model; -1 stands for as many elements as there are instances."""

    name: str = Field(examples=["description"])
    datatype: str = Field(examples=["BYTES"])
    shape: list[int] = Field(examples=[[-1]])
    parameters: Json | None = None


class ServerMetadata(BaseModel):
    """What the Open Inference Protocol says of a server."""

    name: str
    version: str
    extensions: list[str]


class ModelMetadata(BaseModel):
    """What the Open Inference Protocol says of a model; only its live version can be asked."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class InputTensor(BaseModel):
    """One column of all instances, in their order."""

    name: str = Field(examples=["description"])
    shape: list[int] = Field(examples=[[1]])
    datatype: str = Field(examples=["BYTES"])
    parameters: Json | None = None
    data: list[object] | None = Field(None, examples=[["Llave stilson 14 pulgadas"]])


class InferenceRequest(BaseModel):
    """Questions for one model, a tensor for each column."""

    id: str | None = None
    parameters: Json | None = None
    inputs: list[InputTensor]
    outputs: list[Json] | None = None


class OutputTensor(TensorMetadata):
    """One column of all answers, in the order of the instances."""

    data: list[str | int | float | bool | None] | None = None


class InferenceResponse(BaseModel):
    """Answers of one version, a tensor for each column of its response."""

    model_name: str
    model_version: str
    id: str
    parameters: Json
    outputs: list[OutputTensor]
