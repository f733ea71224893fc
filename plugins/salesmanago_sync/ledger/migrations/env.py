"""How Alembic reaches the ledger: through the connection that `migration.migrate` opened."""

from __future__ import annotations

from alembic import context

from salesmanago_sync.ledger.migration import VERSION_TABLE
from salesmanago_sync.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
