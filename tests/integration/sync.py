"""Verbs for the integration tests: run a DAG, edit as a person would, and see what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from tests.twin_server import ROOT, TwinServer

# More than the sync waits for late commits.
SETTLED_SECONDS = 60
# Requests that could change something; both services read by POST too, as Collections at /composite/sobjects/Lead, and
# a Bulk job that reads is deleted in the end.
WRITES = {
    "salesforce": re.compile(
        r"^(PATCH|DELETE|PUT) (?!.*/jobs/query/)|^POST .*(/composite/sobjects|/data/[^/]*/sobjects/.*|/jobs/ingest.*)$"
    ),
    "salesmanago": re.compile(r"^POST .*(upsert|delete|optOut|insert)", re.IGNORECASE),
}


class Killed(BaseException):
    """The worker is gone: nothing after this line ran, not even the closing task."""


@dataclass(frozen=True, slots=True)
class Done:
    """A run that came to its end.

    Attributes:
        state: Of the DAG run.
        run_id: Airflow's name of it.
        tasks: State of each task, `write[0]` for mapped ones.
        log: Everything that was printed and logged.
    """

    state: str
    run_id: str
    tasks: dict[str, str]
    log: str

    @property
    def red(self) -> set[str]:
        """The tasks that failed themselves."""
        return {name for name, state in self.tasks.items() if state == "failed"}

    @property
    def green(self) -> bool:
        """Whether nothing failed."""
        return self.state == "success" and not self.red

    def says(self, *texts: str) -> None:
        """Check that the log holds all the texts."""
        for text in texts:
            assert text in self.log, f"{text!r} is not in the log:\n{self.log[-4000:]}"


class Sync:
    """The sync in a real Airflow, with the twin on the other end."""

    def __init__(self, twin: TwinServer, ledger_url: str, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self.twin, self.control = twin, twin.control
        self._folder, self._environment = folder, environment
        self._engine = sa.create_engine(ledger_url.replace("postgresql://", "postgresql+psycopg2://"))
        self.read_log: Callable[[], str] = str

    def __enter__(self) -> Sync:
        from airflow.models.dagrun import DagRun
        from airflow.models.variable import Variable
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            for table in (XComModel, DagRun, Variable):
                session.execute(sa.delete(table))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    # -- runs

    def full(self, **how: Any) -> Done:
        """Run `salesmanago_full_sync`; see `run`."""
        return self.run("salesmanago_full_sync", **how)

    def incremental(self, **how: Any) -> Done:
        """Run `salesmanago_incremental_sync`; see `run`."""
        return self.run("salesmanago_incremental_sync", **how)

    def run(
        self,
        dag_id: str,
        *,
        before: Mapping[str, Callable[[], object]] | None = None,
        scheduled: bool = False,
        **params: Any,
    ) -> Done:
        """Run a DAG once everything that was edited has settled.

        Args:
            dag_id: The DAG.
            before: What happens just before a task starts, by task id.
            scheduled: Whether the schedule starts it.
            params: Its Params.
        """
        from airflow.dag_processing.dagbag import DagBag
        from airflow.sdk.definitions import dag as module

        self.later(SETTLED_SECONDS)
        # A DAG object that was run before keeps the Params of that run.
        bag = DagBag(dag_folder=str(ROOT / "dags"))
        assert not bag.import_errors, bag.import_errors
        dag = bag.dags[dag_id]
        for task in dag.tasks:
            task.retries = 0  # a second try comes minutes later
        run_task = module._run_task

        def announced(**how: Any) -> Any:
            (before or {}).get(how["ti"].task_id, str)()
            return run_task(**how)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_run_task", announced)
            if scheduled:
                _start_by_schedule(patch)
            self.read_log()
            run = dag.test(run_conf=params)
        tasks = {
            one.task_id if one.map_index < 0 else f"{one.task_id}[{one.map_index}]": str(one.state)
            for one in run.get_task_instances()
        }
        return Done(str(run.state), run.run_id, tasks, self.read_log())

    def later(self, seconds: float) -> None:
        """Let time pass in both services."""
        self.control.post("/clock", {"advance": seconds})

    def set(self, **environment: str) -> None:
        """Set environment variables of the sync, without their prefix."""
        for name, value in environment.items():
            self._environment.setenv(f"SALESMANAGO_SYNC_{name.upper()}", value)

    def map(self, name: str, *lines: dict[str, Any], **changes: Any) -> None:
        """Map this object, and the others that were mapped before: its shipped mapping with changes.

        Args:
            name: File name of the shipped mapping, as `lead`.
            lines: Further lines.
            changes: Keys to set.
        """
        shipped = yaml.safe_load((ROOT / "include" / "mappings" / f"{name}.yaml").read_text(encoding="utf-8"))
        mapping = {**shipped, **changes}
        mapping["fields"] = [*mapping["fields"], *lines]
        self.map_text(f"{name}.yaml", yaml.safe_dump(mapping, sort_keys=False))

    def map_text(self, file: str, text: str) -> None:
        """Write a mapping file; only those written in the test count."""
        folder = self._folder / "mappings"
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
        self.set(mappings=str(folder))

    def connect(self, conn_id: str, **changes: Any) -> None:
        """Change a connection; keys of its extras too."""
        connection = self.twin.connections[conn_id]
        extra = connection["extra"]
        extra = json.loads(extra) if isinstance(extra, str) else dict(extra)
        own = {name: value for name, value in changes.items() if name in connection}
        extra |= {name: value for name, value in changes.items() if name not in connection}
        text = json.dumps({**connection, **own, "extra": extra})
        self._environment.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", text)

    def disconnect(self, conn_id: str) -> None:
        """Remove a connection."""
        self._environment.delenv(f"AIRFLOW_CONN_{conn_id.upper()}")

    # -- what the sync remembers

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Query the ledger, or change it, as a person with a database client would."""
        with self._engine.begin() as connection:
            result = connection.execute(sa.text(query), values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def issues(self) -> dict[str, int]:
        """Count the open issues by reason."""
        found = self.rows("SELECT reason, count(*) AS number FROM issues WHERE state = 'open' GROUP BY reason")
        return {row["reason"]: row["number"] for row in found}

    def changes(self) -> list[tuple[str, str, str]]:
        """Direction, field and state of every change of the last run."""
        query = "SELECT direction, field, state FROM changes WHERE run_id = (SELECT max(id) FROM runs) ORDER BY 1, 2, 3"
        return [(row["direction"], row["field"], row["state"]) for row in self.rows(query)]

    def totals(self) -> list[dict[str, Any]]:
        """The totals of the last run."""
        [row] = self.rows("SELECT totals FROM runs WHERE id = (SELECT max(id) FROM runs)")
        totals = json.loads(row["totals"]) if isinstance(row["totals"], str) else row["totals"]
        rows: list[dict[str, Any]] = totals["rows"]
        return rows

    def bindings(self) -> dict[str, str]:
        """Which Salesforce record is which SALESmanago contact."""
        found = self.rows("SELECT salesforce_id, salesmanago_id FROM bindings")
        return {row["salesforce_id"]: row["salesmanago_id"] for row in found}

    def variable(self, name: str) -> Any:
        """Read an Airflow Variable that holds JSON."""
        from airflow.models.variable import Variable

        return Variable.get(name, default_var=None, deserialize_json=True)

    def edit_variable(self, name: str, text: str) -> None:
        """Write the text of an Airflow Variable, as a person in the UI would."""
        from airflow.models.variable import Variable

        Variable.set(name, text)

    @property
    def watermark(self) -> dict[str, str] | None:
        """Up to when both sides were synchronised."""
        found: dict[str, str] | None = self.variable("salesmanago_last_sync")
        return found and {side: found[side] for side in ("salesforce", "salesmanago")}

    def xcoms(self) -> str:
        """Everything that tasks handed to each other."""
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            return "\n".join(str(value) for value in session.scalars(sa.select(XComModel.value)))

    # -- both services

    def lead(self, **fields: Any) -> str:
        """Make a Lead and return its id."""
        return self.record("Lead", **{"LastName": "Nowak", "Company": "Nowak i Synowie", **fields})

    def crm_contact(self, **fields: Any) -> str:
        """Make a Salesforce Contact and return its id."""
        return self.record("Contact", **{"LastName": "Nowak", **fields})

    def record(self, sobject: str, **fields: Any) -> str:
        """Make a Salesforce record and return its id."""
        [identifier] = self.control.post(f"/salesforce/{sobject}", fields)["ids"]
        return str(identifier)

    def edit(self, sobject: str, identifier: str, **fields: Any) -> None:
        """Change a Salesforce record."""
        self.control.patch(f"/salesforce/{sobject}/{identifier}", fields)

    def delete(self, sobject: str, identifier: str) -> None:
        """Put a Salesforce record into the recycle bin."""
        self.control.delete(f"/salesforce/{sobject}/{identifier}")

    def undelete(self, sobject: str, identifier: str) -> None:
        """Take a Salesforce record out of the recycle bin."""
        self.control.post(f"/salesforce/{sobject}/{identifier}/undelete")

    def purge(self, sobject: str, identifier: str) -> None:
        """Remove a Salesforce record for good: no feed tells of it."""
        self.control.post(f"/salesforce/{sobject}/{identifier}/purge")

    def merge(self, sobject: str, winner: str, *losers: str, **changes: Any) -> None:
        """Merge Salesforce records into one."""
        self.control.post(f"/salesforce/{sobject}/{winner}/merge", {"losers": losers, "changes": changes})

    def convert(self, lead: str, **into: str) -> dict[str, str]:
        """Convert a Lead, into a given `account` or `contact`; return the ids of both."""
        return dict(self.control.post(f"/salesforce/Lead/{lead}/convert", into))

    def read(self, sobject: str, identifier: str) -> dict[str, Any]:
        """Read a Salesforce record."""
        return dict(self.control.get(f"/salesforce/{sobject}/{identifier}"))

    def records(self, sobject: str) -> list[dict[str, Any]]:
        """Read all Salesforce records of an object."""
        return list(self.control.get(f"/salesforce/{sobject}"))

    def contact(self, email: str, **card: Any) -> str:
        """Make a SALESmanago contact and return its id."""
        [identifier] = self.control.post("/salesmanago/contacts", {"email": email, **card})["ids"]
        return str(identifier)

    def edit_card(self, identifier: str, **card: Any) -> None:
        """Change a SALESmanago contact."""
        self.control.patch(f"/salesmanago/contacts/{identifier}", card)

    def delete_card(self, identifier: str) -> None:
        """Delete a SALESmanago contact so that it can be restored."""
        self.edit_card(identifier, deleted=True)

    def purge_card(self, identifier: str) -> None:
        """Remove a SALESmanago contact for good."""
        self.control.delete(f"/salesmanago/contacts/{identifier}")

    def card(self, identifier: str) -> dict[str, Any]:
        """Read a SALESmanago contact."""
        return dict(self.control.get(f"/salesmanago/contacts/{identifier}"))

    def card_of(self, email: str) -> dict[str, Any]:
        """Read the one SALESmanago contact that has an address."""
        [card] = self.control.get(f"/salesmanago/contacts?email={email.replace('+', '%2B')}")
        return dict(card)

    def cards(self) -> list[dict[str, Any]]:
        """Read all SALESmanago contacts."""
        return list(self.control.get("/salesmanago/contacts"))

    def fault(self, system: str, kind: str, path: str = "", **how: Any) -> None:
        """Plant a fault on the wire."""
        self.control.post("/faults", {"system": system, "kind": kind, "path": path, **how})

    def everything(self) -> dict[str, Any]:
        """Both services as they are, clocks included: equal before and after means that nothing was written."""
        return {name: self.records(name) for name in ("Lead", "Contact", "Account")} | {"contacts": self.cards()}

    def writes(self) -> list[str]:
        """The requests that could have changed something, since `forget_calls`."""
        calls = [(call["system"], f"{call['method']} {call['path']}") for call in self.control.get("/calls")["log"]]
        return [call for system, call in calls if WRITES[system].search(call)]

    def forget_calls(self) -> None:
        """Start the log of calls anew."""
        self.control.delete("/calls")


def _start_by_schedule(patch: pytest.MonkeyPatch) -> None:
    """Let the next `dag.test()` be a run of the schedule; Airflow offers manual ones only."""
    from airflow.models import dagrun
    from airflow.utils.types import DagRunType

    create = dagrun.get_or_create_dagrun

    def scheduled(**how: Any) -> Any:
        run = create(**how)
        run.run_type = DagRunType.SCHEDULED
        how["session"].commit()
        return run

    patch.setattr(dagrun, "get_or_create_dagrun", scheduled)
