"""When contacts were written since the last synchronisation is found by an index."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_bindings_salesmanago_written_at", "bindings", ["salesmanago_written_at"])
