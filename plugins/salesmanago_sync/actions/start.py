"""Start: a run of the sync, an audit, an undo, the set-up, the probe or the export, begun in Airflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field

from salesmanago_sync.actions.rows import Asked, Rows, Words
from salesmanago_sync.actions.runs import find_run
from salesmanago_sync.domain.mapping_files.mapping import ObjectName
from salesmanago_sync.errors import ConfigurationError, Fault, QuestionError
from salesmanago_sync.hooks.dag_runs import Asker, trigger
from salesmanago_sync.hooks.diagnosis import connection_faults
from salesmanago_sync.hooks.ports import export_root
from salesmanago_sync.hooks.schedule import is_under_way
from salesmanago_sync.overview.back_fill import check_fields, foretell, told
from salesmanago_sync.overview.readiness import read_readiness
from salesmanago_sync.pair import Pair
from salesmanago_sync.settings import load_settings
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.request import read_request
from salesmanago_sync.steps.setup.request import read_setup_request

MOST_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that waits for its first task.

    Attributes:
        dag_id: The DAG.
        run_id: Airflow's name of the run.
    """

    dag_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class StartedSync(StartedRun):
    """A run of the sync that waits for its first task.

    Attributes:
        calls: Where only some fields are asked for: how many requests to each service it takes at most.
    """

    calls: Mapping[str, int] | None = None


class SyncQuestion(Asked):
    """What is to be synchronised; without anything, what changed since the last synchronisation.

    Attributes:
        full: Everybody who meets the criteria, not only what changed.
        objects: Only these objects.
        direction: Which sides may be written.
        dry_run: Plan only; write nothing.
        canary: Write so many people first, and the others only if these hold what was planned.
        since: Read changes since this time, with its time zone, in place of the last synchronisation.
        emails: Only these people, by address. Airflow keeps what is asked: prefer ids.
        ids: Only these people, by Salesforce Id or contactId.
        fields: With full: only these SALESmanago fields, of people who are on both sides.
        unpause: Switch the DAG on first, where it is paused; it stays on, and so does its schedule.
    """

    full: bool = False
    objects: tuple[ObjectName, ...] = ()
    direction: Literal["both", "to_salesmanago", "to_salesforce"] = "both"
    dry_run: bool = False
    canary: int | None = Field(None, ge=1, le=2000)
    since: Words | None = None
    emails: tuple[Words, ...] = Field((), max_length=MOST_PEOPLE, repr=False)
    ids: tuple[Words, ...] = Field((), max_length=MOST_PEOPLE)
    fields: tuple[Words, ...] = Field((), max_length=1000)
    unpause: bool = False

    @property
    def mode(self) -> Literal["full", "incremental"]:
        """Which of the two DAGs does it."""
        return "full" if self.full else "incremental"

    @property
    def params(self) -> dict[str, Any]:
        """The Params of the run that differ from their defaults."""
        given = self.model_dump(mode="json", exclude={"full", "unpause"}, exclude_defaults=True)
        return {name: value for name, value in given.items() if value not in (None, [])}


class AuditQuestion(Asked):
    """What an audit is to do.

    Attributes:
        repair: Synchronise anew whoever has an unexplained difference.
        unpause: Switch the DAGs on first, where they are paused.
    """

    repair: bool = False
    unpause: bool = False


class UndoQuestion(Asked):
    """What is to be put back.

    Attributes:
        run: The run to undo: its number in the ledger, or last.
        field: Only this SALESmanago field.
        record: Only this person, by Salesforce Id or contactId.
        apply: Write it; without this it is only shown, as the plan of the run that is started.
        delete_created: Delete what the run created, where nobody has edited it since.
        shown: Put back only what this run, a dry run of the same undo, has shown.
        unpause: Switch the DAG on first, where it is paused; it has no schedule.
    """

    run: Words | int
    field: Words = ""
    record: Words = ""
    apply: bool = False
    delete_created: bool = False
    shown: int | None = Field(None, ge=1)
    unpause: bool = False


class SetupQuestion(Asked):
    """What of Salesforce is to be set up; without `check_only: false` the differences are shown only.

    Attributes:
        objects: Only these objects.
        layouts: Only these layouts, as Lead Layout; SALESmanago makes a new one.
        profiles: Who sees the new layout.
        check_only: Change nothing.
        undo: Give the layouts and their assignments back what they were.
        delete_fields: With undo: delete the fields too, with everything in them.
        unpause: Switch the DAG on first, where it is paused; it has no schedule.
    """

    objects: tuple[ObjectName, ...] = ()
    layouts: tuple[Words, ...] = Field((), max_length=1000)
    profiles: tuple[Words, ...] = Field((), max_length=1000)
    check_only: bool = True
    undo: bool = False
    delete_fields: bool = False
    unpause: bool = False


class ProbeQuestion(Asked):
    """Which of both the probe is to do.

    Attributes:
        apply: Make throw-away contacts and ask. Rules of SALESmanago that react to new contacts see them, too.
        remove: Only remove the throw-away contacts that earlier probes left behind.
        unpause: Switch the DAG on first, where it is paused; it has no schedule.
    """

    apply: bool = False
    remove: bool = False
    unpause: bool = False


class ExportQuestion(Asked):
    """How an export is started; what it stores, and where, the settings say.

    Attributes:
        unpause: Switch the DAG on first, where it is paused; it stays on, and so does its schedule.
    """

    unpause: bool = False


def start_sync(
    pair: Pair, asked: SyncQuestion, who: Asker, calls: Mapping[str, int] | None = None
) -> Rows[StartedSync]:
    """Start a synchronisation.

    Args:
        pair: Whose.
        asked: What is to be synchronised.
        who: Who asks for it.
        calls: What was foretold of it.

    Raises:
        QuestionError: What was asked does not fit together.
        ConfigurationError: Airflow would not run it.
    """
    check_sync(asked)
    dag_id = pair.full_sync if asked.full else pair.incremental_sync
    [run] = _started(dag_id, asked.params, who, unpause=asked.unpause).rows
    said = [] if calls is None else [told(calls)]
    return Rows[StartedSync].of(
        [StartedSync(run.dag_id, run.run_id, calls)], *said, f"Started {run.dag_id}, run {run.run_id}."
    )


def foretell_sync(ports: Ports, asked: SyncQuestion) -> dict[str, int] | None:
    """Say how many requests to each service a synchronisation of some fields takes at most; None of everything.

    Raises:
        QuestionError: What was asked does not fit together.
        ConfigurationError: No mapping has one of the fields.
    """
    check_sync(asked)
    if not asked.fields:
        return None
    faults = check_fields(ports, asked.mode, asked.fields)
    if faults:
        raise ConfigurationError(list(faults))
    return foretell(ports, asked.fields)


def check_sync(asked: SyncQuestion) -> None:
    """Refuse a synchronisation that does not fit together.

    Raises:
        QuestionError: With what does not.
    """
    if asked.full and (asked.since or asked.emails or asked.ids):
        raise QuestionError([Fault("full", "reads everybody.", "Leave out since, email and id.")])
    if asked.fields and not asked.full:
        raise QuestionError([Fault("fields", "belong to a full sync.", "Ask for full too, or leave them out.")])
    _validated(read_request, asked.params)


def start_audit(ports: Ports, asked: AuditQuestion, who: Asker) -> Rows[StartedRun]:
    """Start an audit; a repair is a run of the incremental sync, which must be switched on too.

    Raises:
        ConfigurationError: It could only fail, or Airflow would not run it.
    """
    _refuse(obstacles_of_audit(ports))
    pair = ports.pair
    params, starts = ({"repair": True}, (pair.incremental_sync,)) if asked.repair else ({}, ())
    return _started(pair.audit, params, who, starts, unpause=asked.unpause)


def obstacles_of_audit(ports: Ports) -> tuple[Fault, ...]:
    """Say why an audit could only fail, as far as that is known without asking a service."""
    return read_readiness(ports, connection_faults(ports.pair)).obstacles("audit")


def start_undo(ports: Ports, asked: UndoQuestion, who: Asker) -> Rows[StartedRun]:
    """Start an undo.

    Raises:
        UnknownError: The ledger has no such run.
        ConfigurationError: Airflow would not run it.
    """
    number = find_run(ports, str(asked.run))
    params = {"run": number, "field": asked.field, "record": asked.record, "delete_created": asked.delete_created}
    if asked.shown is not None:
        params["shown"] = asked.shown
    return _started(ports.pair.undo, {**params, "dry_run": not asked.apply}, who, unpause=asked.unpause)


def start_setup(pair: Pair, asked: SetupQuestion, who: Asker) -> Rows[StartedRun]:
    """Start the set-up of Salesforce.

    Raises:
        QuestionError: What was asked does not fit together.
        ConfigurationError: Airflow would not run it.
    """
    params = asked.model_dump(mode="json", exclude={"unpause"})
    _validated(read_setup_request, params)
    return _started(pair.setup, params, who, unpause=asked.unpause)


def start_probe(pair: Pair, asked: ProbeQuestion, who: Asker) -> Rows[StartedRun]:
    """Start a probe, or the removal of what earlier ones left.

    Raises:
        QuestionError: Neither was asked for, or both.
        ConfigurationError: A probe is under way, or Airflow would not run it.
    """
    if asked.apply == asked.remove:
        what = "removes its contacts itself." if asked.apply else "and remove are both left out: nothing would be done."
        raise QuestionError([Fault("apply", what, "Ask for one of the two.")])
    if is_under_way(pair.probe):
        raise ConfigurationError([Fault(pair.probe, "is under way already.", "Wait until it has come to its end.")])
    return _started(pair.probe, {"check_only": False, "remove_only": asked.remove}, who, unpause=asked.unpause)


def start_export(pair: Pair, asked: ExportQuestion, who: Asker) -> Rows[StartedRun]:
    """Start an export.

    Raises:
        ConfigurationError: No place is set, or Airflow would not run it.
    """
    export_root(pair, load_settings(pair))
    return _started(pair.export, {}, who, unpause=asked.unpause)


def refuse_hopeless(ports: Ports, asked: SyncQuestion) -> None:
    """Refuse a run that could only fail, as far as that is known without asking a service.

    Raises:
        ConfigurationError: With what must be corrected first.
    """
    run = ports.run.model_copy(update={"request": read_request(asked.params)})
    _refuse(read_readiness(replace(ports, run=run), connection_faults(ports.pair)).obstacles(asked.mode))


def _refuse(obstacles: Sequence[Fault]) -> None:
    if obstacles:
        raise ConfigurationError(list(obstacles))


def _started(
    dag_id: str, params: Mapping[str, Any], who: Asker, starts: Sequence[str] = (), *, unpause: bool
) -> Rows[StartedRun]:
    run_id = trigger(dag_id, params, who, starts=starts, switch_on=unpause)
    return Rows[StartedRun].of([StartedRun(dag_id, run_id)], f"Started {dag_id}, run {run_id}.")


def _validated(read: Any, params: Mapping[str, Any]) -> None:
    """Have the Params of a run read as its tasks will read them."""
    try:
        read(params)
    except ConfigurationError as error:
        raise QuestionError(list(error.faults)) from None
