"""Review, orders and labels on request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Review, orders and labels on request."""
    op.create_table(
        "confirmed_orders",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("reviewer", sa.String(length=128), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("delivery", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.Float(), nullable=True),
        sa.Column("delivered_at", sa.String(length=32), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("message_id"),
        sa.UniqueConstraint("order_id"),
    )
    op.create_index("orders_to_deliver", "confirmed_orders", ["delivery", "next_attempt_at"])

    op.create_table(
        "label_requests",
        sa.Column("campaign_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("stratum", sa.String(length=16), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "place"),
    )
    op.create_index("label_requests_of_text", "label_requests", ["model", "key"])

    op.create_table(
        "label_withdrawals",
        sa.Column("label_id", sa.String(length=40), nullable=False),
        sa.Column("reviewer", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("label_id"),
    )
    op.create_table(
        "review_choices",
        sa.Column("choice_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=256), nullable=True),
        sa.Column("quantity", sa.Float(), nullable=False),
        sa.Column("reviewer", sa.String(length=128), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("label_id", sa.String(length=40), nullable=True),
        sa.Column("label_made", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("choice_id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("choices_by_time", "review_choices", ["created_at"])
    op.create_index("choices_of_line", "review_choices", ["line_id", "number"])
