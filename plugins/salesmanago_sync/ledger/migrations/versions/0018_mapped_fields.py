"""Mapped fields: which fields each object had at its last full sync; null where nobody knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column."""
    op.add_column("mapping_state", sa.Column("fields_at_full_sync", sa.JSON))
