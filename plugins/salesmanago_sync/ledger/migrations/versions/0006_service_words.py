"""What a service said when it refused a whole request: kept here, because it may repeat the values of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the words to the run."""
    op.add_column("runs", sa.Column("service_words", sa.Text, server_default="", nullable=False))
