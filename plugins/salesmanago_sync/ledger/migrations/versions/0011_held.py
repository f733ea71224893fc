"""What a service held before a write, in its own spelling, so that an undo can put just that back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column."""
    op.add_column("changes", sa.Column("held", sa.Text))
