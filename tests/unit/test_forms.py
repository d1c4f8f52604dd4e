from __future__ import annotations

from enum import StrEnum

import pytest
from prefect import flow
from prefect.exceptions import ParameterTypeError
from pydantic import BaseModel, Field

from flows.deployments import BUILDERS, flow_named
from flows.forms import FormError, Origin, TrainQuestions, answers, shape
from flows.train import ColumnsRefused, column_mapping, source_of
from pipelines import catalog
from pipelines.settings import load_settings

OURS = [name for name in catalog.names() if name != "stub"]


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Params(BaseModel):
    size: Size = Field(Size.SMALL, title="Size of it", description="How large it gets.")
    trees: int = Field(10, ge=1, le=50, title="Trees", description="How many there are.")


class Required(BaseModel):
    depth: int


class Clashing(BaseModel):
    reason: str = ""


def formed():
    def run(**values: object) -> dict[str, object]:
        return values

    shape(run, Params, Origin)
    return flow(name="formed")(run)


def test_a_form_has_one_explained_input_for_each_field():
    fields = formed().parameters.properties

    assert list(fields) == ["size", "trees", "requested_by", "reason"]
    assert fields["trees"]["title"] == "Trees"
    assert fields["trees"]["description"] == "How many there are."
    assert (fields["trees"]["minimum"], fields["trees"]["maximum"]) == (1, 50)
    assert fields["trees"]["default"] == 10


def test_a_choice_becomes_a_list_of_options():
    schema = formed().parameters
    options = schema.definitions["Size"]["enum"]

    assert options == ["small", "large"]


def test_values_are_converted_and_split_again_into_what_was_asked():
    given = {"size": "large", "trees": "20", "requested_by": "", "reason": "more"}
    values = formed().validate_parameters(given)

    assert answers(Params, values) == Params(size=Size.LARGE, trees=20)
    assert answers(Origin, values) == Origin(reason="more")


def test_a_value_out_of_bounds_is_refused_before_anything_runs():
    with pytest.raises(ParameterTypeError, match="trees: Input should be less than or equal"):
        formed().validate_parameters({"trees": 51})


def test_two_fields_of_one_name_are_refused():
    with pytest.raises(FormError, match=r"Clashing\.reason"):
        shape(lambda **_: None, Origin, Clashing)


def test_a_field_without_a_default_is_refused():
    with pytest.raises(FormError, match=r"Required\.depth: a form's field needs a default"):
        shape(lambda **_: None, Required)


@pytest.mark.parametrize("model", OURS)
@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_every_family_gets_a_form_in_which_each_field_is_explained(name, model):
    for field, shown in flow_named(name, model).parameters.properties.items():
        assert shown.get("title") != field, f"{field} has no title of its own"
        assert shown.get("description"), f"{field} is not explained"
        assert "anyOf" not in shown, f"{field} is a union, which makes a bad form"


@pytest.mark.parametrize("model", catalog.names())
def test_every_parameter_of_a_family_is_in_the_retraining_form(model):
    fields = flow_named("train-and-promote", model).parameters.properties

    assert catalog.family(model).Params.model_fields.keys() <= fields.keys()
    assert TrainQuestions.model_fields.keys() <= fields.keys()


def test_columns_are_read_as_ours_and_theirs():
    assert column_mapping(" description=descripcion, code = clave ,") == {
        "description": "descripcion",
        "code": "clave",
    }
    assert column_mapping("") == {}


@pytest.mark.parametrize("text", ["description", "=clave", "code="])
def test_a_column_mapping_that_is_none_is_quoted(text):
    with pytest.raises(ColumnsRefused, match=text):
        column_mapping(text)


def test_columns_alone_are_a_mapping_of_the_configured_source(tmp_path):
    (tmp_path / "contender.toml").write_text(
        """
        [models.product_codes.source]
        url = "/srv/items.csv"
        columns = { description = "texto", code = "clave" }
        """
    )
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    asked = TrainQuestions(columns="code=clave_sat")

    source = source_of(settings, "product_codes", asked)

    assert source.url == "/srv/items.csv"
    assert source.columns == {"description": "texto", "code": "clave_sat"}


def test_another_source_has_the_columns_that_are_said_and_no_others(tmp_path):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    asked = TrainQuestions(source="/srv/b.csv", columns="code=clave")

    source = source_of(settings, "product_codes", asked)

    assert (source.url, source.columns, source.query) == ("/srv/b.csv", {"code": "clave"}, None)


def test_a_mapping_that_is_none_is_refused_without_a_source_too(tmp_path):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})

    with pytest.raises(ColumnsRefused, match="clave"):
        source_of(settings, "product_codes", TrainQuestions(columns="clave"))
