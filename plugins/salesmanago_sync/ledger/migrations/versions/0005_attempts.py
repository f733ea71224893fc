"""Attempts: the number that a run works under, and which ledger this is."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the numbers, and give the ledger its name."""
    op.add_column("run_lock", sa.Column("attempt", sa.Integer, server_default="0", nullable=False))
    op.add_column("runs", sa.Column("attempt", sa.Integer, server_default="0", nullable=False))
    identity = op.create_table(
        "identity",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
    )
    op.bulk_insert(identity, [{"id": uuid4().hex, "made_at": datetime.now(UTC)}])
