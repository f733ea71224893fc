"""Choices: what people decided about conflicts that are held, one a conflict, until it is carried out.

A choice names its issue, and is gone when that is closed, dismissed or deleted. One that has fallen keeps no value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.choices import CHOICES, FALLEN, MET, RULES
from salesmanago_sync.domain.merge.merge import TO_SALESMANAGO
from salesmanago_sync.ledger.decisions import insert_decision
from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import LARGEST, chunks, rows_of, select_frame
from salesmanago_sync.ledger.tables import choices, issues

WAITING = "waiting"
CONFLICT = "CONFLICT"
KEYS = ("object", "salesforce_id", "salesmanago_id", "field")
SIDES = ("salesforce", "salesmanago")
VALUES = ("salesforce_held", "salesmanago_held", "value")
NOTHING = "null"


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision about one conflict.

    Attributes:
        issue_id: Its issue.
        fingerprint: Of the issue as it was shown: it must still say the same.
        chosen: The side whose value counts, or `other`.
        held: What Salesforce and SALESmanago hold.
        value: What both are to hold; None empties the field.
    """

    issue_id: int
    fingerprint: str
    chosen: str
    held: tuple[str | None, str | None]
    value: str | None


class HeldChoices:
    """The table of choices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, made: Sequence[Choice], now: datetime, who: str) -> list[int]:
        """Keep decisions, each in the place of an earlier one, and have their issues tried by the next run.

        Args:
            made: The decisions.
            now: The time.
            who: Name of the user who decides.

        Returns:
            The issues that were decided; not those that have changed since they were shown, or are closed.
        """
        by_issue = {one.issue_id: one for one in made}
        with self._database.write() as connection:
            found = [number for some in chunks(by_issue) for number in _retried(connection, some, by_issue, now, who)]
            if found:
                delete_choices(connection, found)
                connection.execute(sa.insert(choices), [_row(by_issue[number], now, who) for number in found])
                insert_decision(connection, "decide", who, sorted(found), now)
        return sorted(found)

    def any_waiting(self) -> bool:
        """Tell whether any decision waits to be carried out."""
        with self._database.read() as connection:
            waiting = sa.select(choices.c.issue_id).where(choices.c.state == WAITING).limit(1)
            return connection.execute(waiting).first() is not None

    def read_waiting(self, salesforce_ids: Iterable[str]) -> pd.DataFrame:
        """Read the decisions about some people that wait to be carried out.

        Returns:
            `domain.merge.choices.CHOICES`.
        """
        columns = [issues.c[name] if name in KEYS else choices.c[name] for name in CHOICES.names]
        query = sa.select(*columns).join(issues, issues.c.id == choices.c.issue_id).where(choices.c.state == WAITING)
        with self._database.read() as connection:
            frames = [
                select_frame(connection, query.where(issues.c.salesforce_id.in_(some)))
                for some in chunks(salesforce_ids)
            ]
        found = pd.concat([frame for frame in frames if len(frame)] or [CHOICES.empty()], ignore_index=True)
        return found.assign(**{name: _texts(found[name]) for name in VALUES})

    def note_written(self, done: pd.DataFrame) -> None:
        """Note what was written because of decisions; one that is carried out on both sides is gone.

        Args:
            done: Changes that went through (`domain.staged_frames.CHANGES`).
        """
        mine = done[done["rule"].isin(RULES.values())]
        if mine.empty:
            return
        with self._database.write() as connection:
            for direction, rows in mine.groupby("direction"):
                _note_written(connection, str(direction).removeprefix("to_"), [_carried(row) for row in rows_of(rows)])

    def settle(self, outcomes: pd.DataFrame) -> None:
        """Note what became of decisions that a plan has looked at.

        Args:
            outcomes: `domain.merge.choices.OUTCOMES`.
        """
        if outcomes.empty:
            return
        with self._database.write() as connection:
            delete_choices(connection, outcomes.loc[outcomes["outcome"].eq(MET), "issue_id"])
            for why, some in outcomes[outcomes["outcome"].eq(FALLEN)].groupby("why"):
                fallen = {"state": FALLEN, "why": str(why)} | dict.fromkeys(VALUES, NOTHING)
                for these in chunks(some["issue_id"]):
                    waiting = sa.and_(choices.c.issue_id.in_(these), choices.c.state == WAITING)
                    connection.execute(sa.update(choices).where(waiting).values(fallen))


def delete_choices(connection: sa.Connection, issue_ids: Iterable[int]) -> None:
    """Delete the choices about some issues."""
    for these in chunks(issue_ids):
        connection.execute(sa.delete(choices).where(choices.c.issue_id.in_(these)))


def sweep_choices(connection: sa.Connection) -> None:
    """Delete the choices about issues that are no longer open."""
    opened = sa.select(issues.c.id).where(issues.c.state == "open")
    connection.execute(sa.delete(choices).where(choices.c.issue_id.not_in(opened)))


def choice_columns() -> list[sa.ColumnElement[Any]]:
    """What an issue tells of the choice about it, for a query with `with_choices`."""
    told = {"chosen": "chosen", "chosen_value": "value", "choice_state": "state", "choice_why": "why"}
    return [choices.c[name].label(label) for label, name in (told | {"chosen_by": "who", "chosen_at": "at"}).items()]


def with_choices() -> sa.Join:
    """Join issues to the choices about them."""
    return issues.outerjoin(choices, choices.c.issue_id == issues.c.id)


def _retried(
    connection: sa.Connection, numbers: Sequence[int], made: dict[int, Choice], now: datetime, who: str
) -> list[int]:
    """Open the issues that are as they were shown, and have them tried."""
    here = [number for number in numbers if 0 < number <= LARGEST]
    open_ = sa.and_(issues.c.id.in_(here), issues.c.reason == CONFLICT, issues.c.state != "closed")
    rows = connection.execute(sa.select(issues.c.id, issues.c.fingerprint).where(open_).with_for_update())
    same = [row.id for row in rows if row.fingerprint == made[row.id].fingerprint]
    tried = {"state": "open", "closed_at": None, "next_attempt_at": now, "attempts": 0, "decided_by": who}
    connection.execute(sa.update(issues).where(issues.c.id.in_(same)).values(tried))
    return same


def _row(choice: Choice, now: datetime, who: str) -> dict[str, Any]:
    held = dict(zip(("salesforce_held", "salesmanago_held"), map(json.dumps, choice.held), strict=True))
    return {"issue_id": choice.issue_id, "chosen": choice.chosen, "value": json.dumps(choice.value), **held} | {
        "who": who,
        "at": now,
    }


def _note_written(connection: sa.Connection, side: str, rows: list[dict[str, Any]]) -> None:
    """Remember that a side holds what was written.

    Where somebody has decided anew meanwhile, that is what the side held for the newer decision.
    """
    this = [issues.c[key] == sa.bindparam(f"the_{key}") for key in KEYS]
    conflict = sa.select(issues.c.id).where(*this, issues.c.reason == CONFLICT).scalar_subquery()
    mine = sa.and_(choices.c.issue_id == conflict, choices.c.state == WAITING)
    written = {
        f"{side}_held": sa.bindparam("the_new", type_=sa.Text),
        f"{side}_written": choices.c.value == sa.bindparam("the_value", type_=sa.Text),
    }
    connection.execute(sa.update(choices).where(mine).values(written), rows)
    met = [sa.or_(choices.c[f"{one}_written"], choices.c[f"{one}_held"] == choices.c.value) for one in SIDES]
    keys = [{f"the_{key}": row[f"the_{key}"] for key in KEYS} for row in rows]
    connection.execute(sa.delete(choices).where(mine, *met), keys)


def _carried(row: dict[str, Any]) -> dict[str, Any]:
    """Lay out a change that went through: which conflict, what is held now, and what was decided."""
    # Salesforce may take less than the whole value, where the mapping lets it be cut.
    value = row["new"] if row["direction"] == TO_SALESMANAGO else row["source"]
    return {f"the_{key}": row[key] for key in KEYS} | {
        "the_new": json.dumps(row["new"]),
        "the_value": json.dumps(value),
    }


def _texts(values: pd.Series) -> pd.Series:
    return pd.Series([json.loads(text) for text in values], index=values.index, dtype=TEXT)
