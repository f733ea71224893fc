"""Plan: what any run was going to write, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request, status
from starlette.responses import HTMLResponse, StreamingResponse

from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.salesmanago import card_url
from salesmanago_sync.overview.plans import FILTERS, ChangeRow, count_plan, read_changes, read_plan
from salesmanago_sync.overview.runs import read_run, read_runs
from salesmanago_sync.overview.spreadsheet import csv_lines
from salesmanago_sync.pair import Pair
from salesmanago_sync.ui.access import MAY_SEE_PEOPLE, VisitorDep
from salesmanago_sync.ui.downloads import download
from salesmanago_sync.ui.paging import SIZE, Paging
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.screens import show

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE)])
Text = Annotated[str, Query(max_length=80)]
OFFERED = 100


def plan_filters(
    object: Text = "", direction: Text = "", field: Text = "", rule: Text = "", action: Text = "", state: Text = ""
) -> dict[str, str]:
    """Read the filters from the address."""
    return dict(zip(FILTERS, (object, direction, field, rule, action, state), strict=True))


@router.get("/plan.csv")
def plan_file(
    pair: PairDep, filters: Annotated[dict[str, str], Depends(plan_filters)], run: Annotated[int, Query(ge=1)]
) -> StreamingResponse:
    """Export the changes of a run that a filter finds."""
    return download(f"salesmanago-plan-{run}.csv", _lines(pair, run, filters))


def _lines(pair: Pair, run: int, filters: dict[str, str]) -> Iterator[str]:
    with console_ports(pair) as ports:
        yield from csv_lines(ChangeRow, read_changes(ports.ledger, run, filters))


@router.get("/plan")
def plan(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    filters: Annotated[dict[str, str], Depends(plan_filters)],
    run: Annotated[int | None, Query(ge=1)] = None,
    page: Annotated[int, Query(ge=1)] = 1,
) -> HTMLResponse:
    """Show the plan of a run, or of the newest one that planned something."""
    with console_ports(pair) as ports:
        runs = read_runs(ports.ledger, OFFERED)
        newest = ports.ledger.changes.last_run()
        chosen = run or newest or (runs[0].id if runs else None)
        if chosen is None:
            return show(request, "plan.html", visitor, run=None)
        try:
            line = read_run(ports.ledger, chosen, still_asks=ports.still_asks)
        except LookupError:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"The ledger knows no run {chosen}.") from None
        paging = Paging.within(page, count_plan(ports.ledger, chosen, filters))
        part = read_plan(ports.ledger, chosen, filters, paging.offset, SIZE)
        address = ports.ledger.runs.salesforce_address()
    return show(
        request,
        "plan.html",
        visitor,
        run=line,
        runs=runs if any(one.id == line.id for one in runs) else [*runs, line],
        newest=newest,
        idle=None if run or runs[0].id == chosen else runs[0],
        part=part,
        filters=filters,
        paging=paging,
        query=urlencode({"run": chosen, **filters}),
        salesforce=address,
        has_cards=card_url(pair, "") is not None,
    )
