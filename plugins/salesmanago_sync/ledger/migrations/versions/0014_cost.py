"""Cost: how many requests a run said that it would make, before it wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column."""
    op.add_column("runs", sa.Column("calls_planned", sa.JSON))
