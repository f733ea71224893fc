"""Probe contacts: the throw-away contacts of probes, so that none is left behind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import probe_contacts


class ProbeContacts:
    """The table of these contacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, account: str, addresses: Iterable[str], now: datetime) -> None:
        """Write down contacts that are about to be made; one that is written down already stays as it is."""
        rows = [{"address": one, "account": account, "made_at": now} for one in addresses]
        insert = self._database.insert(probe_contacts).values(rows).on_conflict_do_nothing()
        with self._database.write() as connection:
            connection.execute(insert)

    def list_left(self, account: str) -> list[str]:
        """Name those of an account that were not removed, in the order of their making."""
        query = (
            sa.select(probe_contacts.c.address)
            .where(probe_contacts.c.account == account, probe_contacts.c.removed_at.is_(None))
            .order_by(probe_contacts.c.made_at, probe_contacts.c.address)
        )
        with self._database.read() as connection:
            return [str(one) for one in connection.execute(query).scalars()]

    def note_removed(self, address: str, now: datetime) -> None:
        """Write down that a contact is gone."""
        where = probe_contacts.c.address == address
        with self._database.write() as connection:
            connection.execute(sa.update(probe_contacts).where(where).values(removed_at=now))
