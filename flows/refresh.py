"""The feed's refresh: takes in new order lines and has them predicted, on a schedule."""

from __future__ import annotations

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from pipelines.decisions.log import DecisionLog
from pipelines.orders.feed import over_http
from pipelines.orders.feed import refresh as refresh_feed
from pipelines.rollouts.records import active_rollouts
from pipelines.settings import load_settings
from pipelines.store import open_store


class FeedIncomplete(RuntimeError):
    """A part of the refresh could not be done; the next one makes up for it."""


@flow(name="refresh-feed", description="Take in new order lines and predict those that need it.")
def refresh(requested_by: str = "", reason: str = "") -> dict[str, int]:
    """Refresh once; who asked for it is only shown. Raises `FeedIncomplete` naming what failed."""
    del requested_by, reason
    settings = load_settings()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")

    def trials() -> list[str]:
        return [rollout.rollout_id for rollout in active_rollouts(log).values()]

    predict = over_http(settings.api_url, headers=settings.logins.api_headers)
    try:
        report = refresh_feed(settings, store, predict=predict, trials=trials)
    finally:
        store.close()
    counts = {
        "read": report.read,
        "added": report.added,
        "predicted": report.predicted,
        "refused": report.refused,
        "waiting": report.waiting,
        "damaged": report.damaged_lines,
    }
    get_run_logger().info("%s", counts)
    if report.damaged:
        rows = [{"where": each.where, "reason": each.reason} for each in report.damaged]
        create_table_artifact(rows, key="feed-damaged", description="What could not be taken in")
    if report.problems:
        raise FeedIncomplete("; ".join(report.problems))
    return counts
