"""Runs: when the sync ran, what it was asked to do and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import LARGEST, select_frame
from salesmanago_sync.ledger.tables import changes, runs

# A run that waits for the answer to its question, without the lock.
ASKS = "asks"
# The mode of a run of the consent lane: it works beside a run of the sync, without the lock.
CONSENT_LANE = "consent"


@dataclass(frozen=True, slots=True)
class Usage:
    """API calls of an org in 24 hours, as Salesforce said.

    Attributes:
        used: Calls of the whole org.
        allowed: How many it may make.
        told_at: When the run that was told so was last seen at work.
    """

    used: int
    allowed: int
    told_at: datetime


class Runs:
    """The table of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(
        self,
        dag_id: str,
        dag_run_id: str,
        mode: str,
        dry_run: bool,
        restricted: bool,
        now: datetime,
        mapping_digests: Mapping[str, str] | None = None,
        attempt: int = 0,
    ) -> int:
        """Open a run; one that was cleared and starts again keeps its id and its start.

        Args:
            dag_id: The DAG.
            dag_run_id: Airflow's name of the run.
            mode: `full` or `incremental`.
            dry_run: Whether it only plans.
            restricted: Whether it looks at a part only, and so must not move the watermark.
            now: The time.
            mapping_digests: The mapping's digest for each object.
            attempt: The number that it works under.

        Returns:
            The id of the run.
        """
        again = {
            "mode": mode,
            "dry_run": dry_run,
            "restricted": restricted,
            "state": "running",
            "finished_at": None,
            "mapping_digests": dict(mapping_digests or {}),
            "attempt": attempt,
            "totals": None,
            "note": "",
            "waits_until": None,
        }
        insert = self._database.insert(runs).values(dag_id=dag_id, dag_run_id=dag_run_id, started_at=now, **again)
        upsert = insert.on_conflict_do_update(index_elements=["dag_id", "dag_run_id"], set_=again)
        with self._database.write() as connection:
            return int(connection.execute(upsert.returning(runs.c.id)).scalar_one())

    def update(self, run_id: int, **columns: Any) -> None:
        """Overwrite columns of a run."""
        with self._database.write() as connection:
            connection.execute(sa.update(runs).where(runs.c.id == run_id).values(columns))

    def begin_step(self, run_id: int, step: str, now: datetime) -> None:
        """Note which step a run is at; one that goes on, in a further task, keeps its start."""
        this = sa.and_(runs.c.id == run_id, runs.c.step != step)
        with self._database.write() as connection:
            connection.execute(sa.update(runs).where(this).values(step=step, step_at=now))

    def add_to(self, run_id: int, **numbers: int) -> None:
        """Add to counts of a run; several tasks may count at once."""
        counted = {name: runs.c[name] + number for name, number in numbers.items() if number}
        if counted:
            self.update(run_id, **counted)

    def finish(
        self, run_id: int, state: str, now: datetime, totals: Mapping[str, Any] | None = None, note: str = ""
    ) -> None:
        """Close a run as `success`, `failed`, `rejected` or `skipped`."""
        given = {} if totals is None else {"totals": dict(totals)}
        self.update(run_id, state=state, finished_at=now, note=note, waits_until=None, **given)

    def end_forgotten(self, now: datetime, note: str, *, working: int = 0) -> list[str]:
        """Give runs their true end that never closed: their worker died, or a person ended them.

        Args:
            now: The time.
            note: What their line says.
            working: The run that is at work, if there is one.

        Returns:
            The modes of the runs that were ended.
        """
        waiting = sa.func.coalesce(runs.c.waits_until, now) > now
        open_ = (runs.c.finished_at.is_(None), runs.c.id != working, runs.c.mode != CONSENT_LANE)
        forgotten = (*open_, sa.not_(waiting))
        new = {"state": "failed", "finished_at": now, "note": note}
        with self._database.write() as connection:
            ended = connection.execute(sa.update(runs).where(*forgotten).values(new).returning(runs.c.mode))
            return sorted(ended.scalars())

    def read_waiting(self, now: datetime) -> list[dict[str, Any]]:
        """Read the runs that wait for the answer to their question, the oldest first."""
        query = sa.select(runs).where(runs.c.state == ASKS, runs.c.waits_until > now).order_by(runs.c.id)
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def read_newest(self, limit: int = 50, offset: int = 0) -> pd.DataFrame:
        """Read the newest runs first."""
        with self._database.read() as connection:
            return select_frame(connection, sa.select(runs).order_by(runs.c.id.desc()).limit(limit).offset(offset))

    def count(self) -> int:
        """Count the runs that are kept."""
        with self._database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(runs)).scalar_one())

    def read_since(self, moment: datetime) -> pd.DataFrame:
        """Read the runs that started since a moment."""
        with self._database.read() as connection:
            return select_frame(connection, sa.select(runs).where(runs.c.started_at >= moment).order_by(runs.c.id))

    def kept_since(self) -> datetime | None:
        """Say when the oldest run began that is kept."""
        with self._database.read() as connection:
            query = sa.select(runs.c.started_at).order_by(runs.c.id).limit(1)
            return connection.execute(query).scalar()

    def last_usage(self) -> Usage | None:
        """Read the API calls of 24 hours, as Salesforce said in the newest run that asked it."""
        seen = sa.func.coalesce(runs.c.finished_at, runs.c.step_at, runs.c.started_at)
        columns = (runs.c.salesforce_calls_today, runs.c.salesforce_calls_allowed, seen)
        query = sa.select(*columns).where(columns[0].is_not(None)).order_by(runs.c.id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else Usage(*row)

    def salesforce_address(self) -> str:
        """Read where people see the org's records, as the newest run found it; empty when none did."""
        query = sa.select(runs.c.salesforce_address).where(runs.c.salesforce_address != "")
        with self._database.read() as connection:
            return connection.execute(query.order_by(runs.c.id.desc()).limit(1)).scalar() or ""

    def last_full_totals(self) -> dict[str, Any] | None:
        """Read the totals of the newest run that synchronised everybody; None where none is kept."""
        whole = (runs.c.mode == "full", ~runs.c.dry_run, ~runs.c.restricted, runs.c.state == "success")
        query = sa.select(runs.c.totals).where(*whole, runs.c.totals.is_not(None))
        with self._database.read() as connection:
            return connection.execute(query.order_by(runs.c.id.desc()).limit(1)).scalar()

    def find(self, dag_id: str, dag_run_id: str) -> dict[str, Any] | None:
        """Read a run by Airflow's name of it; None where it never started."""
        query = sa.select(runs).where(runs.c.dag_id == dag_id, runs.c.dag_run_id == dag_run_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else dict(row)

    def read(self, run_id: int) -> dict[str, Any]:
        """Read one run.

        Raises:
            LookupError: There is none.
        """
        row = None
        if 0 < run_id <= LARGEST:
            with self._database.read() as connection:
                row = connection.execute(sa.select(runs).where(runs.c.id == run_id)).mappings().first()
        if row is None:
            raise LookupError(f"there is no run {run_id}")
        return dict(row)


def prune_runs(connection: sa.Connection, before: datetime) -> None:
    """Delete runs that ended earlier, with their changes."""
    old = sa.select(runs.c.id).where(sa.func.coalesce(runs.c.finished_at, runs.c.started_at) < before)
    connection.execute(sa.delete(changes).where(changes.c.run_id.in_(old)))
    connection.execute(sa.delete(runs).where(runs.c.id.in_(old)))
