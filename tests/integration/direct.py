"""The sync without Airflow around it: the same steps, in the order of the DAGs, against the twin over HTTP.

Many runs a minute, and a crash at any request or any call of the ledger.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce as Connection

from salesmanago_sync.clients.http import RetryPolicy
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.clients.salesmanago_wire import Credentials
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.parquet import from_parquet, to_parquet
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.contacts import list_contacts, read_cards
from salesmanago_sync.steps.extract import extract_salesforce, gather_counterparts
from salesmanago_sync.steps.guard import guard
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.parts import share_out
from salesmanago_sync.steps.planning import plan_part
from salesmanago_sync.steps.ports import LOCK_TTL, Ports
from salesmanago_sync.steps.preflight import Account, preflight
from salesmanago_sync.steps.request import Request, Run
from salesmanago_sync.steps.start import start
from salesmanago_sync.steps.window import Window, fix_window
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.integration.sync import SETTLED_SECONDS, WRITES, Killed
from tests.twin_in_process import TwinInProcess
from tests.twin_server import ROOT, TwinServer
from tests.watched_ledger import watched

Mode = Literal["full", "incremental"]
DAGS = {
    "full": "salesmanago_full_sync",
    "incremental": "salesmanago_incremental_sync",
    "undo": "salesmanago_undo",
}


def read_everybody(direct: Direct, ports: Ports) -> Window:
    """Do everything up to the sharing out, and give the window."""
    objects = preflight(ports, direct.account, lambda settings: None)
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    read_contacts(ports, window)
    gather_counterparts(ports)
    return window


def read_contacts(ports: Ports, window: Window) -> None:
    """List the contacts, and read their cards slice by slice, as the mapped tasks do."""
    for slices in list_contacts(ports, window):
        read_cards(ports, slices)


def write_everybody(ports: Ports, window: Window) -> None:
    """Do everything from the plan to the watermark."""
    assert guard(ports) is None, "a test that asks takes the steps apart"
    write_approved(ports, window)


def write_approved(ports: Ports, window: Window) -> None:
    """Do everything behind the guard, up to the watermark."""
    work_of_tasks = bind_people(ports)
    write_consent(ports)
    for work in work_of_tasks:
        write_batches(ports, work)
    follow_up(ports)
    commit(ports, window)


def plan_everybody(ports: Ports) -> bool:
    """Plan part by part, as the mapped tasks do; tell whether there was anybody."""
    parts = share_out(ports)
    for number in parts:
        plan_part(ports, number)
    return bool(parts)


def one_after_the_other(calls: Sequence[Callable[[], None]]) -> None:
    """Make calls that could be made at the same time, always in the same order."""
    for call in calls:
        call()


class Countdown:
    """Lets the worker die at one of the next requests or calls of the ledger; each of them passes through here."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.after = False

    def set(self, left: int | None, *, after: bool = False) -> None:
        """Die at the call with this number, before it is made or just after."""
        self.left, self.after = left, after

    def passes(self, call: Callable[[], Any]) -> Any:
        """Make a call, or die."""
        if self.left is None:
            return call()
        self.left -= 1
        if self.left != 0:
            return call()
        if self.after:
            call()
        raise Killed


class Mortal(HTTPAdapter):
    """An adapter that can die before a request is sent or after its answer came."""

    def __init__(self, carrier: HTTPAdapter, countdown: Countdown) -> None:
        super().__init__()
        self._carrier, self._countdown = carrier, countdown

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        answer: requests.Response = self._countdown.passes(lambda: self._carrier.send(request, *args, **options))
        return answer

    def close(self) -> None:
        self._carrier.close()


class ParquetStaging:
    """Frames in memory, but through Parquet, as between real tasks."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def write(self, name: str, frame: pd.DataFrame) -> None:
        self._files[f"{name}.parquet"] = to_parquet(frame)

    def read(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        return from_parquet(self._files[f"{name}.parquet"], columns)

    def write_json(self, name: str, value: Any) -> None:
        self._files[f"{name}.json"] = json.dumps(value).encode()

    def read_json(self, name: str) -> Any:
        return json.loads(self._files[f"{name}.json"])

    def read_written(self, name: str) -> bytes:
        return self._files[f"{name}.json"]

    def has(self, file: str) -> bool:
        return file in self._files

    def remove(self) -> None:
        self._files.clear()


class MemoryVariables:
    """Airflow Variables, as JSON text."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def get(self, name: str) -> Any:
        text = self._texts.get(name)
        return None if text is None else json.loads(text)

    def set(self, name: str, value: Any) -> None:
        self._texts[name] = json.dumps(value)

    def delete(self, name: str) -> None:
        self._texts.pop(name, None)


class Direct:
    """The sync's steps between an empty twin and an empty ledger.

    Args:
        twin: The local services.
        folder: Where the ledger is kept.
        template: A ledger with tables and no rows, to be copied: making the tables takes longer than most runs.
        mappings: Folder of the mapping files.
        ledger_url: Another database for the ledger.
    """

    def __init__(
        self,
        twin: TwinServer | TwinInProcess,
        folder: Path,
        template: Path | None = None,
        mappings: Path | None = None,
        ledger_url: str | None = None,
    ) -> None:
        self.twin, self.control = twin, twin.control
        self.countdown = Countdown()
        path = folder / "ledger.db"
        path.unlink(missing_ok=True)
        if template is not None:
            shutil.copy(template, path)
        self.ledger = Ledger.open(ledger_url or f"sqlite:///{path}")
        self.variables = MemoryVariables()
        self.settings = Settings(
            mappings=mappings or ROOT / "include" / "mappings", requests_per_second=1000, ask="never"
        )
        self.lock_ttl = LOCK_TTL
        # Whether the schedule starts runs, or a person.
        self.scheduled = False
        # Nobody waits for anything here, unless a test says how.
        self.sleep: Callable[[float], None] = lambda seconds: None
        self.at_once = one_after_the_other
        self._ahead = timedelta(0)
        self._runs = 0
        self._session = requests.Session()
        self._session.verify, self._session.trust_env = twin.ca, False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Mortal(twin.adapter(), self.countdown))

    def close(self) -> None:
        """Give everything back."""
        self.ledger.close()
        self._session.close()

    def now(self) -> datetime:
        """The clock of the machine that syncs; it goes with those of the services."""
        return self.twin.now() if isinstance(self.twin, TwinInProcess) else datetime.now(UTC) + self._ahead

    def later(self, seconds: float) -> None:
        """Let time pass everywhere."""
        self._ahead += timedelta(seconds=seconds)
        self.control.post("/clock", {"advance": seconds})

    # -- runs

    def sync(self, mode: Mode = "incremental", **request: Any) -> list[str]:
        """Run once everything has settled, to the end.

        Returns:
            The requests that could have changed something.
        """
        self.later(SETTLED_SECONDS)
        self.control.delete("/calls")
        self._run(mode, Request(**request))
        return self.writes()

    def writes(self) -> list[str]:
        """The requests that could have changed something, since the log of calls was emptied."""
        calls = [(call["system"], f"{call['method']} {call['path']}") for call in self.control.get("/calls")["log"]]
        return [call for system, call in calls if WRITES[system].search(call)]

    def crash(self, mode: Mode, at: int, *, after: bool, killed: bool) -> bool:
        """Run until the worker dies.

        Args:
            mode: Of the run.
            at: Number of the request or ledger call at which it dies.
            after: Whether that call is still made.
            killed: Whether everything dies with it; else the closing task still runs.

        Returns:
            Whether the run was long enough to die.
        """
        self.later(SETTLED_SECONDS)
        self.countdown.set(at, after=after)
        try:
            self._run(mode, Request(), killed=killed)
        except Killed:
            return True
        finally:
            self.countdown.set(None)
            # A lock that a dead worker holds expires.
            self.later(LOCK_TTL.total_seconds())
        return False

    def ports(self, mode: Mode = "incremental", **request: Any) -> Ports:
        """Open what a step talks to, for a run that nobody knows yet."""
        self._runs += 1
        asked, name = Request(**request), str(self._runs)
        run = Run(dag_id=DAGS[mode], dag_run_id=name, mode=mode, scheduled=self.scheduled, request=asked)
        return self.ports_of(run)

    def start(self, ports: Ports) -> dict[str, int] | None:
        """Try once to take the lock for a run."""
        return start(ports, timedelta(0))

    def begun(self, mode: Mode = "incremental", **request: Any) -> Ports:
        """Start a run, and open what its tasks talk to."""
        ports = self.ports(mode, **request)
        began = start(ports, timedelta(days=1))
        assert began is not None
        return replace(ports, run=ports.run.model_copy(update=began))

    def ports_of(self, run: Run, is_over: Callable[[str, str], bool] = lambda dag_id, dag_run_id: False) -> Ports:
        """Open what a step talks to, as each task does."""
        return Ports(
            run=run,
            open_salesforce=self._salesforce,
            open_salesmanago=self._salesmanago,
            ledger=watched(self.ledger, self.countdown.passes),
            staging=ParquetStaging(),
            variables=self.variables,
            settings=self.settings,
            spreads=False,
            now=self.now,
            is_over=is_over,
            at_once=self.at_once,
        )

    def account(self) -> Account:
        """The settings of the SALESmanago connection."""
        return Account(self.twin.salesmanago["owner"], self.twin.salesmanago["account_name"])

    def _run(self, mode: Mode, request: Request, *, killed: bool = False) -> None:
        ports = self.begun(mode, **request.model_dump())
        try:
            self._steps(ports)
        except BaseException:
            self.countdown.set(None)
            if not killed:
                close(ports)
            raise
        close(ports)

    def _steps(self, ports: Ports) -> None:
        window = read_everybody(self, ports)
        anybody = plan_everybody(ports)
        if ports.run.request.dry_run or not anybody:
            if anybody:
                guard(ports)
            commit(ports, window)
        else:
            write_everybody(ports, window)

    def _salesforce(self) -> Salesforce:
        token = self.twin.salesforce["access_token"]

        def connect() -> Connection:
            return Connection(instance_url=self.twin.https, session_id=token, session=self._session, version="66.0")

        return Salesforce(connect, RetryPolicy(sleep=self.sleep))

    def _salesmanago(self) -> Salesmanago:
        known = self.twin.salesmanago
        credentials = Credentials(known["endpoint"], known["client_id"], known["api_secret"], known["owner"])
        policy = RetryPolicy(sleep=self.sleep)
        return Salesmanago(credentials, self._session, policy, pace=Pace(1000, sleep=lambda seconds: None))

    # -- both services

    def record(self, sobject: str, **fields: Any) -> str:
        """Make a Salesforce record and return its id."""
        [identifier] = self.control.post(f"/salesforce/{sobject}", fields)["ids"]
        return str(identifier)

    def contact(self, email: str, **card: Any) -> str:
        """Make a SALESmanago contact and return its id."""
        [identifier] = self.control.post("/salesmanago/contacts", {"email": email, **card})["ids"]
        return str(identifier)

    def records(self, sobject: str, *, deleted: bool = False) -> dict[str, dict[str, Any]]:
        """Read all records of an object, by id."""
        query = "?deleted=true" if deleted else ""
        return {row["Id"]: dict(row) for row in self.control.get(f"/salesforce/{sobject}{query}")}

    def cards(self) -> dict[str, dict[str, Any]]:
        """Read all contacts, by id."""
        return {card["id"]: dict(card) for card in self.control.get("/salesmanago/contacts")}
