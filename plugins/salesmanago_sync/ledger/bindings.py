"""Bindings: which Salesforce record and which SALESmanago contact are the same person, and what both last held."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.ledger.addresses import address_key, hashed, spelled
from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.events import insert_events
from salesmanago_sync.ledger.frames import (
    chunks,
    filled,
    frame_of,
    pieces,
    plain,
    rows_of,
    select_frame,
    select_large,
    stamped,
    together,
)
from salesmanago_sync.ledger.overwriting import overwrite
from salesmanago_sync.ledger.tables import bindings

PAIR = ["salesforce_id", "salesmanago_id"]
CLOCKS = ("salesforce_person_clock", "salesforce_written_at", "salesmanago_person_clock", "salesmanago_written_at")
DEFAULTS = {
    "status": "active",
    "base": "{}",
    "salesforce_written": "[]",
    "salesmanago_written": "[]",
    "bounces": "{}",
    "owed": "{}",
}
OPTIONAL = (*CLOCKS, *DEFAULTS)
# A record or contact that a binding has moved to knows nothing of our earlier writes.
FRESH = {f"{side}_person_clock": None for side in ("salesforce", "salesmanago")} | {
    f"{side}_written_at": None for side in ("salesforce", "salesmanago")
}
# The field of a base that holds the address.
ADDRESS = "email"
# How JSON spells the one character that PostgreSQL's JSON refuses.
ZERO = "\\u0000"
ENDED = bindings.c.status.in_(["deleted", "merged"])
# Whoever is bound and not gone has an address in his base, not a hash: the hash is all that is left of it.
FORGOTTEN = sa.and_(~ENDED, bindings.c.email.is_not(None))


class Bindings:
    """The table of bindings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_empty(self) -> bool:
        """Tell whether nobody is bound."""
        with self._database.read() as connection:
            return connection.execute(sa.select(bindings.c.id).limit(1)).first() is None

    def count_living(self) -> dict[str, int]:
        """Count the people of each object who are bound and not gone."""
        living = bindings.c.status.in_(["active", "paused"])
        query = sa.select(bindings.c.object, sa.func.count()).where(living).group_by(bindings.c.object)
        with self._database.read() as connection:
            return {name: int(count) for name, count in connection.execute(query)}

    def read(
        self,
        salesforce_ids: Iterable[str] | None = None,
        salesmanago_ids: Iterable[str] | None = None,
        objects: Iterable[str] | None = None,
        addresses: Iterable[str] = (),
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Read bindings.

        Args:
            salesforce_ids: Ids of 18 characters. A binding that has one of these or one of `salesmanago_ids` is read.
            salesmanago_ids: Contact ids.
            objects: Only these objects.
            addresses: Addresses that are known: `email` holds them in place of their hashes.
            columns: Only these of the table, `id` among them; every one, where they are not given.

        Returns:
            One row a binding, by id.
        """
        chosen = list(bindings.c) if columns is None else [bindings.c[name] for name in columns]
        wanted = {"salesforce_id": salesforce_ids, "salesmanago_id": salesmanago_ids}
        narrow = [] if objects is None else [bindings.c.object.in_(list(objects))]
        with self._database.read() as connection:
            if salesforce_ids is None and salesmanago_ids is None:
                query = sa.select(*chosen).where(*narrow).order_by(bindings.c.id)
                return _with_addresses(connection, select_large(connection, query), addresses)
            parts = [
                select_frame(connection, sa.select(*chosen).where(bindings.c[name].in_(chunk), *narrow))
                for name, ids in wanted.items()
                for chunk in chunks(() if ids is None else ids)
            ]
            frame = together(chosen, parts)
            # Whoever is asked for by both ids is in two of them.
            frame = frame[~frame["id"].duplicated()].sort_values("id", ignore_index=True)
            return _with_addresses(connection, frame, addresses)

    def newest_living(self, objects: Iterable[str], limit: int) -> pd.DataFrame:
        """Read the ids of the people of some objects who are bound and not gone, the last ones bound first."""
        living = bindings.c.status.in_(["active", "paused"])
        query = sa.select(bindings.c.object, bindings.c.salesforce_id, bindings.c.salesmanago_id)
        these = query.where(living, bindings.c.object.in_(list(objects))).order_by(bindings.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return select_frame(connection, these)

    def digest(self) -> str:
        """Digest what is remembered of everybody: who is who, and what both sides last agreed on."""
        query = sa.select(*(bindings.c[name] for name in ("id", *PAIR, "status", "base"))).order_by(bindings.c.id)
        found = sha256()
        with self._database.read() as connection:
            for row in connection.execution_options(stream_results=True).execute(query):
                found.update(json.dumps(tuple(row)).encode())
        return found.hexdigest()

    def made_in_run(self, run_id: int, objects: Iterable[str], matched_by: Iterable[str]) -> pd.DataFrame:
        """Read ids of the bindings of some objects that a run made, and made in some ways.

        Returns:
            `object, salesforce_id, salesmanago_id`.
        """
        these = (
            bindings.c.created_by_run == run_id,
            bindings.c.object.in_(list(objects)),
            bindings.c.matched_by.in_(list(matched_by)),
        )
        query = sa.select(bindings.c.object, bindings.c.salesforce_id, bindings.c.salesmanago_id)
        with self._database.read() as connection:
            return select_large(connection, query.where(*these).order_by(bindings.c.id))

    def add(self, frame: pd.DataFrame, run_id: int, now: datetime) -> pd.DataFrame:
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
        insert = self._database.insert(bindings).on_conflict_do_nothing()
        with self._database.write() as connection:
            before = _ids(connection, pairs)
            for piece in pieces(pairs[before.isna()].drop_duplicates(PAIR)):
                connection.execute(insert, stamped(piece, created_at=now, updated_at=now, created_by_run=run_id))
            after = _ids(connection, pairs)
            fresh = frame.assign(binding_id=after)[before.isna() & after.notna()]
            insert_events(connection, run_id, fresh.assign(event="bound", note=fresh["matched_by"]), now)
            known = frame[given].assign(id=before).dropna(subset=["id"])
            _rewrite(connection, known.drop(columns="base", errors="ignore"), now)
            if "base" in given:
                _merge_base(connection, known[["id", "base"]].dropna(), now)
        return pd.DataFrame({"id": after, "refused": after.isna()})

    def move(self, run_id: int, frame: pd.DataFrame, now: datetime) -> pd.Series:
        """Let bindings go on with another record or contact.

        Args:
            run_id: The run.
            frame: `domain.staged_frames.BINDING_MOVES`: `id`, the new `object`, ids and `base`, `event`, and
                `from_<side>_id`.
            now: The time.

        Returns:
            On its index whether the binding moved; not where the new id is taken by another binding.
        """
        done = []
        with self._database.write() as connection:
            for row in rows_of(frame):
                done.append(_move(connection, row, now))
            moved = frame[done]
            insert_events(connection, run_id, moved.assign(binding_id=moved["id"], note=_from(moved)), now)
        return pd.Series(done, index=frame.index, dtype="bool")

    def has_tombstones(self) -> bool:
        """Tell whether anybody was ever deleted or merged away, or was forgotten and not read since."""
        known = sa.select(bindings.c.id).where(sa.or_(ENDED, FORGOTTEN)).limit(1)
        with self._database.read() as connection:
            return connection.execute(known).first() is not None

    def tombstones(self, emails: Iterable[str]) -> pd.DataFrame:
        """Read the bindings of people who were deleted or merged away and had one of some addresses.

        Args:
            emails: Normalised addresses.

        Returns:
            Every column of the table; `email` holds the address as it was asked for.
        """
        return self._with_hash(emails, ENDED)

    def forgotten(self, emails: Iterable[str]) -> pd.DataFrame:
        """Read in the same way the bindings of people who were forgotten, and of whom no run has read since."""
        return self._with_hash(emails, FORGOTTEN)

    def _with_hash(self, emails: Iterable[str], which: sa.ColumnElement[bool]) -> pd.DataFrame:
        wanted = list(emails)
        with self._database.read() as connection:
            key = address_key(connection)
            rows = [
                row
                for chunk in chunks(hashed(key, address) for address in wanted)
                for row in connection.execute(sa.select(bindings).where(which, bindings.c.email.in_(chunk)))
            ]
            return _with_addresses(connection, frame_of(list(bindings.c), rows), wanted)

    def least_checked(self, limit: int, before: datetime) -> pd.DataFrame:
        """Read the living bindings whose sides were not read for the longest time, at most so many."""
        never = bindings.c.checked_at.is_(None)
        query = (
            sa.select(bindings)
            .where(bindings.c.status.in_(["active", "paused"]), sa.or_(never, bindings.c.checked_at < before))
            .order_by(sa.case((never, 0), else_=1), bindings.c.checked_at, bindings.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return select_frame(connection, query)

    def contacts_written_since(self, since: datetime) -> list[datetime]:
        """Read when contacts of people were last written, by SALESmanago's clock: each moment after one, in order."""
        column = bindings.c.salesmanago_written_at
        with self._database.read() as connection:
            return list(connection.scalars(sa.select(column).where(column > since).distinct().order_by(column)))

    def count_unchecked(self, before: datetime) -> int:
        """Count the living bindings whose sides were last read, or that were made, before a moment."""
        stale = sa.func.coalesce(bindings.c.checked_at, bindings.c.created_at) < before
        query = sa.select(sa.func.count()).where(bindings.c.status.in_(["active", "paused"]), stale)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def mark_checked(self, salesforce_ids: Iterable[str], now: datetime) -> None:
        """Note that both sides of some people were read; a later reading that is known of counts."""
        earlier = sa.func.coalesce(bindings.c.checked_at, now) <= now
        with self._database.write() as connection:
            for chunk in chunks(salesforce_ids):
                these = bindings.c.salesforce_id.in_(chunk)
                connection.execute(sa.update(bindings).where(these, earlier).values(checked_at=now))

    def update(self, frame: pd.DataFrame, now: datetime) -> None:
        """Overwrite columns of bindings.

        Args:
            frame: `id`, and the columns to overwrite; the others stay. Of `email` the hash is kept.
            now: The time.
        """
        with self._database.write() as connection:
            if "email" in frame and frame["email"].notna().any():
                key = address_key(connection)
                frame = frame.assign(email=frame["email"].map(lambda address: hashed(key, address), na_action="ignore"))
            _rewrite(connection, frame, now)

    def merge_base(self, frame: pd.DataFrame, now: datetime) -> None:
        """Remember what both sides hold in some fields; what is remembered of the other fields stays.

        Args:
            frame: `id`, and `base` as JSON of these fields only. A field that is null is forgotten.
            now: The time.
        """
        with self._database.write() as connection:
            _merge_base(connection, frame[["id", "base"]], now)


def _move(connection: sa.Connection, row: dict[str, Any], now: datetime) -> bool:
    ids = [bindings.c[name] == row[name] for name in PAIR]
    if connection.execute(sa.select(bindings.c.id).where(sa.or_(*ids), bindings.c.id != row["id"])).first() is not None:
        return False
    moved = {name: row[name] for name in ("object", *PAIR, "base")}
    clocks = {name: value for name, value in FRESH.items() if row[f"from_{name.partition('_')[0]}_id"] is not None}
    written = {f"{name.partition('_')[0]}_written": "[]" for name in clocks}
    values = {**moved, **clocks, **written, "bounces": "{}", "email": None, "updated_at": now}
    connection.execute(sa.update(bindings).where(bindings.c.id == row["id"]).values(values))
    return True


def _from(moved: pd.DataFrame) -> pd.Series:
    # A column of nobody is of no type of text.
    before = [moved[f"from_{side}_id"].astype(TEXT) for side in ("salesforce", "salesmanago")]
    both = " and " + before[1].where(before[0].notna())
    return "from " + before[0].fillna(before[1]) + both.fillna("")


def _ids(connection: sa.Connection, pairs: pd.DataFrame) -> pd.Series:
    query = sa.select(bindings.c.id, bindings.c.salesforce_id, bindings.c.salesmanago_id)
    found: list[int | None] = []
    for piece in pieces(pairs[PAIR]):
        rows = connection.execute(query.where(bindings.c.salesforce_id.in_(plain(piece["salesforce_id"]))))
        stored = {(row.salesforce_id, row.salesmanago_id): row.id for row in rows}
        found += [stored.get(pair) for pair in zip(piece["salesforce_id"], piece["salesmanago_id"], strict=True)]
    return pd.Series(found, index=pairs.index, dtype="Int64")


def _rewrite(connection: sa.Connection, frame: pd.DataFrame, now: datetime) -> None:
    names = [str(name) for name in frame if name != "id"]
    if names:
        overwrite(
            connection,
            bindings,
            frame,
            ["id"],
            lambda given: {name: given[name] for name in names} | {"updated_at": now},
        )


def _merge_base(connection: sa.Connection, frame: pd.DataFrame, now: datetime) -> None:
    if connection.dialect.name == "sqlite":
        _merge_known(connection, frame, now, sa.func.json_patch)
        return
    apart = _with_zero(connection, frame)
    _merge_known(connection, frame[~apart], now, _jsonb_merged)
    _merge_apart(connection, frame[apart], now)


def _merge_known(connection: sa.Connection, frame: pd.DataFrame, now: datetime, merged: Callable[..., Any]) -> None:
    overwrite(
        connection,
        bindings,
        frame,
        ["id"],
        lambda given: {"base": merged(bindings.c.base, given["base"]), "updated_at": now},
    )


def _jsonb_merged(old: sa.ColumnElement[str], new: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    both = sa.cast(old, JSONB).concat(sa.cast(new, JSONB))
    return sa.cast(sa.func.jsonb_strip_nulls(both), sa.Text)


def _with_zero(connection: sa.Connection, frame: pd.DataFrame) -> pd.Series:
    """Tell whose base holds, or would hold, a character that PostgreSQL's JSON cannot hold, and its text can."""
    query = sa.select(bindings.c.id).where(bindings.c.base.contains(ZERO, autoescape=True))
    stored = {
        key
        for chunk in chunks(plain(frame["id"]))
        for key in connection.execute(query.where(bindings.c.id.in_(chunk))).scalars()
    }
    given = frame.loc[frame["base"].str.contains(ZERO, regex=False), "id"]
    return frame["id"].isin(stored.union(given))


def _merge_apart(connection: sa.Connection, frame: pd.DataFrame, now: datetime) -> None:
    """Merge bases one by one."""
    for row in rows_of(frame):
        this = bindings.c.id == row["id"]
        stored = connection.execute(sa.select(bindings.c.base).where(this)).scalar()
        if stored is not None:
            base = _spelled(json.loads(stored) | json.loads(row["base"]))
            connection.execute(sa.update(bindings).where(this).values(base=base, updated_at=now))


def _with_addresses(connection: sa.Connection, frame: pd.DataFrame, known: Iterable[str]) -> pd.DataFrame:
    """Put addresses in the place of their hashes, where they are known or in the person's own base."""
    if "email" not in frame or not frame["email"].notna().any():
        return frame
    gone = frame.loc[frame["email"].notna(), "id"]
    bases = [
        base
        for chunk in chunks(gone)
        for base in connection.execute(sa.select(bindings.c.base).where(bindings.c.id.in_(chunk))).scalars()
    ]
    own = [part for base in bases for part in json.loads(base).get(ADDRESS) or () if part]
    table = spelled(address_key(connection), [*known, *own])
    return frame.assign(email=frame["email"].map(lambda text: table.get(text, text), na_action="ignore").astype(TEXT))


def _spelled(base: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in base.items() if value is not None}, ensure_ascii=False)
