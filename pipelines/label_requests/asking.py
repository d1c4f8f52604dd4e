"""Opens a campaign: gathers the pool, has the models answer it, draws, and takes the look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.scratch import scratch_folder
from features.statistics import alpha_at
from features.text import group_key
from pipelines import catalog
from pipelines.contract import RequestRefused
from pipelines.decisions.peeks import unjudged
from pipelines.gate.comparison import slice_metric
from pipelines.gate.draw import drawn
from pipelines.gate.labelled import STAKES, Labelled, disagreeing, evidence
from pipelines.gate.leakage import read_keys
from pipelines.gate.promotion import spent
from pipelines.label_requests.campaign import Campaign, campaign_of, opening
from pipelines.label_requests.pool import DAYS, eligible, live_questions
from pipelines.label_requests.queue import LabelRequest, publish
from pipelines.labels import Labels
from pipelines.records.verdicts import case_of
from pipelines.test_sets.frozen import TestSets
from pipelines.versions.admission import admitted_package
from pipelines.versions.answers import ask
from pipelines.versions.artifact import ArtifactRefused, open_runtime
from pipelines.versions.flavour_runtime import FlavourFailed
from pipelines.versions.wrapping import ContractMismatch

if TYPE_CHECKING:
    from pipelines.contract import ModelFamily, Runtime
    from pipelines.decisions.log import Decision, DecisionLog
    from pipelines.gate.case import Case
    from pipelines.gate.verdict import Rule
    from pipelines.registry.client import RegistryClient
    from pipelines.store import Store
    from pipelines.versions.artifact import Package

UNASKABLE = (ArtifactRefused, ContractMismatch, FlavourFailed)
"""What a version can do wrong between the registry and its answers."""
WENT_WRONG = (ValueError, LookupError, TypeError, ArithmeticError)
"""What a version may raise at questions that the test set does not ask."""
SIDES = ("champion", "challenger", "anchor")
UNANSWERED = ""
"""The answer of a model that refuses a question: it is never right."""


class NotAsked(RuntimeError):
    """No labels are asked for; the message says why."""


@dataclass(frozen=True)
class Ground:
    """What a campaign stands on."""

    verdict: Decision
    case: Case
    family: ModelFamily
    rule: Rule
    look: int
    unjudged: int
    alpha: float


def open_for(
    log: DecisionLog,
    store: Store,
    client: RegistryClient,
    verdict: Decision,
    *,
    test_sets: Path,
    now: datetime,
    seed: str,
) -> Campaign:
    """Open a campaign for an undecided verdict, and put its questions into the queue.

    Raises `NotAsked` where labels cannot decide it, `Conflict` where champion or look have moved,
    and what fetching and asking the versions raises.
    """
    ground = _ground(log, verdict)
    text = ground.family.label_text
    assert text is not None
    since = now - timedelta(days=DAYS)
    questions = live_questions(store, verdict.model, text, since)
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder("labels"))
        packages = _packages(log, client, ground, folder)
        order = eligible(
            _groups(ground.family, questions),
            verdict.model,
            known=_known(store, ground, TestSets(store, test_sets)),
            trained=[read_keys(each.directory) or frozenset() for each in packages.values()],
            seed=seed,
        )
        if not order:
            raise NotAsked("no live question is in the test pool, unlabelled and unseen")
        rows = answered(packages, ground.family, [questions[group] for group in order])
    rows.insert(0, "group", order)
    rows.insert(1, "text", [str(questions[group][text]) for group in order])
    rows = drawn(rows, ground.case.policy.settings.labels_limit, seed)
    _require_hope(ground, rows)
    record = _record(log, ground, rows, since, now, seed)
    generation = _generation(verdict)
    entry = log.append(opening(verdict, record, look=ground.look, generation=generation))
    campaign = campaign_of(entry)
    publish(store, campaign.campaign_id, requests_of(campaign, rows))
    return campaign


def requests_of(campaign: Campaign, rows: pd.DataFrame) -> list[LabelRequest]:
    """Return the questions of a campaign's pool that are asked for, in their turn."""
    asked = rows[rows["asked"]].sort_values("queue")
    sides = [side for side in SIDES if side in asked]
    return [
        LabelRequest(
            campaign_id=campaign.campaign_id,
            place=int(row["queue"]),
            model=campaign.model,
            text=str(row["text"]),
            stratum="disagree" if row["stratum"] == "disagree" else "agree",
            weight=float(row["weight"]),
            answers={side: str(row[side]) for side in sides},
        )
        for row in asked.to_dict(orient="records")
    ]


def _ground(log: DecisionLog, verdict: Decision) -> Ground:
    """Return what the campaign stands on. Raises `NotAsked` where no label could decide."""
    family = catalog.family(verdict.model)
    case = case_of(log, verdict.record)
    settings = case.policy.settings
    if family.label_text is None or family.many:
        raise NotAsked(f"{verdict.model} is not answered by labels of a text")
    if not settings.ask_for_labels:
        raise NotAsked("the policy asks for no labels")
    if slice_metric(case.policy).columns != ("correct",):
        raise NotAsked(f"{verdict.model} has no share of right answers that labels could tell")
    test_set_id = str(verdict.test_set_id)
    look = log.looks(test_set_id) + 1
    more = unjudged(log, test_set_id, but=verdict.version)
    if spent(case.policy, look + more):
        raise NotAsked("the test set has no alpha left that could pay for labels")
    ruling = verdict.record["ruling"]
    assert isinstance(ruling, dict)
    alpha = alpha_at(settings.alpha, look + more)
    return Ground(verdict, case, family, ruling["rule"], look, more, alpha)


def _packages(
    log: DecisionLog, client: RegistryClient, ground: Ground, folder: Path
) -> dict[str, Package]:
    """Return the packages that have to answer: both, and the anchor where a retraining has one."""
    record = ground.verdict.record
    asked = {side: record[side] for side in SIDES}
    if ground.rule != "non_inferiority":
        del asked["anchor"]
    found = {}
    for side, contestant in asked.items():
        if isinstance(contestant, dict):
            version, directory = str(contestant["version"]), folder / side
            found[side] = admitted_package(log, client, ground.family, version, directory)
            if found[side].digest != contestant["artifact_digest"]:
                raise NotAsked(f"version {version} is not what it was when it was judged")
    return found


def _known(store: Store, ground: Ground, test_sets: TestSets) -> set[str]:
    """Return the groups whose truth is known already: in the test set, or by a label."""
    try:
        test_set = test_sets.get(ground.family, str(ground.verdict.test_set_id))
    except LookupError as error:
        raise NotAsked(f"what was tested is not known here: {error}") from None
    held = {str(group) for group in ground.family.groups(test_set.withheld)}
    return held | {group_key(label.text) for label in Labels(store).test_rows(ground.family.name)}


def _groups(family: ModelFamily, questions: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return what the family calls each question's group."""
    if not questions:
        return {}
    asked = pd.DataFrame([dict(each) for each in questions.values()])
    groups = family.groups(asked.assign(**{family.target: UNANSWERED}))
    return dict(zip(questions, map(str, groups), strict=True))


def answered(
    packages: dict[str, Package],
    family: ModelFamily,
    instances: Sequence[Mapping[str, object]],
) -> pd.DataFrame:
    """Return each side's answer to every question, in their order. Raises `NotAsked`."""
    columns = list(family.Request.model_fields)
    requests = pd.DataFrame(list(instances)).reindex(columns=columns)
    answers = {}
    for side, package in packages.items():
        runtime = open_runtime(package)
        try:
            answers[side] = _labels(runtime, requests, family.target)
        except WENT_WRONG as error:
            message = f"the {side} fails at live questions: {type(error).__name__}: {error}"
            raise NotAsked(message) from error
        finally:
            runtime.close()
    return pd.DataFrame(answers, index=pd.RangeIndex(len(requests), name="place"), dtype=str)


def _labels(runtime: Runtime, requests: pd.DataFrame, target: str) -> list[str]:
    try:
        answers = ask(runtime, requests)
    except RequestRefused:
        answers = [_alone(runtime, requests.iloc[[row]]) for row in range(len(requests))]
    return [str(rows[0][target]) if rows else UNANSWERED for rows in answers]


def _alone(runtime: Runtime, request: pd.DataFrame) -> list[dict[str, object]]:
    try:
        return ask(runtime, request)[0]
    except RequestRefused:
        return []


def _require_hope(ground: Ground, rows: pd.DataFrame) -> None:
    """Refuse to spend a look on labels that could not promote, whatever they say."""
    metric = slice_metric(ground.case.policy)
    assert ground.case.champion_rows is not None
    champion = metric.value(ground.case.champion_rows)
    hopeful = rows.assign(actual=rows["challenger"].where(rows["asked"], None))
    best = evidence(
        ground.case.policy,
        metric,
        champion,
        Labelled(ground.verdict.decision_id, hopeful, final=False),
        ground.rule,
        ground.alpha,
    )
    if best.log_e < best.needed:
        differ = int(disagreeing(rows).sum())
        raise NotAsked(
            f"the models differ on {differ:,} of {len(rows):,} live questions: too few to decide"
        )


def _record(
    log: DecisionLog,
    ground: Ground,
    rows: pd.DataFrame,
    since: datetime,
    now: datetime,
    seed: str,
) -> dict[str, object]:
    settings = ground.case.policy.settings
    sizes, asked = rows["stratum"].value_counts(), rows[rows["asked"]]["stratum"].value_counts()
    strata = ("disagree", "agree")
    return {
        "actor": "the gate",
        "finding": (
            f"{int(rows['asked'].sum())} labels are asked for to decide on version "
            f"{ground.verdict.version}: it and the champion differ on "
            f"{int((rows['champion'] != rows['challenger']).sum()):,} of {len(rows):,} live "
            "questions"
        ),
        "pool": log.save_predictions(rows),
        "since": since.isoformat(),
        "strata": {name: int(sizes.get(name, 0)) for name in strata},
        "asked": {name: int(asked.get(name, 0)) for name in strata},
        "weights": {
            name: float(rows.loc[rows["stratum"] == name, "weight"].iloc[0])
            for name in strata
            if name in sizes
        },
        "seed": seed,
        "unjudged": ground.unjudged,
        "stopping_rule": {
            "rule": ground.rule,
            "alpha": ground.alpha,
            "stakes": list(STAKES),
            "promotes": "bets on the live gain reach 1/alpha at any time (features.betting)",
            "refuses": "bets against a gain worth a promotion reach 20 at any time",
            "most_labels": settings.labels_limit,
        },
        "champion": ground.case.champion.version if ground.case.champion else None,
        "deadline": (now + timedelta(days=settings.labels_days)).isoformat(timespec="seconds"),
    }


def _generation(verdict: Decision) -> int:
    effects = verdict.record["effects"]
    assert isinstance(effects, dict)
    return int(effects["generation"])
