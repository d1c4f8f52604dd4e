"""Orders of lines that came later, and an index of the lines that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# As PostgreSQL names what revision 0002 left without a name.
NAMES = {"uq": "%(table_name)s_%(column_0_name)s_key"}


def upgrade() -> None:
    """Orders of lines that came later, and an index of the lines that wait."""
    with op.batch_alter_table("confirmed_orders", naming_convention=NAMES) as orders:
        orders.add_column(sa.Column("part", sa.Integer(), nullable=False, server_default="1"))
        orders.drop_constraint("confirmed_orders_message_id_key", type_="unique")
        orders.create_unique_constraint("orders_of_message", ["message_id", "part"])
    op.create_index(
        "feed_that_waits",
        "feed_lines",
        ["received_at"],
        sqlite_where=sa.text("read IS 0"),
        postgresql_where=sa.text("read IS false"),
    )
