"""The bindings that a run made are found by an index."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_bindings_created_by_run", "bindings", ["created_by_run"])
