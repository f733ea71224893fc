"""The ports of a task, made of Airflow's connections, Variables, Params and environment."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.configuration import AIRFLOW_HOME, conf
from airflow.sdk import BaseHook, get_current_context
from airflow.sdk.exceptions import AirflowNotFoundException

from salesmanago_sync.clients.endpoint import warning_of
from salesmanago_sync.clients.http import PATIENT, Patience
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.errors import ConfigurationError, FatalError, Fault, SyncError
from salesmanago_sync.hooks.failure import keep_words, without_values
from salesmanago_sync.hooks.salesforce import salesforce_client
from salesmanago_sync.hooks.salesmanago import SalesmanagoHook
from salesmanago_sync.hooks.staging import FolderStaging, MemoryStaging
from salesmanago_sync.hooks.turns import SharedTurns
from salesmanago_sync.hooks.variables import JsonVariables
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.settings import Settings, load_settings
from salesmanago_sync.steps.ports import LOCK_TTL, Ports, Staging
from salesmanago_sync.steps.preflight import Account
from salesmanago_sync.steps.request import Mode, Request, Run, read_request
from salesmanago_sync.steps.snapshot import settings_of_run
from salesmanago_sync.steps.watermark import now_utc

LEDGER_CONNECTION = "sync_ledger"
MODES: dict[str, Mode] = {"salesmanago_full_sync": "full", "salesmanago_audit": "audit", "salesmanago_undo": "undo"}
ONE_MACHINE = ("LocalExecutor", "SequentialExecutor")
# Many of these fit into the time after which the lock of a dead worker expires.
BEAT_SECONDS = 60.0


@contextmanager
def task_ports(began: Mapping[str, int] | None = None, *, alive: bool = True) -> Iterator[Ports]:
    """Give the running task its ports.

    Args:
        began: What the task start returned (`steps.start`); None for that task itself.
        alive: Whether the task works under the attempt of its run, and shows signs of life for it.

    Raises:
        FatalError: The attempt is no longer the current one.
    """
    with without_values():
        context = get_current_context()
        run = _run(context, began or {})
        settings = load_settings()
        staging = FolderStaging(staging_root(settings), f"{run.dag_id}_{run.dag_run_id}", run.attempt)
        with _opened(run, settings_of_run(staging, settings), staging) as ports:
            try:
                with _signs_of_life(ports) if run.id and alive else nullcontext():
                    ports.ledger.begin_step(run.id, context["ti"].task_id, ports.now())
                    yield ports
            except SyncError as error:
                keep_words(ports.ledger, run.id, error)
                raise
            finally:
                _count_requests(ports)


def attempt_of(began: Mapping[str, int] | None) -> Mapping[str, int]:
    """Take what the task start returned.

    Raises:
        FatalError: It returned nothing: somebody marked it as done by hand.
    """
    if began is None:
        raise FatalError(
            "The task start did not run, so that there is no attempt to work under. Clear it together with its "
            "downstream tasks, or start a new run."
        )
    return began


def newest(*begun: Mapping[str, int] | None) -> Mapping[str, int]:
    """Take the newest attempt of a run, which may have taken the lock once more after a question.

    Raises:
        FatalError: There is none: somebody marked the task start as done by hand.
    """
    return attempt_of(max((one for one in begun if one is not None), key=lambda one: one["attempt"], default=None))


@contextmanager
def _signs_of_life(ports: Ports) -> Iterator[None]:
    """Keep the lock while the task works, however long one call of it takes."""
    ports.keep_lock()
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            # Whoever was overtaken learns it at the next sign of life of the step itself; a ledger that does not answer
            # now may do so the next time.
            with suppress(SyncError):
                if not ports.ledger.beat(ports.run.attempt, ports.now(), LOCK_TTL):
                    return

    thread = threading.Thread(target=beat, name="signs of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def console_ports(patience: Patience = PATIENT) -> Iterator[Ports]:
    """Give a command or a page its ports: there is no task and no run, and frames stay in memory.

    Nothing that is done with them may take the lock or write to a service.

    Args:
        patience: How long to wait for the services, and how often to try.
    """
    run = Run(dag_id="salesmanago_full_sync", dag_run_id="", mode="full", scheduled=False, request=Request())
    with _opened(run, load_settings(), MemoryStaging(), patience) as ports:
        yield ports


@contextmanager
def _opened(run: Run, settings: Settings, staging: Staging, patience: Patience = PATIENT) -> Iterator[Ports]:
    ledger = Ledger.open(ledger_url())
    try:
        yield Ports(
            run=run,
            open_salesforce=lambda: salesforce(patience),
            open_salesmanago=lambda: _salesmanago(settings, patience, ledger),
            ledger=ledger,
            staging=staging,
            variables=JsonVariables(),
            settings=settings,
            spreads=spreads(),
            now=now_utc,
            is_over=_is_over,
            most_tasks=conf.getint("core", "max_map_length"),
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


def _run(context: Any, began: Mapping[str, int]) -> Run:
    dag_run = context["dag_run"]
    mode: Mode = MODES.get(dag_run.dag_id, "incremental")
    request = read_request(context["params"])
    kind = str(dag_run.run_type).rpartition(".")[2].lower()
    return Run(
        dag_id=dag_run.dag_id,
        dag_run_id=dag_run.run_id,
        mode=mode,
        scheduled=kind == "scheduled",
        backfill=kind.startswith("backfill"),
        # An audit writes nothing.
        request=request.model_copy(update={"dry_run": True}) if mode == "audit" else request,
        id=began.get("id", 0),
        attempt=began.get("attempt", 0),
    )


def waited() -> timedelta:
    """Say how long the running task has been waiting, being rescheduled again and again."""
    context = get_current_context()
    since = context["ti"].get_first_reschedule_date(context)
    return timedelta(0) if since is None else now_utc() - since


def _is_over(dag_id: str, dag_run_id: str) -> bool:
    """Ask Airflow whether a run has ended; one that it does not know is left to the lock's own expiry."""
    ended = get_current_context()["ti"].get_dr_count(dag_id, run_ids=[dag_run_id], states=["success", "failed"])
    return bool(ended)


def salesforce(patience: Patience = PATIENT) -> Salesforce:
    """Make the client of the org behind the connection."""
    with existing("salesforce_default"):
        return salesforce_client(patience=patience)


def _salesmanago(settings: Settings, patience: Patience, ledger: Ledger) -> Salesmanago:
    with existing("salesmanago_default"):
        pace = Pace(settings.requests_per_second, SharedTurns(ledger))
        return SalesmanagoHook().get_conn(pace, patience, settings.export_hosts)


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
    return Account(owner=settings.owner, account_name=settings.account_name, insecure=warning_of(settings.endpoint))


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
    return _place(settings.staging, "salesmanago_sync_staging")


def certificates_root(settings: Settings) -> str:
    """Say where certificates are kept."""
    return _place(settings.certificates, "salesmanago_certificates")


def _place(setting: str | None, name: str) -> str:
    if setting is not None:
        return setting if "://" in setting else f"file://{Path(setting).resolve()}"
    return f"file://{Path(AIRFLOW_HOME) / name}"
