"""The ports of a task, made of Airflow's connections, Variables, Params and environment."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from airflow.configuration import AIRFLOW_HOME, conf
from airflow.sdk import BaseHook, Connection, get_current_context
from airflow.sdk.exceptions import AirflowNotFoundException

from salesmanago_sync.clients.endpoint import warning_of
from salesmanago_sync.clients.http import PATIENT, Patience
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.errors import ConfigurationError, FatalError, Fault, ReserveError, SyncError
from salesmanago_sync.hooks import question
from salesmanago_sync.hooks.failure import keep_words, without_values
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.hooks.pairs import own_words, pair_of_task
from salesmanago_sync.hooks.salesforce import salesforce_client
from salesmanago_sync.hooks.salesmanago import SalesmanagoHook
from salesmanago_sync.hooks.staging import FolderStaging, MemoryStaging
from salesmanago_sync.hooks.turns import SharedTurns
from salesmanago_sync.hooks.variables import JsonVariables, ServedVariables
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.memory import share_memory
from salesmanago_sync.pair import Pair
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.ports import LOCK_TTL, Ports, Staging, Variables
from salesmanago_sync.steps.preflight import Account
from salesmanago_sync.steps.request import Mode, Request, Run, read_request
from salesmanago_sync.steps.reserve import explained, most_calls
from salesmanago_sync.steps.snapshot import settings_of_run
from salesmanago_sync.steps.watermark import now_utc

ONE_MACHINE = ("LocalExecutor", "SequentialExecutor")
# Many of these fit into the time after which the lock of a dead worker expires.
BEAT_SECONDS = 60.0


@contextmanager
def task_ports(began: Mapping[str, int] | None = None, *, alive: bool = True, reserve: bool = False) -> Iterator[Ports]:
    """Give the running task its ports.

    Args:
        began: What the task start returned (`steps.start`); None for that task itself.
        alive: Whether the task works under the attempt of its run, and shows signs of life for it.
        reserve: Whether it may use the API calls that are kept for others.

    Raises:
        FatalError: The attempt is no longer the current one.
    """
    with without_values():
        context = get_current_context()
        pair = pair_of_task(context)
        with own_words(pair), _task_ports(pair, context, began or {}, alive=alive, reserve=reserve) as ports:
            yield ports


@contextmanager
def _task_ports(pair: Pair, context: Any, began: Mapping[str, int], *, alive: bool, reserve: bool) -> Iterator[Ports]:
    share_memory()
    run = _run(pair, context, began)
    settings = settings_here(pair, lambda: str(context["dag"].fileloc))
    staging = FolderStaging(staging_root(pair, settings), f"{run.dag_id}_{run.dag_run_id}", run.attempt)
    kept = settings_of_run(staging, settings)
    with _opened(pair, run, kept, staging, JsonVariables(pair), reserve=reserve) as ports:
        try:
            with _counted(ports), _signs_of_life(ports) if run.id and alive else nullcontext():
                ports.ledger.runs.begin_step(run.id, context["ti"].task_id, ports.now())
                yield ports
        except ReserveError as error:
            raise explained(ports, error) from None
        except SyncError as error:
            keep_words(ports.ledger, run.id, error)
            raise


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
                if not ports.ledger.lock.beat(ports.run.attempt, ports.now(), LOCK_TTL):
                    return

    thread = threading.Thread(target=beat, name="signs of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def console_ports(pair: Pair, patience: Patience = PATIENT) -> Iterator[Ports]:
    """Give a command or a page its ports: there is no task and no run, and frames stay in memory.

    Nothing that is done with them may take the lock or write to a service.

    Args:
        pair: Whose they are.
        patience: How long to wait for the services, and how often to try.
    """
    run = Run(dag_id=pair.full_sync, dag_run_id="", mode="full", scheduled=False, request=Request())
    opened = partial(_opened, pair, run, staging=MemoryStaging(), variables=ServedVariables(pair), patience=patience)
    with own_words(pair), opened(settings=settings_here(pair)) as ports:
        yield replace(ports, still_asks=_still_asks_outside)


@contextmanager
def _opened(
    pair: Pair,
    run: Run,
    settings: Settings,
    staging: Staging,
    variables: Variables,
    patience: Patience = PATIENT,
    *,
    reserve: bool = True,
) -> Iterator[Ports]:
    ledger = open_ledger(pair)
    try:
        yield Ports(
            run=run,
            pair=pair,
            open_salesforce=partial(_salesforce, pair, settings, patience, reserve=reserve),
            open_salesmanago=partial(salesmanago, pair, settings, patience, ledger),
            ledger=ledger,
            staging=staging,
            variables=variables,
            settings=settings,
            spreads=spreads(),
            now=now_utc,
            is_over=_is_over,
            still_asks=_still_asks,
            most_tasks=conf.getint("core", "max_map_length"),
        )
    finally:
        ledger.close()


def _salesforce(pair: Pair, settings: Settings, patience: Patience, *, reserve: bool) -> Salesforce:
    """Make the client of the org; without the reserve it sends nothing that would use what is kept for others."""
    client = salesforce(pair, patience)
    if settings.salesforce_reserve_percent and not reserve:
        client.keep_reserve(partial(most_calls, settings))
    return client


@contextmanager
def _counted(ports: Ports) -> Iterator[None]:
    """Remember how often the task asked the services, and what Salesforce said of its daily limit."""
    try:
        yield
    finally:
        _count_requests(ports)


def _count_requests(ports: Ports) -> None:
    salesforce, salesmanago = ports.asked
    if salesmanago is not None:
        ports.ledger.runs.add_to(ports.run.id, salesmanago_calls=salesmanago.calls)
    if salesforce is not None:
        ports.ledger.runs.add_to(ports.run.id, salesforce_calls=salesforce.calls)
        used, allowed = salesforce.usage or (None, None)
        told = {
            "salesforce_calls_today": used,
            "salesforce_calls_allowed": allowed,
            "salesforce_address": salesforce.address,
        }
        known = {name: value for name, value in told.items() if value is not None}
        if known:
            ports.ledger.runs.update(ports.run.id, **known)


def _run(pair: Pair, context: Any, began: Mapping[str, int]) -> Run:
    dag_run = context["dag_run"]
    modes: dict[str, Mode] = {pair.full_sync: "full", pair.audit: "audit", pair.undo: "undo"}
    mode = modes.get(dag_run.dag_id, "incremental")
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


def _still_asks(dag_id: str, dag_run_id: str) -> bool:
    """Ask Airflow, as a task may, whether the question of a run can still be answered."""
    found = get_current_context()["ti"].get_task_states(dag_id, task_ids=[question.TASK], run_ids=[dag_run_id])
    return question.can_be_answered(found.get(dag_run_id, {}).values())


def _still_asks_outside(dag_id: str, dag_run_id: str) -> bool:
    """Ask Airflow's database the same, which tasks may not."""
    from salesmanago_sync.hooks.dag_runs import still_asks

    return still_asks(dag_id, dag_run_id)


def salesforce(pair: Pair, patience: Patience = PATIENT) -> Salesforce:
    """Make the client of the org behind the connection."""
    with existing(pair.salesforce):
        return salesforce_client(pair.salesforce, patience)


def salesmanago(pair: Pair, settings: Settings, patience: Patience, ledger: Ledger) -> Salesmanago:
    """Make the client of the account behind the connection."""
    with existing(pair.salesmanago):
        pace = Pace(settings.requests_per_second, SharedTurns(ledger))
        return SalesmanagoHook(pair.salesmanago).get_conn(pace, patience, settings.export_hosts)


@contextmanager
def existing(conn_id: str) -> Iterator[None]:
    """Turn a connection that does not exist into a fault."""
    try:
        yield
    except AirflowNotFoundException:
        fault = Fault(f"connection {conn_id}", "does not exist.", "Add it in Airflow: Admin → Connections.")
        raise ConfigurationError([fault]) from None


def account(pair: Pair) -> Account:
    """Read the settings of the SALESmanago connection that the preflight checks."""
    with existing(pair.salesmanago):
        settings = SalesmanagoHook(pair.salesmanago).settings
    return Account(owner=settings.owner, account_name=settings.account_name, insecure=warning_of(settings.endpoint))


def open_ledger(pair: Pair) -> Ledger:
    """Open the ledger of a pair; that of another one does not open.

    Args:
        pair: Whose it is.
    """
    return Ledger.open(ledger_url(pair), pair.name)


def ledger_url(pair: Pair) -> str:
    """Say where the ledger is: its connection, or a file below the Airflow home."""
    try:
        url = _url_of(BaseHook.get_connection(pair.ledger))
    except AirflowNotFoundException:
        url = sa.URL.create("sqlite", database=str(Path(AIRFLOW_HOME) / pair.own("salesmanago_sync_ledger.db")))
    return url.render_as_string(hide_password=False)


def _url_of(connection: Connection) -> sa.URL:
    """Put its parts together: SQLAlchemy before 2.1 takes the encoded name in the connection's own URI literally."""
    return sa.URL.create(
        str(connection.conn_type),
        connection.login,
        connection.password,
        connection.host or None,  # Airflow keeps no host as an empty one
        connection.port,
        connection.schema,
        {name: str(value) for name, value in connection.extra_dejson.items()},
    )


def spreads() -> bool:
    """Tell whether Airflow's executor runs tasks on several machines."""
    executors = conf.get("core", "executor").split(",")
    return not all(name.strip().rpartition(".")[2] in ONE_MACHINE for name in executors)


def staging_root(pair: Pair, settings: Settings) -> str:
    """Say where frames travel between tasks."""
    return _place(pair, settings.staging, "salesmanago_sync_staging")


def certificates_root(pair: Pair, settings: Settings) -> str:
    """Say where certificates are kept."""
    return _place(pair, settings.certificates, "salesmanago_certificates")


def export_root(pair: Pair, settings: Settings) -> str:
    """Say where runs, changes and issues are exported to.

    Raises:
        ConfigurationError: No place is set.
    """
    if settings.export is None:
        fix = "Set it to a folder or a bucket, such as s3://aws_default@bucket/crm."
        raise ConfigurationError([Fault("SALESMANAGO_SYNC_EXPORT", "names no place to export to.", fix)])
    return _place(pair, settings.export, "")


def _place(pair: Pair, setting: str | None, name: str) -> str:
    """Give each further pair a folder of its own, also where pairs name the same place."""
    if setting is None:
        root = f"file://{Path(AIRFLOW_HOME) / name}"
    else:
        root = setting if "://" in setting else f"file://{Path(setting).resolve()}"
    return root if pair.is_first else f"{root.rstrip('/')}/pairs/{pair.name}"
