"""Mapping state: with which mapping each object was last synchronised in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import mapping_state


@dataclass(frozen=True, slots=True)
class SyncedMapping:
    """The mapping with which an object was last synchronised in full.

    Attributes:
        digest: Of the mapping, with its lines that were back-filled since.
        full_sync_at: When the full sync was.
        fields: The keys of its lines, and of those back-filled since; None where nobody knows, as in a ledger that
            was written by an earlier version.
    """

    digest: str
    full_sync_at: datetime
    fields: frozenset[str] | None


class MappingState:
    """The table of mapping states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> dict[str, SyncedMapping]:
        """Read with which mapping each object was last synchronised in full."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(mapping_state)).all()
        return {
            row.object: SyncedMapping(
                row.digest_at_full_sync,
                row.full_sync_at,
                None if row.fields_at_full_sync is None else frozenset(row.fields_at_full_sync),
            )
            for row in rows
        }

    def objects_due(self, digests: Mapping[str, str]) -> list[str]:
        """Name the objects whose mapping changed since their last full sync: what it lets in anew is in no window.

        Args:
            digests: The mapping of each object as it is now.
        """
        state = self.read()
        return sorted(name for name, digest in digests.items() if name not in state or state[name].digest != digest)

    def keep(self, object: str, digest: str, now: datetime, fields: Iterable[str] | None = None) -> None:
        """Note that an object has been synchronised in full.

        Args:
            object: The object.
            digest: Of its mapping.
            now: When.
            fields: The keys of the mapping's lines; None where they are not known.
        """
        known = None if fields is None else sorted(set(fields))
        row = {"digest_at_full_sync": digest, "full_sync_at": now, "fields_at_full_sync": known}
        insert = self._database.insert(mapping_state).values(object=object, **row)
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["object"], set_=row))
