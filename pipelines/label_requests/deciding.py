"""What the labels of a campaign make of the verdict that asked for them: decided and recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from features.text import group_key
from pipelines.gate.comparison import slice_metric
from pipelines.gate.labelled import Labelled, evidence
from pipelines.gate.promotion import decide
from pipelines.label_requests import queue
from pipelines.label_requests.campaign import Campaign, require_undecided
from pipelines.records.updates import append_updated
from pipelines.records.verdicts import case_of

if TYPE_CHECKING:
    from pipelines.decisions.log import Decision, DecisionLog
    from pipelines.gate.case import Case
    from pipelines.gate.labelled import LabelFigures
    from pipelines.store import Store


def labelled_of(log: DecisionLog, store: Store, campaign: Campaign, *, over: bool) -> Labelled:
    """Return a campaign's pool with the labels that count by now."""
    rows = log.load_predictions(campaign.pool)
    labels = queue.labels_since(store, campaign.model, campaign.opened_at)
    said = {group_key(label.text): label.value for label in labels}
    known = rows["group"].map(said).astype(object)
    rows = rows.drop(columns="text").assign(actual=known.where(rows["asked"], None))
    final = over or bool(rows.loc[rows["asked"], "actual"].notna().all())
    return Labelled(campaign.campaign_id, rows, final)


def update(
    log: DecisionLog, store: Store, campaign: Campaign, *, over: bool
) -> tuple[Decision | None, Labelled]:
    """Record the verdict that the labels make, if they make one; return it and the labels.

    They do when they promote or refuse, or when no more of them can come; until then nothing is
    recorded. Raises `Conflict` when the champion has moved, or somebody else recorded it.
    """
    before = log.get(campaign.updates)
    labelled = labelled_of(log, store, campaign, over=over)
    case = _case(case_of(log, before.record), campaign, labelled)
    if not labelled.final and not _figures(case, campaign, labelled).settled:
        return None, labelled
    ruling = decide(case)
    if ruling.verdict == "undecided" and not labelled.final:
        return None, labelled
    decision = append_updated(
        log,
        before,
        case,
        ruling,
        expected_generation=campaign.generation,
        guard=lambda connection: require_undecided(connection, campaign),
    )
    return decision, labelled


def _case(before: Case, campaign: Campaign, labelled: Labelled) -> Case:
    return replace(before, look=campaign.look, unjudged=campaign.unjudged, labels=labelled)


def _figures(case: Case, campaign: Campaign, labelled: Labelled) -> LabelFigures:
    """Return what the labels say alone: quickly, for it is asked after every label."""
    assert case.champion_rows is not None
    metric = slice_metric(case.policy)
    champion = metric.value(case.champion_rows)
    return evidence(case.policy, metric, champion, labelled, campaign.rule, campaign.alpha)
