"""Bindings: which Salesforce record and which SALESmanago contact are the same person, and what both last held."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import chunks, filled, frame_of, rows_of, select_frame, stamped
from salesmanago_sync.ledger.tables import bindings

PAIR = ["salesforce_id", "salesmanago_id"]
CLOCKS = ("salesforce_person_clock", "salesforce_written_at", "salesmanago_person_clock", "salesmanago_written_at")
DEFAULTS = {"status": "active", "base": "{}", "salesforce_written": "[]", "salesmanago_written": "[]", "bounces": "{}"}
OPTIONAL = (*CLOCKS, *DEFAULTS)


class Bindings:
    """The table of bindings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_empty(self) -> bool:
        """Tell whether nobody is bound."""
        with self._database.read() as connection:
            return connection.execute(sa.select(bindings.c.id).limit(1)).first() is None

    def count_bindings(self) -> int:
        """Count the people who are bound."""
        with self._database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(bindings)).scalar_one())

    def bindings(
        self,
        salesforce_ids: Iterable[str] | None = None,
        salesmanago_ids: Iterable[str] | None = None,
        objects: Iterable[str] | None = None,
        statuses: Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Read bindings.

        Args:
            salesforce_ids: Ids of 18 characters. A binding that has one of these or one of `salesmanago_ids` is read.
            salesmanago_ids: Contact ids.
            objects: Only these objects.
            statuses: Only `active`, `paused` or `deleted` ones.

        Returns:
            Every column of the table, by id.
        """
        wanted = {"salesforce_id": salesforce_ids, "salesmanago_id": salesmanago_ids}
        narrow = [
            bindings.c[name].in_(list(values))
            for name, values in (("object", objects), ("status", statuses))
            if values is not None
        ]
        with self._database.read() as connection:
            if salesforce_ids is None and salesmanago_ids is None:
                return select_frame(connection, sa.select(bindings).where(*narrow).order_by(bindings.c.id))
            rows = {
                row.id: row
                for name, ids in wanted.items()
                for chunk in chunks(() if ids is None else ids)
                for row in connection.execute(sa.select(bindings).where(bindings.c[name].in_(chunk), *narrow))
            }
        return frame_of(list(bindings.c), [rows[key] for key in sorted(rows)])

    def bind(self, frame: pd.DataFrame, run_id: int, now: datetime) -> pd.DataFrame:
        """Bind pairs.

        A pair that is already bound keeps its id and how it was matched; the given base values are merged into its
        own, its other given columns take the new value. Of two rows that claim the same id the first wins.

        Args:
            frame: `object`, the two ids, `matched_by`, and any of `OPTIONAL`.
            run_id: The run that binds.
            now: The time.

        Returns:
            For each row, on its index, `id` and `refused`: an id of it already belongs to another pair.
        """
        given = [name for name in OPTIONAL if name in frame]
        pairs = filled(frame[["object", *PAIR, "matched_by", *given]], DEFAULTS)
        new = stamped(pairs.drop_duplicates(PAIR), created_at=now, updated_at=now, created_by_run=run_id)
        with self._database.write() as connection:
            before = _ids(connection, pairs)
            if new:
                connection.execute(self._database.insert(bindings).on_conflict_do_nothing(), new)
            after = _ids(connection, pairs)
            known = frame[given].assign(id=before).dropna(subset=["id"])
            _rewrite(connection, known.drop(columns="base", errors="ignore"), now)
            if "base" in given:
                _merge_base(connection, known[["id", "base"]].dropna(), now)
        return pd.DataFrame({"id": after, "refused": after.isna()})

    def save(self, frame: pd.DataFrame, now: datetime) -> None:
        """Overwrite columns of bindings.

        Args:
            frame: `id`, and the columns to overwrite; the others stay.
            now: The time.
        """
        with self._database.write() as connection:
            _rewrite(connection, frame, now)

    def merge_base(self, frame: pd.DataFrame, now: datetime) -> None:
        """Remember what both sides hold in some fields; what is remembered of the other fields stays.

        Args:
            frame: `id`, and `base` as JSON of these fields only. A field that is null is forgotten.
            now: The time.
        """
        with self._database.write() as connection:
            _merge_base(connection, frame[["id", "base"]], now)


def _ids(connection: sa.Connection, pairs: pd.DataFrame) -> pd.Series:
    query = sa.select(bindings.c.id, bindings.c.salesforce_id, bindings.c.salesmanago_id)
    stored = {
        (row.salesforce_id, row.salesmanago_id): row.id
        for chunk in chunks(pairs["salesforce_id"])
        for row in connection.execute(query.where(bindings.c.salesforce_id.in_(chunk)))
    }
    keys = zip(pairs["salesforce_id"], pairs["salesmanago_id"], strict=True)
    return pd.Series([stored.get(key) for key in keys], index=pairs.index, dtype="Int64")


def _rewrite(connection: sa.Connection, frame: pd.DataFrame, now: datetime) -> None:
    names = [str(name) for name in frame if name != "id"]
    if frame.empty or not names:
        return
    rows = stamped(frame.rename(columns={"id": "row_id"}), updated_at=now)
    change: dict[str, Any] = {name: sa.bindparam(name) for name in [*names, "updated_at"]}
    connection.execute(sa.update(bindings).where(bindings.c.id == sa.bindparam("row_id")).values(change), rows)


def _merge_base(connection: sa.Connection, frame: pd.DataFrame, now: datetime) -> None:
    news: dict[int, dict[str, Any]] = {}
    for row in rows_of(frame):
        news.setdefault(row["id"], {}).update(json.loads(row["base"]))
    query = sa.select(bindings.c.id, bindings.c.base)
    merged = [
        {"id": row.id, "base": _spelled(json.loads(row.base) | news[row.id])}
        for chunk in chunks(news)
        for row in connection.execute(query.where(bindings.c.id.in_(chunk)))
    ]
    _rewrite(connection, pd.DataFrame(merged, columns=["id", "base"]), now)


def _spelled(base: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in base.items() if value is not None}, ensure_ascii=False)
