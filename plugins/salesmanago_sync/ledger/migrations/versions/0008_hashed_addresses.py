"""Addresses of people who are gone become keyed hashes."""

from __future__ import annotations

from secrets import token_hex

import sqlalchemy as sa
from alembic import op

from salesmanago_sync.ledger.addresses import hashed

revision = "0008"
down_revision = "0007"

BATCH = 5_000


def upgrade() -> None:
    """Make the key, and hash what is there."""
    key = token_hex(32)
    op.add_column("identity", sa.Column("address_key", sa.Text, server_default="", nullable=False))
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE identity SET address_key = :key"), {"key": key})
    change = sa.text("UPDATE bindings SET email = :email WHERE id = :id")
    found = connection.execute(sa.text("SELECT id, email FROM bindings WHERE email IS NOT NULL")).all()
    for start in range(0, len(found), BATCH):
        rows = [{"id": row.id, "email": hashed(key, row.email)} for row in found[start : start + BATCH]]
        connection.execute(change, rows)
