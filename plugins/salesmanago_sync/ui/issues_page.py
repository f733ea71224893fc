"""Issues: found, exported, dismissed and tried again."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request, status
from starlette.responses import HTMLResponse, RedirectResponse, StreamingResponse

from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.salesmanago import card_url
from salesmanago_sync.overview.issues import IssueFilter, count_found, count_reasons, read_issues, to_csv
from salesmanago_sync.ui.access import MAY_EDIT, VisitorDep
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.paging import SIZE, Paging
from salesmanago_sync.ui.screens import show

router = APIRouter()
Text = Annotated[str, Query(max_length=80)]


def issue_filter(
    state: Literal["open", "dismissed", "closed"] = "open", reason: Text = "", object: Text = "", search: Text = ""
) -> IssueFilter:
    """Read the filter from the address.

    Raises:
        HTTPException: The search is an e-mail address: addresses of pages end up in logs.
    """
    if "@" in search:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Search by id or field. For an e-mail address use Explain.")
    return IssueFilter(state, reason, object, search.strip())


FilterDep = Annotated[IssueFilter, Depends(issue_filter)]


@router.get("/issues")
def issues(
    request: Request, visitor: VisitorDep, which: FilterDep, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> HTMLResponse:
    """Show the issues that a filter finds."""
    with console_ports() as ports:
        paging = Paging(page, count_found(ports.ledger, which))
        found = read_issues(ports.ledger, which, paging.offset, SIZE)
        reasons = count_reasons(ports.ledger, ports.now())
        address = ports.ledger.salesforce_address()
    return show(
        request,
        "issues.html",
        visitor,
        issues=found,
        which=which,
        reasons=reasons,
        paging=paging,
        query=_query(which),
        salesforce=address,
        has_cards=card_url("") is not None,
    )


@router.get("/issues.csv")
def issues_file(which: FilterDep) -> StreamingResponse:
    """Export the issues that a filter finds."""
    with console_ports() as ports:
        found = read_issues(ports.ledger, which, limit=None)
    name = f"salesmanago-issues-{which.state}.csv"
    # A mark of byte order, or Excel reads the names in another alphabet.
    lines = (f"\ufeff{line}" if number == 0 else line for number, line in enumerate(to_csv(found)))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/issues/{action}", dependencies=[Depends(MAY_EDIT), Depends(same_site)])
def act(
    request: Request,
    action: Literal["dismiss", "retry"],
    which: FilterDep,
    ids: Annotated[list[int] | None, Form()] = None,
    everything: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Dismiss or retry some issues, or all that the filter finds."""
    with console_ports() as ports:
        chosen = [one.id for one in read_issues(ports.ledger, which, limit=None)] if everything else ids or []
        {"dismiss": ports.ledger.dismiss, "retry": ports.ledger.retry}[action](chosen, ports.now())
    return RedirectResponse(f"{request.scope['root_path']}/issues?{_query(which)}", status.HTTP_303_SEE_OTHER)


@router.get("/contacts/{contact_id}")
def contact(contact_id: Annotated[str, Path(max_length=80)]) -> RedirectResponse:
    """Go to the SALESmanago contact: its address is signed when it is asked for, and never stored."""
    url = card_url(contact_id)
    if url is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "The connection has no MicroSite Key or no iFrame Name.")
    return RedirectResponse(url, status.HTTP_303_SEE_OTHER)


def _query(which: IssueFilter) -> str:
    return urlencode({"state": which.state, "reason": which.reason, "object": which.object, "search": which.search})
