"""Runs started: a synchronisation, an audit, an undo, the set-up of Salesforce, the probe, an export."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Request

from salesmanago_sync.actions import start
from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.actions.start import (
    AuditQuestion,
    ExportQuestion,
    ProbeQuestion,
    SetupQuestion,
    StartedRun,
    StartedSync,
    SyncQuestion,
    UndoQuestion,
)
from salesmanago_sync.hooks.dag_runs import Asker
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.ui.access import (
    MAY_AUDIT,
    MAY_EXPORT,
    MAY_PROBE,
    MAY_SEE_PEOPLE,
    MAY_SET_UP,
    MAY_TRIGGER,
    MAY_UNDO,
    VisitorDep,
)
from salesmanago_sync.ui.api.asked import as_command
from salesmanago_sync.ui.forgery import deliberate
from salesmanago_sync.ui.pairs import PairDep

router = APIRouter(tags=["Start"], dependencies=[Depends(deliberate)])


def asker(visitor: VisitorDep) -> Asker:
    """Say who asks, for Airflow's audit."""
    return Asker(visitor.name, "rest_api", may_switch_on=visitor.may_edit)


AskerDep = Annotated[Asker, Depends(asker)]


@router.post("/sync", openapi_extra=as_command("sync --no-wait"))
def start_sync(
    pair: PairDep, asked: SyncQuestion, request: Request, user: GetUserDep, who: AskerDep
) -> Rows[StartedSync]:
    """Start a synchronisation; `/runs/{dag_id}/{run_id}` says how far it is."""
    MAY_TRIGGER[asked.mode](request, user)
    start.check_sync(asked)
    with console_ports(pair) as ports:
        start.refuse_hopeless(ports, asked)
        calls = start.foretell_sync(ports, asked)
    return start.start_sync(pair, asked, who, calls)


@router.post("/audit", dependencies=[Depends(MAY_AUDIT)], openapi_extra=as_command("audit --no-wait"))
def start_audit(pair: PairDep, asked: AuditQuestion, who: AskerDep) -> Rows[StartedRun]:
    """Start an audit; `/certificates` has its certificate when it has come to its end."""
    with console_ports(pair) as ports:
        return start.start_audit(ports, asked, who)


@router.post("/undo", dependencies=[Depends(MAY_SEE_PEOPLE), Depends(MAY_UNDO)], openapi_extra=as_command("undo"))
def start_undo(pair: PairDep, asked: UndoQuestion, who: AskerDep) -> Rows[StartedRun]:
    """Start an undo; `/plan/{run}` of the run that is started shows what goes back."""
    with console_ports(pair) as ports:
        return start.start_undo(ports, asked, who)


@router.post("/setup", dependencies=[Depends(MAY_SET_UP)], openapi_extra=as_command("setup"))
def start_setup(pair: PairDep, asked: SetupQuestion, who: AskerDep) -> Rows[StartedRun]:
    """Start the set-up of Salesforce; the log of its task `compare` has the differences."""
    return start.start_setup(pair, asked, who)


@router.post("/probe", dependencies=[Depends(MAY_PROBE)], openapi_extra=as_command("probe --apply"))
def start_probe(pair: PairDep, asked: ProbeQuestion, who: AskerDep) -> Rows[StartedRun]:
    """Start the probe; `GET /probe` has its answers as they come."""
    return start.start_probe(pair, asked, who)


@router.post("/export", dependencies=[Depends(MAY_EXPORT)], openapi_extra=as_command("export"))
def start_export(pair: PairDep, asked: ExportQuestion, who: AskerDep) -> Rows[StartedRun]:
    """Start an export of runs, changes and issues to the place that is set."""
    return start.start_export(pair, asked, who)
