"""What becomes of people: history of bindings, tombstones, and what is owed to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the history of bindings, and what bindings remember beyond the life of a record."""
    op.add_column("bindings", sa.Column("owed", sa.Text, server_default="{}", nullable=False))
    op.add_column("bindings", sa.Column("email", sa.Text))
    op.add_column("bindings", sa.Column("checked_at", sa.DateTime(timezone=True)))
    op.create_index("ix_bindings_email", "bindings", ["email"])
    op.create_index("ix_bindings_status_checked_at", "bindings", ["status", "checked_at"])
    op.create_table(
        "binding_events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("binding_id", sa.Integer),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("salesforce_id", sa.Text, server_default="", nullable=False),
        sa.Column("salesmanago_id", sa.Text, server_default="", nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("run_id", sa.Integer),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_binding_events"),
    )
    for column in ("binding_id", "salesforce_id", "salesmanago_id"):
        op.create_index(f"ix_binding_events_{column}", "binding_events", [column])
