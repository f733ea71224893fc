"""The ports of a task, made of Airflow's connections, Variables, Params and environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from airflow.configuration import AIRFLOW_HOME, conf
from airflow.sdk import BaseHook, get_current_context
from airflow.sdk.exceptions import AirflowNotFoundException

from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.salesforce import salesforce_client
from salesmanago_sync.hooks.salesmanago import SalesmanagoHook
from salesmanago_sync.hooks.staging import FolderStaging, MemoryStaging
from salesmanago_sync.hooks.variables import JsonVariables
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.settings import Settings, load_settings
from salesmanago_sync.steps.ports import Ports, Staging
from salesmanago_sync.steps.preflight import Account
from salesmanago_sync.steps.request import Request, Run, read_request
from salesmanago_sync.steps.watermark import now_utc

LEDGER_CONNECTION = "sync_ledger"
ONE_MACHINE = ("LocalExecutor", "SequentialExecutor")


@contextmanager
def task_ports(run_id: int = 0) -> Iterator[Ports]:
    """Give the running task its ports.

    Args:
        run_id: The run's number in the ledger, once it has one.
    """
    context = get_current_context()
    run = _run(context, run_id)
    settings = load_settings()
    staging = FolderStaging(staging_root(settings), f"{run.dag_id}_{run.dag_run_id}")
    with _opened(run, settings, staging) as ports:
        ports.ledger.begin_step(run_id, context["ti"].task_id, ports.now())
        try:
            yield ports
        finally:
            _count_requests(ports)


@contextmanager
def console_ports() -> Iterator[Ports]:
    """Give a command or a page its ports: there is no task and no run, and frames stay in memory.

    Nothing that is done with them may take the lock or write to a service.
    """
    run = Run(dag_id="salesmanago_full_sync", dag_run_id="", mode="full", scheduled=False, request=Request())
    with _opened(run, load_settings(), MemoryStaging()) as ports:
        yield ports


@contextmanager
def _opened(run: Run, settings: Settings, staging: Staging) -> Iterator[Ports]:
    ledger = Ledger.open(ledger_url())
    try:
        yield Ports(
            run=run,
            open_salesforce=salesforce,
            open_salesmanago=lambda: _salesmanago(settings.requests_per_second),
            ledger=ledger,
            staging=staging,
            variables=JsonVariables(),
            settings=settings,
            spreads=spreads(),
            now=now_utc,
        )
    finally:
        ledger.close()


def _count_requests(ports: Ports) -> None:
    """Remember how often the task asked the services, and what Salesforce said of its daily limit."""
    asked = vars(ports)  # a client that was never asked for was never made
    if (salesmanago := asked.get("salesmanago")) is not None:
        ports.ledger.add_to_run(ports.run.id, salesmanago_calls=salesmanago.calls)
    if (salesforce := asked.get("salesforce")) is not None:
        ports.ledger.add_to_run(ports.run.id, salesforce_calls=salesforce.calls)
        used, allowed = salesforce.usage or (None, None)
        told = {
            "salesforce_calls_today": used,
            "salesforce_calls_allowed": allowed,
            "salesforce_address": salesforce.address,
        }
        known = {name: value for name, value in told.items() if value is not None}
        if known:
            ports.ledger.update_run(ports.run.id, **known)


def _run(context: Any, run_id: int) -> Run:
    dag_run = context["dag_run"]
    mode: Literal["full", "incremental"] = "full" if "full" in dag_run.dag_id else "incremental"
    return Run(
        dag_id=dag_run.dag_id,
        dag_run_id=dag_run.run_id,
        mode=mode,
        scheduled=str(dag_run.run_type) in ("scheduled", "DagRunType.SCHEDULED"),
        request=read_request(context["params"]),
        id=run_id,
    )


def salesforce() -> Salesforce:
    """Make the client of the org behind the connection."""
    with existing("salesforce_default"):
        return salesforce_client()


def _salesmanago(per_second: int) -> Salesmanago:
    with existing("salesmanago_default"):
        return SalesmanagoHook().get_conn(per_second)


@contextmanager
def existing(conn_id: str) -> Iterator[None]:
    """Turn a connection that does not exist into a fault."""
    try:
        yield
    except AirflowNotFoundException:
        fault = Fault(f"connection {conn_id}", "does not exist.", "Add it in Airflow: Admin → Connections.")
        raise ConfigurationError([fault]) from None


def account() -> Account:
    """Read the settings of the SALESmanago connection that the preflight checks."""
    with existing("salesmanago_default"):
        settings = SalesmanagoHook().settings
    return Account(owner=settings.owner, account_name=settings.account_name)


def ledger_url() -> str:
    """Say where the ledger is: the connection `sync_ledger`, or a file below the Airflow home."""
    try:
        return str(BaseHook.get_connection(LEDGER_CONNECTION).get_uri())
    except AirflowNotFoundException:
        return f"sqlite:///{Path(AIRFLOW_HOME) / 'salesmanago_sync_ledger.db'}"


def spreads() -> bool:
    """Tell whether Airflow's executor runs tasks on several machines."""
    executors = conf.get("core", "executor").split(",")
    return not all(name.strip().rpartition(".")[2] in ONE_MACHINE for name in executors)


def staging_root(settings: Settings) -> str:
    """Say where frames travel between tasks."""
    if settings.staging is not None:
        return settings.staging if "://" in settings.staging else f"file://{Path(settings.staging).resolve()}"
    return f"file://{Path(AIRFLOW_HOME) / 'salesmanago_sync_staging'}"
