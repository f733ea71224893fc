"""Ports: everything a step talks to, given to it from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.domain.probe.answers import AccountWays
from salesmanago_sync.errors import FatalError
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.pair import FIRST, Pair
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.request import Run

# A killed worker blocks the next run no longer than this.
LOCK_TTL = timedelta(minutes=15)


class Staging(Protocol):
    """Where frames wait between the tasks of one run."""

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Store a frame."""

    def read(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a frame, or some columns of it, as far as it has them."""

    def write_json(self, name: str, value: Any) -> None:
        """Store a JSON value."""

    def read_json(self, name: str) -> Any:
        """Read a JSON value."""

    def read_written(self, name: str) -> bytes:
        """Read a JSON value as it is written."""

    def has(self, file: str) -> bool:
        """Tell whether a file was stored, as `people.parquet`."""

    def remove(self) -> None:
        """Delete everything of this run."""


class Variables(Protocol):
    """Airflow Variables that hold JSON."""

    def get(self, name: str) -> Any:
        """Read one; None where there is none.

        Raises:
            ValueError: It holds no JSON.
        """

    def set(self, name: str, value: Any) -> None:
        """Write one."""


def in_threads(calls: Sequence[Callable[[], None]]) -> None:
    """Make some calls at the same time, each of which waits for a service."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for made in [pool.submit(call) for call in calls]:
            made.result()


@dataclass(frozen=True)
class Ports:
    """What a step talks to.

    Attributes:
        run: The run and what it was asked to do.
        open_salesforce: Makes the client of the org.
        open_salesmanago: Makes the client of the account.
        ledger: What is remembered.
        staging: Frames of this run.
        variables: Airflow Variables.
        settings: Settings of the sync.
        spreads: Whether Airflow's executor spreads tasks over machines.
        now: The local clock, UTC.
        is_over: Tells of a run, by DAG and name, whether Airflow says that it has ended.
        still_asks: Tells of a run that asked, by DAG and name, whether its question can still be answered in Airflow.
        most_tasks: Into how many tasks Airflow lets one task be mapped.
        at_once: How some calls are made at the same time.
        pair: The pair of accounts.
    """

    run: Run
    open_salesforce: Callable[[], Salesforce]
    open_salesmanago: Callable[[], Salesmanago]
    ledger: Ledger
    staging: Staging
    variables: Variables
    settings: Settings
    spreads: bool
    now: Callable[[], datetime]
    is_over: Callable[[str, str], bool] = lambda dag_id, dag_run_id: False
    still_asks: Callable[[str, str], bool] = lambda dag_id, dag_run_id: True
    most_tasks: int = 1024
    at_once: Callable[[Sequence[Callable[[], None]]], None] = in_threads
    pair: Pair = FIRST

    @cached_property
    def salesforce(self) -> Salesforce:
        """The org; a wrong connection shows at its first use."""
        return self.open_salesforce()

    @cached_property
    def salesmanago(self) -> Salesmanago:
        """The account; a wrong connection shows at its first use."""
        client, known = self._account
        client.go_by(page=known.page, list_cut=known.list_cut, has_export=known.has_export)
        return client

    @property
    def known(self) -> AccountWays:
        """What the probe found out about the account, as far as the sync goes by it."""
        return self._account[1]

    @cached_property
    def _account(self) -> tuple[Salesmanago, AccountWays]:
        client = self.open_salesmanago()
        answers = self.ledger.probe_answers.read(client.account)
        return client, AccountWays.of(answers, self.now(), self.settings.probe_days)

    @property
    def asked(self) -> tuple[Salesforce | None, Salesmanago | None]:
        """The clients that were asked for so far; the others were never made."""
        # Where `cached_property` keeps what it has made.
        return self.__dict__.get("salesforce"), self.__dict__.get("salesmanago")

    def line(self) -> dict[str, Any]:
        """Read what the ledger says of this run.

        Raises:
            FatalError: Nothing: another ledger stands in the place of the one that the run began with.
        """
        run = self.ledger.runs.find(self.run.dag_id, self.run.dag_run_id)
        if run is None or run["id"] != self.run.id:
            raise FatalError(
                "The ledger does not know this run: it was restored, replaced or lost meanwhile. Put the right one "
                "back, or run salesmanago_full_sync, which takes the ledger as it is."
            )
        return run

    def keep_lock(self, read: int = 0) -> None:
        """Show that this run is alive, and how far it has come.

        Args:
            read: How many records were read since the last sign of life.

        Raises:
            FatalError: The attempt is no longer the current one.
        """
        if not self.ledger.lock.beat(self.run.attempt, self.now(), LOCK_TTL):
            raise FatalError(self._overtaken())
        self.ledger.runs.add_to(self.run.id, records_read=read)

    def _overtaken(self) -> str:
        holder = self.ledger.lock.holder(self.now())
        why = "It has ended." if holder is None else f"The run {holder} works now."
        if self.ledger.lock.last_attempt() < self.run.attempt:
            why = "The ledger is another one than at its start: it was restored, replaced or lost."
        return (
            f"Attempt {self.run.attempt} of the run {self.run.owner} is no longer the current one. {why} Nothing "
            "more is written. To go on, clear the whole run, or start a new run."
        )
