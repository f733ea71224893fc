"""The layouts that the set-up of Salesforce edited, with their originals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "layout_edits",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("org_id", sa.Text, nullable=False),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("state", sa.Text, server_default="deployed", nullable=False),
        sa.Column("original", sa.LargeBinary, nullable=False),
        sa.Column("original_sha256", sa.Text, nullable=False),
        sa.Column("deployed", sa.LargeBinary, nullable=False),
        sa.Column("deployed_sha256", sa.Text, nullable=False),
        sa.Column("assignments", sa.Text, server_default="[]", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_layout_edits"),
    )
    op.create_index("ix_layout_edits_org_id_layout", "layout_edits", ["org_id", "layout"])
