from __future__ import annotations

import csv
import os
import signal

import httpx
import pytest
from running_stack import processes_of
from steady_load import SteadyLoad

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1500)]

ASKED = {
    "product_codes": {"description": "martillo uña 16 oz"},
    "product_categories": {"name": "martillo uña 16 oz"},
    "product_recommendations": {"user_id": "u1", "top": 5},
    "fashion_recommendations": {"customer_id": "nobody yet", "top": 5},
    "demand_forecast": {"product_id": "030302", "horizon": 7},
}
BETTER = ("word_run=2", "minimum_texts=2", "epochs=5", "alpha=1e-6")


def predict(stack, model: str) -> dict:
    response = httpx.post(
        f"{stack.api}/v1/models/{model}/predict",
        json={"instances": [ASKED[model]]},
        timeout=30,
        trust_env=False,
    )
    response.raise_for_status()
    return response.json()


def is_healthy(stack) -> bool:
    services = stack.state["services"]
    return all(service["phase"] in ("healthy", "done") for service in services)


@pytest.mark.parametrize("model", sorted(ASKED))
def test_up_ends_with_a_served_champion_of_each_model(stack, model):
    answer = predict(stack, model)

    decisions = stack.json("decisions", "--model", model)
    assert [each["verdict"] for each in decisions if each["verdict"]][-1] == "first_champion"
    assert answer["model"]["name"] == model
    champion = next(each for each in decisions if each["generation"] is not None)
    served = {name: answer["model"][name] for name in ("decision_id", "version", "generation")}
    assert served == {name: champion[name] for name in served}


def test_up_prints_addresses_and_a_request_to_try(stack):
    assert f"{stack.api}/docs" in stack.said
    assert stack.prefect in stack.said
    assert stack.mlflow in stack.said
    assert f"curl -s {stack.api}/v1/models/" in stack.said


def test_status_shows_every_service_healthy(stack):
    status = stack.json("status")

    names = [service["name"] for service in status["services"]]
    assert names == ["mlflow-migration", "mlflow", "prefect", "flows", "reconciler", "api", "jobs"]
    assert status["phase"] == "ready"


def test_a_second_up_in_the_same_home_is_refused(stack):
    refused = stack.command("up", "--detach", check=False)

    assert refused.returncode == 1
    assert "a stack already runs" in refused.stderr
    assert is_healthy(stack)


def test_a_users_own_file_becomes_champion_without_a_failed_request(stack, tmp_path, until):
    demo = (stack.home / "var" / "demo" / "product_codes.csv").read_text(encoding="utf-8")
    header, _, rows = demo.partition("\n")
    theirs = header.replace("description", "descripcion", 1).replace("code", "clave", 1)
    mine = tmp_path / "mine.csv"
    mine.write_text(f"{theirs}\n{rows}", encoding="utf-8")
    before = stack.champion("product_codes")

    with SteadyLoad(f"{stack.api}/v1/models/product_codes/predict", ASKED["product_codes"]) as load:
        result = stack.json(
            *("train", "product_codes", "--source", str(mine)),
            *("--columns", "description=descripcion,code=clave", "--reason", "my own rows"),
            *(part for param in BETTER for part in ("--param", param)),
        )
        assert result["verdict"] == "promoted", result["reasons"]
        until(lambda: load.latest == result["version"], 180)
    assert load.failures == []
    assert load.versions == [before, result["version"]]
    recorded = stack.json("decisions", result["decision_id"])
    assert recorded["record"]["trigger"]["reason"] == "my own rows"


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("product_recommendations", ("ratings=svd", "lists=ease")),
        ("fashion_recommendations", ("words=true", "folds=4", "epochs=20")),
        ("demand_forecast", ("algorithm=lstm", "members=1")),
    ],
)
def test_a_better_recommender_or_forecast_takes_over_without_a_failed_request(
    stack, model, params, until
):
    before = stack.champion(model)

    with SteadyLoad(f"{stack.api}/v1/models/{model}/predict", ASKED[model]) as load:
        result = stack.json(
            *("train", model, "--reason", "it should know more"),
            *(part for param in params for part in ("--param", param)),
        )
        assert result["verdict"] == "promoted", result["reasons"]
        until(lambda: load.latest == result["version"], 180)
    assert load.failures == []
    assert load.versions == [before, result["version"]]


def test_recommendations_fashion_and_forecasts_are_answered_to_their_own_clients(stack):
    with httpx.Client(base_url=stack.api, timeout=30, trust_env=False) as client:
        products = client.post("/recommend", json={"user_id": "u1", "top": 4}).json()
        clothes = client.get("/recommendation", params={"customer_id": "nobody yet", "top": 3})
        demand = client.post(
            "/api/v1/predict", json={"productId": "030302", "forecast_horizon": 7}
        ).json()

    assert len(set(products)) == 4
    assert len(clothes.json()["recommendations"]) == 3
    assert len(demand["daily_predictions"]) == 7
    assert 0 < demand["confidence_score"] < 1


def test_the_whole_catalogue_is_scored_as_a_job_by_the_champion(stack, tmp_path, until):
    until((stack.home / "var" / "catalogue" / "product_codes.jsonl").is_file, 120)
    scored = tmp_path / "scored.csv"

    job = stack.json("jobs", "submit", "product_codes", "catalogue", "--output", str(scored))

    rows = list(csv.DictReader(scored.read_text(encoding="utf-8").splitlines()))
    assert (job["state"], job["version"]) == ("done", stack.champion("product_codes"))
    assert len(rows) == job["rows_total"] > 1_000
    assert {row["error"] for row in rows} == {""}
    assert all(row["predicted_code"] for row in rows)


def test_every_decision_so_far_replays(stack):
    assert stack.command("replay", "--all").returncode == 0


def test_a_rollback_serves_the_champion_before_and_forward_again(stack, until):
    now = stack.champion("product_codes")
    decisions = stack.json("decisions", "--model", "product_codes")
    if all(entry["verdict"] != "promoted" for entry in decisions):
        pytest.skip("there is only one champion so far: run the whole file")

    back = stack.json("rollback", "product_codes", "--reason", "a test")
    until(lambda: stack.champion("product_codes") == back["version"], 180)
    assert back["version"] != now
    stack.json("rollback", "product_codes", "--reason", "enough", "--to", now)

    until(lambda: stack.champion("product_codes") == now, 180)


@pytest.mark.parametrize("name", ["mlflow", "prefect", "flows", "reconciler", "api", "jobs"])
def test_a_killed_service_comes_back_and_nothing_is_lost(stack, name, until):
    before = {entry["decision_id"] for entry in stack.json("decisions")}
    champion = stack.champion("product_codes")
    victim = stack.service(name)

    os.kill(victim["pid"], signal.SIGKILL)

    until(lambda: stack.service(name)["restarts"] > victim["restarts"], 120)
    until(lambda: is_healthy(stack), 300)
    until(lambda: predict(stack, "product_codes")["model"]["version"] == champion, 180)
    assert before <= {entry["decision_id"] for entry in stack.json("decisions")}


def test_a_run_that_was_killed_with_its_worker_blocks_nothing(stack, until):
    started = stack.json("train", "product_codes", "--detach", "--reason", "to be killed")
    run = f"{stack.prefect}/api/flow_runs/{started['flow_run_url'].rpartition('/')[2]}"

    def state() -> str:
        return httpx.get(run, timeout=30, trust_env=False).json()["state_type"]

    until(lambda: state() == "RUNNING", 300)
    os.kill(stack.service("flows")["pid"], signal.SIGKILL)
    until(lambda: state() == "CRASHED", 300)

    again = stack.json("train", "product_codes", "--reason", "after the killed one")
    assert again["verdict"] in {"promoted", "rejected", "undecided"}


def test_a_killed_supervisor_leaves_no_orphan_and_the_next_start_repairs_itself(stack, until):
    champion = stack.champion("product_codes")
    os.kill(stack.state["supervisor_pid"], signal.SIGKILL)
    until(lambda: processes_of(stack.home) == [], 180)

    stack.command("up", "--detach")

    until(lambda: predict(stack, "product_codes")["model"]["version"] == champion, 180)
    assert stack.command("replay", "--all").returncode == 0
