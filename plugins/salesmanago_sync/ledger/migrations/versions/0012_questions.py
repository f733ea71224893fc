"""Questions: what a run asks before it writes, until when it waits, and the answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("question", sa.JSON))
    op.add_column("runs", sa.Column("waits_until", sa.DateTime(timezone=True)))
