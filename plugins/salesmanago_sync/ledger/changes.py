"""Changes: what a run planned for each field, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import chunks, filled, pieces, select_frame, stamped, together
from salesmanago_sync.ledger.overwriting import overwrite
from salesmanago_sync.ledger.tables import changes, runs

KEYS = ("salesforce_id", "salesmanago_id", "field")
PLANNED = ["object", "direction", "action", *KEYS, "old", "new", "rule", "reason"]
TOLD = ["state", "reason", "delay_seconds", "held"]


class Changes:
    """The table of changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, run_id: int, frame: pd.DataFrame, now: datetime, people: pd.DataFrame | None = None) -> None:
        """Store what a run is about to do, in place of what it had planned and not begun.

        Args:
            run_id: The run.
            frame: `object, direction, action`, and any of `salesforce_id, salesmanago_id, field, old, new,
                rule, reason`.
            now: The time.
            people: `salesforce_id, salesmanago_id` of those whose earlier plan it replaces; nothing for everybody's.
        """
        with self._database.write() as connection:
            for these in [[]] if people is None else _of_people(people):
                connection.execute(
                    sa.delete(changes).where(changes.c.run_id == run_id, changes.c.state == "planned", *these)
                )
            _insert(connection, run_id, frame, now)

    def replan(self, run_id: int, old: pd.DataFrame, new: pd.DataFrame, now: datetime) -> None:
        """Put new plans in the place of some that turned out to be out of date.

        Args:
            run_id: The run.
            old: `salesforce_id, salesmanago_id, field, direction` of the planned changes that are dropped.
            new: What takes their place, as for `plan`.
            now: The time.
        """
        with self._database.write() as connection:
            _settle(connection, run_id, old.assign(state="dropped"))
            _insert(connection, run_id, new, now)

    def leave(self, run_id: int, frame: pd.DataFrame, now: datetime) -> None:
        """Store what a run looked at and leaves as it is, in place of what it had left of these people before.

        Args:
            run_id: The run.
            frame: As for `plan`, with `reason`.
            now: The time.
        """
        with self._database.write() as connection:
            for these in _of_people(frame):
                connection.execute(
                    sa.delete(changes).where(changes.c.run_id == run_id, changes.c.state == "dropped", *these)
                )
            for piece in pieces(frame):
                connection.execute(
                    sa.insert(changes), [row | {"state": "dropped"} for row in _planned(run_id, piece, now)]
                )

    def drop_planned(self, run_id: int, reason: str) -> int:
        """Drop what a run had planned and not written.

        Args:
            run_id: The run.
            reason: Why.

        Returns:
            How many changes were dropped.
        """
        planned = (changes.c.run_id == run_id, changes.c.state == "planned")
        with self._database.write() as connection:
            return connection.execute(
                sa.update(changes).where(*planned).values(state="dropped", reason=reason)
            ).rowcount

    def settle(self, run_id: int, frame: pd.DataFrame) -> None:
        """Say what became of planned changes.

        Args:
            run_id: The run.
            frame: `salesforce_id, salesmanago_id, field, direction` as planned, the new `state`, and `reason` and
                `delay_seconds`, and `held`, raw values from before the write (JSON).
        """
        with self._database.write() as connection:
            _settle(connection, run_id, frame)

    def settle_question(self, run_id: int, dropped: pd.DataFrame, **columns: Any) -> None:
        """Settle planned changes that a person did not approve, and say so in the run's line, both or neither.

        Args:
            run_id: The run.
            dropped: The changes, as for `settle`.
            **columns: Columns of the run.
        """
        with self._database.write() as connection:
            _settle(connection, run_id, dropped)
            connection.execute(sa.update(runs).where(runs.c.id == run_id).values(columns))

    def read(self, run_id: int, limit: int | None = None, offset: int = 0, **equal: Any) -> pd.DataFrame:
        """Read changes of a run.

        Args:
            run_id: The run.
            limit: How many at most.
            offset: How many to leave out.
            **equal: Column names and the value, or list of values, that they must have.
        """
        query = sa.select(changes).where(*_these(run_id, equal)).order_by(changes.c.id).offset(offset).limit(limit)
        with self._database.read() as connection:
            return select_frame(connection, query)

    def read_of(self, run_id: int, people: pd.DataFrame, columns: Sequence[str], **equal: Any) -> pd.DataFrame:
        """Read some columns of a run's changes of some people.

        Args:
            run_id: The run.
            people: `salesforce_id, salesmanago_id`.
            columns: Of the table.
            **equal: As for `read`.
        """
        chosen = [changes.c[name] for name in columns]
        with self._database.read() as connection:
            parts = [
                select_frame(connection, sa.select(*chosen).where(*_these(run_id, equal), *these))
                for these in _of_people(people)
            ]
        return together(chosen, parts)

    def count(self, run_id: int, **equal: Any) -> int:
        """Count changes of a run; `equal` as for `read`."""
        query = sa.select(sa.func.count()).select_from(changes).where(*_these(run_id, equal))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def last_run(self) -> int | None:
        """Name the newest run that planned something; None where none did."""
        with self._database.read() as connection:
            found: int | None = connection.execute(sa.select(sa.func.max(changes.c.run_id))).scalar()
        return found

    def distinct(self, run_id: int, column: str, **equal: Any) -> list[str]:
        """Read which values a column takes in a run, in order; `equal` as for `read`."""
        query = sa.select(changes.c[column]).where(*_these(run_id, equal), changes.c[column] != "").distinct()
        with self._database.read() as connection:
            return sorted(connection.execute(query).scalars())

    def count_people(self, run_id: int) -> tuple[int, int]:
        """Count whom a run writes, each person once for each direction: all of them, and those still to come."""
        person = changes.c.direction + " " + changes.c.salesforce_id + " " + changes.c.salesmanago_id
        pending = sa.func.count(sa.case((changes.c.state == "planned", person)).distinct())
        query = sa.select(sa.func.count(person.distinct()), pending)
        with self._database.read() as connection:
            row = connection.execute(query.where(changes.c.run_id == run_id, changes.c.state != "dropped")).one()
        return int(row[0]), int(row[1])

    def read_unwritten(self, fields: Sequence[str], limit: int = 1_000) -> pd.DataFrame:
        """Read changes of some fields that runs planned and did not write, the oldest first.

        Those of runs before the newest one that looked at everything and came to its end are obsolete: it has planned
        anew what was still due.

        Args:
            fields: Their keys.
            limit: How many at most.

        Returns:
            `salesforce_id, salesmanago_id, field, at`.
        """
        writes = (~runs.c.dry_run, runs.c.mode.in_(("full", "incremental")))
        newest = sa.select(sa.func.max(runs.c.id)).where(*writes, runs.c.state == "success", ~runs.c.restricted)
        since = sa.func.coalesce(newest.scalar_subquery(), 0)
        planned = (*writes, changes.c.run_id > since, changes.c.state == "planned", changes.c.field.in_(fields))
        columns = (changes.c.salesforce_id, changes.c.salesmanago_id, changes.c.field, changes.c.at)
        query = sa.select(*columns).join(runs, runs.c.id == changes.c.run_id).where(*planned).order_by(changes.c.at)
        with self._database.read() as connection:
            return select_frame(connection, query.limit(limit))

    def delays(self, limit: int = 20_000) -> pd.DataFrame:
        """Read how long the newest changes of incremental runs took, one row a person and run.

        Args:
            limit: How many changes at most.

        Returns:
            `direction, delay_seconds`.
        """
        columns = ("run_id", "direction", "salesforce_id", "salesmanago_id", "delay_seconds")
        measured = (
            sa.select(*(changes.c[name] for name in columns))
            .join(runs, runs.c.id == changes.c.run_id)
            .where(runs.c.mode == "incremental", changes.c.state == "done", changes.c.delay_seconds.is_not(None))
            .order_by(changes.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return select_frame(connection, measured).drop_duplicates(columns)[["direction", "delay_seconds"]]


def _these(run_id: int, equal: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    filters = [
        changes.c[name].in_(value) if isinstance(value, (list, tuple, set)) else changes.c[name] == value
        for name, value in equal.items()
    ]
    return [changes.c.run_id == run_id, *filters]


def _of_people(people: pd.DataFrame) -> Iterator[list[sa.ColumnElement[bool]]]:
    """Write conditions that find the changes of some people, as the index has them."""
    records, contacts = (people[name].where(people[name].ne("")).dropna() for name in KEYS[:2])
    for chunk in chunks(records):
        yield [changes.c.salesforce_id.in_(chunk)]
    for chunk in chunks(contacts):
        yield [changes.c.salesforce_id == "", changes.c.salesmanago_id.in_(chunk)]


def _insert(connection: sa.Connection, run_id: int, frame: pd.DataFrame, now: datetime) -> None:
    for piece in pieces(frame):
        connection.execute(sa.insert(changes), _planned(run_id, piece, now))


def _planned(run_id: int, frame: pd.DataFrame, now: datetime) -> list[dict[str, Any]]:
    blanks: dict[str, Any] = {name: "" for name in KEYS} | {"old": None, "new": None, "rule": None, "reason": None}
    return stamped(filled(frame, blanks)[PLANNED], run_id=run_id, state="planned", at=now)


def _settle(connection: sa.Connection, run_id: int, frame: pd.DataFrame) -> None:
    keys = [*KEYS, "direction"]
    blanks: dict[str, Any] = {name: "" for name in KEYS} | {"reason": None, "delay_seconds": None, "held": None}
    told = filled(frame, blanks)[[*keys, *TOLD]].assign(run_id=run_id)
    # What was dropped stays dropped: a newer plan has the same keys.
    overwrite(
        connection,
        changes,
        told,
        ["run_id", *keys],
        lambda given: {name: given[name] for name in TOLD},
        changes.c.state != "dropped",
    )
