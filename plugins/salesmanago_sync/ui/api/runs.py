"""What the sync is doing, its runs, and what each was going to write."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from salesmanago_sync.actions import plan, runs
from salesmanago_sync.actions.plan import WhichChanges
from salesmanago_sync.actions.rows import Rows, Words
from salesmanago_sync.actions.runs import FollowedRun, Summary, ToldRun
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.plans import ChangeRow
from salesmanago_sync.ui.access import MAY_SEE_PEOPLE
from salesmanago_sync.ui.api.asked import Page, as_command
from salesmanago_sync.ui.pairs import PairDep

router = APIRouter(tags=["Runs"])
RunName = Annotated[Words, Path(description="Its number in the ledger, or last.")]


class ChangePage(WhichChanges, Page):
    """Which changes, and which part of their list."""


@router.get("/status")
def status(pair: PairDep) -> Rows[Summary]:
    """Say what the sync is doing, did, and will do next."""
    with console_ports(pair) as ports:
        return runs.summarise(ports)


@router.get("/runs")
def list_runs(pair: PairDep, page: Annotated[Page, Query()]) -> Rows[ToldRun]:
    """List runs, the newest first."""
    with console_ports(pair) as ports:
        return runs.list_runs(ports, page.offset, page.limit)


@router.get("/runs/{run}")
def show_run(pair: PairDep, run: RunName) -> Rows[ToldRun]:
    """Show one run."""
    with console_ports(pair) as ports:
        return runs.show_run(ports, run)


@router.get("/runs/{dag_id}/{run_id}")
def follow_run(pair: PairDep, dag_id: Annotated[Words, Path()], run_id: Annotated[Words, Path()]) -> Rows[FollowedRun]:
    """Say how far a run is, by what its start answered; its totals, once it has come to its end."""
    with console_ports(pair) as ports:
        return runs.follow_run(ports, dag_id, run_id)


@router.get("/plan/{run}", dependencies=[Depends(MAY_SEE_PEOPLE)], openapi_extra=as_command("plan --run"))
def show_plan(pair: PairDep, run: RunName, which: Annotated[ChangePage, Query()]) -> Rows[ChangeRow]:
    """Show what a run was going to write, or did: old value, new value and the rule that decided."""
    with console_ports(pair) as ports:
        return plan.show_plan(ports, run, which, which.offset, which.limit)
