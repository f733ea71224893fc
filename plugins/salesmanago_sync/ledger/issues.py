"""Issues: records and fields that could not be synchronised, until they go through or a person dismisses them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.ledger.choices import choice_columns, sweep_choices, with_choices
from salesmanago_sync.ledger.decisions import Action, insert_decision
from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import LARGEST, chunks, filled, rows_of, select_frame, stamped
from salesmanago_sync.ledger.tables import issues

KEYS = ["object", "salesforce_id", "salesmanago_id", "field", "reason"]
REPORTED = [*KEYS, "direction", "text", "values", "fingerprint"]
# Thousands of hopeless records must not eat the daily request limit.
EAGER_ATTEMPTS = 10
LAZY_INTERVAL = timedelta(days=1)


class Issues:
    """The table of issues."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def report(self, run_id: int, frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
        """Open issues, or count another attempt of those that are open.

        A dismissed issue stays dismissed, and an open one goes on counting its attempts, as long as the fingerprint
        of what was tried is the same.

        Args:
            run_id: The run that met them.
            frame: `object, reason`, and any of `salesforce_id, salesmanago_id, field, direction, text, values,
                fingerprint`.
            now: The time.

        Returns:
            Those of them that are new in this run or came back.
        """
        blanks = dict.fromkeys(REPORTED, "") | {"values": None}
        reported = filled(frame, blanks)[REPORTED].drop_duplicates(KEYS, keep="last")
        fresh: dict[str, Any] = {
            "first_seen": now,
            "last_seen": now,
            "first_run": run_id,
            "last_run": run_id,
            "attempts": 1,
        }
        rows = stamped(reported, **fresh, came_back=False, later=now + LAZY_INTERVAL)
        with self._database.write() as connection:
            if rows:
                connection.execute(self._upsert(), rows)
            opened = select_frame(connection, _new(run_id))
        return opened.merge(reported[KEYS].astype(TEXT), on=KEYS)

    def _upsert(self) -> sa.Executable:
        names = [*REPORTED, "first_seen", "last_seen", "first_run", "last_run", "attempts", "came_back"]
        insert = self._database.insert(issues).values({name: sa.bindparam(name) for name in names})
        return insert.on_conflict_do_update(index_elements=KEYS, set_=_again(insert.excluded))

    def close(self, run_id: int, closed: Iterable[int] | pd.DataFrame, now: datetime) -> None:
        """Close open issues: the record went through.

        Args:
            run_id: The run in which it did.
            closed: Ids of issues; or a frame of any of the key columns `object, salesforce_id, salesmanago_id, field,
                reason`, each row of which closes every open issue with these values.
            now: The time.
        """
        frame = closed if isinstance(closed, pd.DataFrame) else pd.DataFrame({"id": pd.Series(closed, dtype="int64")})
        names = [name for name in ["id", *KEYS] if name in frame]
        rows = rows_of(filled(frame[names], dict.fromkeys(set(names) - {"id"}, "")).add_prefix("the_"))
        if not rows:
            return
        these = [issues.c[name] == sa.bindparam(f"the_{name}") for name in names]
        change = {"state": "closed", "closed_at": now, "closed_run": run_id, "next_attempt_at": None}
        with self._database.write() as connection:
            connection.execute(sa.update(issues).where(issues.c.state == "open", *these).values(change), rows)
            sweep_choices(connection)

    def wait_on(self, ids: Iterable[int], now: datetime) -> None:
        """Count another attempt of open issues whose solution is decided and not yet carried out."""
        attempts = issues.c.attempts + 1
        later = sa.case(
            (attempts > EAGER_ATTEMPTS, sa.literal(now + LAZY_INTERVAL, issues.c.last_seen.type)), else_=now
        )
        with self._database.write() as connection:
            for these in chunks(ids):
                change = sa.update(issues).where(issues.c.id.in_(these), issues.c.state == "open")
                connection.execute(change.values(attempts=attempts, next_attempt_at=later))

    def adopt(self, frame: pd.DataFrame) -> None:
        """Give the issues of people who were known on one side only the id of the other side, now that they are bound.

        Args:
            frame: `object, salesforce_id, salesmanago_id` of bound people.
        """
        with self._database.write() as connection:
            for known, missing in (("salesforce_id", "salesmanago_id"), ("salesmanago_id", "salesforce_id")):
                lone = connection.execute(
                    sa.select(issues.c[known]).where(issues.c[missing] == "").distinct()
                ).scalars()
                mine = frame[frame[known].isin(list(lone))]
                rows = rows_of(mine[["object", "salesforce_id", "salesmanago_id"]].add_prefix("the_"))
                if rows:
                    _adopt(connection, known, missing, rows)

    def read_open(self, run_id: int | None = None) -> pd.DataFrame:
        """Read open issues, all or those that a run met."""
        met = [] if run_id is None else [issues.c.last_run == run_id]
        return self._read(sa.select(issues).where(issues.c.state == "open", *met))

    def people_with(self, reason: str) -> pd.DataFrame:
        """Read of whom there are open issues with a reason: `salesforce_id`, `salesmanago_id`."""
        ids = sa.select(issues.c.salesforce_id, issues.c.salesmanago_id)
        with self._database.read() as connection:
            return select_frame(connection, ids.where(issues.c.state == "open", issues.c.reason == reason))

    def read_due(self, now: datetime, waiting: Iterable[str] = ()) -> pd.DataFrame:
        """Read open issues whose next attempt has come.

        Args:
            now: The time.
            waiting: Reasons with which nothing is tried again by itself.
        """
        tried = issues.c.reason.not_in(list(waiting))
        due = sa.or_(sa.and_(issues.c.next_attempt_at.is_(None), tried), issues.c.next_attempt_at <= now)
        return self._read(sa.select(issues).where(issues.c.state == "open", due))

    def read_new(self, run_id: int) -> pd.DataFrame:
        """Read open issues that are new in a run or came back in it."""
        return self._read(_new(run_id))

    def _read(self, query: sa.Select[Any]) -> pd.DataFrame:
        with self._database.read() as connection:
            return select_frame(connection, query.order_by(issues.c.id))

    def find(
        self, state: str, reason: str, object: str, search: str, offset: int = 0, limit: int | None = None
    ) -> pd.DataFrame:
        """Read issues, those met last first; an empty text finds any.

        Args:
            state: `open`, `dismissed` or `closed`.
            reason: Reason code.
            object: The object.
            search: A part of an id, a field or the text, in any case.
            offset: How many to leave out.
            limit: How many at most.

        Returns:
            Every column of the table, and what was decided about a conflict: `chosen, chosen_value` (JSON),
            `choice_state, choice_why, chosen_by, chosen_at`.
        """
        found = _found(state, reason, object, search)
        query = sa.select(*issues.c, *choice_columns()).select_from(with_choices()).where(*found)
        with self._database.read() as connection:
            newest = query.order_by(issues.c.last_seen.desc(), issues.c.id.desc())
            return select_frame(connection, newest.offset(offset).limit(limit))

    def count_found(self, state: str, reason: str, object: str, search: str) -> int:
        """Count the issues that `find` finds."""
        query = sa.select(sa.func.count()).select_from(issues).where(*_found(state, reason, object, search))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def count_by_reason(self, moments: Sequence[datetime]) -> list[tuple[str, int, tuple[int, ...]]]:
        """Count issues by reason: how many are dismissed, and how many were open at each moment."""
        dismissed = sa.func.count(sa.case((issues.c.state == "dismissed", 1)))
        opened = [sa.func.count(sa.case((_open_at(moment), 1))) for moment in moments]
        query = sa.select(issues.c.reason, dismissed, *opened).group_by(issues.c.reason)
        with self._database.read() as connection:
            return [(row[0], row[1], tuple(row[2:])) for row in connection.execute(query)]

    def dismiss(self, ids: Iterable[int], now: datetime, who: str) -> int:
        """Stop reporting and retrying issues until what is tried changes.

        Args:
            ids: Their numbers; closed ones stay closed.
            now: The time.
            who: Name of the user who decides it.

        Returns:
            How many were there.
        """
        return self._change("dismiss", ids, {"state": "dismissed", "closed_at": now, "next_attempt_at": None}, now, who)

    def retry(self, ids: Iterable[int], now: datetime, who: str) -> int:
        """Have issues tried by the next run; arguments and answer as for `dismiss`."""
        return self._change("retry", ids, {"state": "open", "closed_at": None, "next_attempt_at": now}, now, who)

    def _change(self, action: Action, ids: Iterable[int], change: dict[str, Any], now: datetime, who: str) -> int:
        found: list[int] = []
        with self._database.write() as connection:
            for chunk in chunks(number for number in ids if 0 < number <= LARGEST):
                this = sa.and_(issues.c.id.in_(chunk), issues.c.state != "closed")
                change_them = sa.update(issues).where(this).values({**change, "decided_by": who})
                found += connection.execute(change_them.returning(issues.c.id)).scalars()
            if found:
                # Whoever dismisses a conflict takes back what was decided about it.
                sweep_choices(connection)
                insert_decision(connection, action, who, sorted(found), now)
        return len(found)


def _found(state: str, reason: str, object: str, search: str) -> list[sa.ColumnElement[bool]]:
    wanted = {"state": state, "reason": reason, "object": object}
    texts = ("salesforce_id", "salesmanago_id", "field", "text")
    search_of = [issues.c[name].icontains(search, autoescape=True) for name in texts]
    exact = [issues.c[name] == value for name, value in wanted.items() if value]
    return [*exact, sa.or_(*search_of)] if search else exact


def _open_at(moment: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(issues.c.first_seen <= moment, sa.or_(issues.c.closed_at.is_(None), issues.c.closed_at > moment))


def _new(run_id: int) -> sa.Select[Any]:
    back = sa.and_(issues.c.came_back, issues.c.last_run == run_id)
    return sa.select(issues).where(issues.c.state == "open", sa.or_(issues.c.first_run == run_id, back))


def _again(reported: Any) -> dict[str, Any]:
    """Set the columns of an issue that is reported once more; every right-hand side sees the row as it was."""
    same = issues.c.fingerprint == reported.fingerprint
    dismissed = sa.and_(issues.c.state == "dismissed", same)
    back = sa.and_(issues.c.state != "open", sa.not_(dismissed))
    this_run = issues.c.last_run == reported.last_run
    attempts = sa.case((sa.or_(back, sa.not_(same)), 1), (this_run, issues.c.attempts), else_=issues.c.attempts + 1)
    return {
        **{name: reported[name] for name in ("direction", "text", "values", "fingerprint", "last_seen", "last_run")},
        "state": sa.case((dismissed, "dismissed"), else_="open"),
        "closed_at": sa.case((dismissed, issues.c.closed_at), else_=None),
        "came_back": sa.case((back, sa.true()), (this_run, issues.c.came_back), else_=sa.false()),
        "attempts": attempts,
        "next_attempt_at": sa.case((attempts > EAGER_ATTEMPTS, sa.bindparam("later", type_=issues.c.last_seen.type))),
    }


def _adopt(connection: sa.Connection, known: str, missing: str, rows: list[dict[str, Any]]) -> None:
    these = (
        issues.c.object == sa.bindparam("the_object"),
        issues.c[known] == sa.bindparam(f"the_{known}"),
        issues.c[missing] == "",
    )
    twin = issues.alias()
    same = [twin.c[name] == issues.c[name] for name in ("object", "field", "reason", known)]
    taken = sa.exists().where(*same, twin.c[missing] == sa.bindparam(f"the_{missing}"))
    connection.execute(sa.delete(issues).where(*these, taken), rows)
    connection.execute(sa.update(issues).where(*these).values({missing: sa.bindparam(f"the_{missing}")}), rows)


def prune_issues(connection: sa.Connection, before: datetime) -> None:
    """Delete issues that were closed earlier.

    Dismissed ones stay, or they would come back as new; but without values, if nobody has met them since.
    """
    connection.execute(sa.delete(issues).where(issues.c.state == "closed", issues.c.closed_at < before))
    unmet = sa.and_(issues.c.state == "dismissed", issues.c.last_seen < before)
    connection.execute(sa.update(issues).where(unmet).values(text="", values=None))
