"""Progress and requests of a run, and how long each change took to arrive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    columns = (
        sa.Column("step", sa.Text, server_default="", nullable=False),
        sa.Column("step_at", sa.DateTime(timezone=True)),
        sa.Column("records_read", sa.Integer, server_default="0", nullable=False),
        sa.Column("salesforce_calls", sa.Integer, server_default="0", nullable=False),
        sa.Column("salesmanago_calls", sa.Integer, server_default="0", nullable=False),
        sa.Column("salesforce_calls_today", sa.Integer),
        sa.Column("salesforce_calls_allowed", sa.Integer),
        sa.Column("salesforce_address", sa.Text, server_default="", nullable=False),
    )
    for column in columns:
        op.add_column("runs", column)
    op.add_column("changes", sa.Column("delay_seconds", sa.Integer))
