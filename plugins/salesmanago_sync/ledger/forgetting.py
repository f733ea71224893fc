"""Forgetting: what the ledger holds of single people, wiped; ids, times and codes stay, and a hash of the address.

With the ids the numbers of past runs stay right, and whoever was deleted is not created again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from salesmanago_sync.ledger.addresses import address_key, hashed
from salesmanago_sync.ledger.bindings import ADDRESS, ENDED
from salesmanago_sync.ledger.consent import OPTED_IN
from salesmanago_sync.ledger.decisions import insert_decision
from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import chunks
from salesmanago_sync.ledger.tables import binding_events, bindings, changes, choices, consent_evidence, issues, runs

IDS = ("salesforce_id", "salesmanago_id")
# Where an id leads to the other ids of the same person.
LINKS = (bindings, binding_events)
# How many a statement takes; each of them is in it twice or more.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PersonIds:
    """The ids of people, of both sides.

    Attributes:
        salesforce: Salesforce Ids of 18 characters.
        salesmanago: Contact ids.
    """

    salesforce: frozenset[str] = frozenset()
    salesmanago: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.salesforce or self.salesmanago)

    def __or__(self, other: PersonIds) -> PersonIds:
        return PersonIds(self.salesforce | other.salesforce, self.salesmanago | other.salesmanago)


class People:
    """Finds people in all tables, and wipes them out of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids_of_addresses(self, addresses: Sequence[str]) -> PersonIds:
        """Name the people of whom the ledger holds one of some addresses, in clear or as a hash.

        Args:
            addresses: Normalised addresses.
        """
        found = PersonIds()
        with self._database.read() as connection:
            key = address_key(connection)
            for address in addresses:
                for table, holds in _holding(address, hashed(key, address)):
                    found |= _ids(connection.execute(sa.select(*(table.c[side] for side in IDS)).where(holds)))
        return found

    def all_ids(self, ids: PersonIds) -> PersonIds:
        """Add the ids of the other side, and those that a record or contact of these people had before."""
        with self._database.read() as connection:
            return _widened(connection, ids)

    def count_rows(self, ids: PersonIds) -> dict[str, int]:
        """Count what the ledger holds of people: rows by table."""
        tables = (bindings, changes, issues, consent_evidence)
        with self._database.read() as connection:
            return {table.name: len(_numbers(connection, table, ids)) for table in tables}

    def forget(self, ids: PersonIds, who: str, now: datetime) -> None:
        """Wipe people: base values, changes, issues, free text of the history and of the evidence.

        What services said of whole requests is wiped for everybody: nobody can tell whom it names.

        Args:
            ids: All their ids (`all_ids`).
            who: The user who decides it.
            now: The time.
        """
        with self._database.write() as connection:
            _forget(connection, ids)
            connection.execute(sa.update(runs).where(runs.c.service_words != "").values(service_words=""))
            insert_decision(connection, "forget", who, sorted(ids.salesforce | ids.salesmanago), now)
        self._database.compact()


def forget_gone(connection: sa.Connection, before: datetime) -> None:
    """Wipe whoever has been gone on both sides since before a moment."""
    columns = [bindings.c[side] for side in IDS]
    query = sa.select(*columns).where(ENDED, bindings.c.updated_at < before, bindings.c.base != "{}")
    gone = _ids(connection.execute(query))
    if gone:
        _forget(connection, _widened(connection, gone))


def _holding(address: str, hash_: str) -> list[tuple[sa.Table, sa.ColumnElement[bool]]]:
    # Bases keep letters as they are; other JSON may hold them escaped.
    quoted = json.dumps(address, ensure_ascii=False)
    spellings = {address, json.dumps(address)[1:-1]}
    texts = [issues.c[name].icontains(text, autoescape=True) for name in ("values", "text") for text in spellings]
    chosen = sa.select(choices.c.issue_id).where(
        sa.or_(*(choices.c.value.icontains(text, autoescape=True) for text in spellings))
    )
    return [
        (bindings, sa.or_(bindings.c.email == hash_, bindings.c.base.icontains(quoted, autoescape=True))),
        (changes, sa.or_(sa.func.lower(changes.c.old) == address, sa.func.lower(changes.c.new) == address)),
        (issues, sa.or_(*texts, issues.c.id.in_(chosen))),
    ]


def _ids(rows: Iterable[Any]) -> PersonIds:
    pairs = [tuple(row) for row in rows]
    return PersonIds(frozenset(a for a, _ in pairs if a), frozenset(m for _, m in pairs if m))


def _widened(connection: sa.Connection, ids: PersonIds) -> PersonIds:
    while True:
        wider = ids
        for table in LINKS:
            for these in _bearing(table, ids):
                wider |= _ids(connection.execute(sa.select(*(table.c[side] for side in IDS)).where(these)))
            # A binding that has moved names its former ids in its history only.
        numbers = [
            number
            for these in _bearing(binding_events, wider)
            for number in connection.execute(sa.select(binding_events.c.binding_id).where(these)).scalars()
            if number is not None
        ]
        for some in chunks(numbers, AT_ONCE):
            for table, column in ((bindings, bindings.c.id), (binding_events, binding_events.c.binding_id)):
                query = sa.select(*(table.c[side] for side in IDS)).where(column.in_(some))
                wider |= _ids(connection.execute(query))
        if wider == ids:
            return ids
        ids = wider


def _bearing(table: sa.Table, ids: PersonIds) -> list[sa.ColumnElement[bool]]:
    """Conditions, each of which fits a statement, for rows that bear one of the ids."""
    named = ((IDS[0], ids.salesforce), (IDS[1], ids.salesmanago))
    return [table.c[side].in_(some) for side, names in named for some in chunks(sorted(names), AT_ONCE)]


def _theirs(table: sa.Table, ids: PersonIds) -> list[sa.ColumnElement[bool]]:
    """The same; changes are asked run by run, so that their index is used."""
    conditions = _bearing(table, ids)
    if table is changes:
        of_run = changes.c.run_id.in_(sa.select(runs.c.id))
        conditions = [sa.and_(of_run, these) for these in conditions]
    return conditions


def _numbers(connection: sa.Connection, table: sa.Table, ids: PersonIds) -> set[int]:
    """Number the rows of people; most bear an id of either side, and are found twice."""
    return {
        number
        for these in _theirs(table, ids)
        for number in connection.execute(sa.select(table.c.id).where(these)).scalars()
    }


def _forget(connection: sa.Connection, ids: PersonIds) -> None:
    _keep_hashes(connection, ids)
    for these in _theirs(bindings, ids):
        connection.execute(sa.update(bindings).where(these).values(base="{}"))
    for these in _theirs(changes, ids):
        connection.execute(sa.update(changes).where(these).values(old=None, new=None, held=None))
    for these in _theirs(issues, ids):
        connection.execute(sa.delete(choices).where(choices.c.issue_id.in_(sa.select(issues.c.id).where(these))))
        connection.execute(sa.delete(issues).where(these))
    for these in _theirs(consent_evidence, ids):
        # Without this word, evidence is that of an opt-out.
        kept = sa.case((consent_evidence.c.note.endswith(OPTED_IN), OPTED_IN), else_="")
        connection.execute(sa.update(consent_evidence).where(these).values(note=kept))
    for these in _theirs(binding_events, ids):
        connection.execute(sa.update(binding_events).where(these).values(note=""))


def _keep_hashes(connection: sa.Connection, ids: PersonIds) -> None:
    """Keep a hash of the address of everybody who has none yet: the address is about to go with the base."""
    key = address_key(connection)
    for these in _theirs(bindings, ids):
        query = sa.select(bindings.c.id, bindings.c.base).where(these, bindings.c.email.is_(None))
        for row in connection.execute(query).all():
            address = next((part for part in reversed(json.loads(row.base).get(ADDRESS) or []) if part), None)
            if address is not None:
                change = sa.update(bindings).where(bindings.c.id == row.id)
                connection.execute(change.values(email=hashed(key, address)))
