"""Pairs: whose ledger it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column; a ledger that was used before there were pairs is that of the first."""
    op.add_column("identity", sa.Column("pair", sa.Text))
    for table in ("runs", "bindings", "layout_edits"):
        used = sa.exists(sa.select(sa.text("1")).select_from(sa.table(table)))
        op.execute(sa.update(sa.table("identity", sa.column("pair"))).values(pair="default").where(used))
