"""Choices: what people decided about conflicts that are held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "choices",
        sa.Column("issue_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("chosen", sa.Text, nullable=False),
        sa.Column("salesforce_held", sa.Text, nullable=False),
        sa.Column("salesmanago_held", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("salesforce_written", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("salesmanago_written", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("state", sa.Text, server_default="waiting", nullable=False),
        sa.Column("why", sa.Text, server_default="", nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", name="pk_choices"),
    )
