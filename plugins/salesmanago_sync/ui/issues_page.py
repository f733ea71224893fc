"""Issues: found, exported, dismissed and tried again."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request, status
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from salesmanago_sync.hooks.audit import audit
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.salesmanago import card_url
from salesmanago_sync.overview.issues import IssueFilter, count_found, count_reasons, read_issues, to_csv
from salesmanago_sync.ui.access import MAY_EDIT, MAY_SEE_PEOPLE, VisitorDep
from salesmanago_sync.ui.downloads import download
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.paging import SIZE, Paging
from salesmanago_sync.ui.screens import show

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE)])
DONE = {
    "dismiss": "dismissed: they are neither tried nor reported until what is tried changes",
    "retry": "tried by the next run",
}
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
    request: Request,
    visitor: VisitorDep,
    which: FilterDep,
    page: Annotated[int, Query(ge=1)] = 1,
    done: Literal["", "dismiss", "retry"] = "",
    count: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """Show the issues that a filter finds, and what was just done to some of them."""
    with console_ports() as ports:
        paging = Paging.within(page, count_found(ports.ledger, which))
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
        told=_told(done, count),
        salesforce=address,
        has_cards=card_url("") is not None,
    )


@router.get("/issues.csv")
def issues_file(which: FilterDep) -> StreamingResponse:
    """Export the issues that a filter finds."""
    with console_ports() as ports:
        found = read_issues(ports.ledger, which, limit=None)
    return download(f"salesmanago-issues-{which.state}.csv", to_csv(found))


@router.post("/issues/{action}", dependencies=[Depends(MAY_EDIT), Depends(same_site)])
def act(
    request: Request,
    visitor: VisitorDep,
    action: Literal["dismiss", "retry"],
    which: FilterDep,
    ids: Annotated[list[int] | None, Form()] = None,
    everything: Annotated[bool, Form()] = False,
    expected: Annotated[int | None, Form()] = None,
) -> Response:
    """Dismiss or retry some issues, or all that the filter finds; all of them only when their number was confirmed."""
    with console_ports() as ports:
        chosen = [one.id for one in read_issues(ports.ledger, which, limit=None)] if everything else ids or []
        if everything and expected != len(chosen):
            return show(
                request, "confirm.html", visitor, action=action, which=which, total=len(chosen), query=_query(which)
            )
        change = {"dismiss": ports.ledger.dismiss, "retry": ports.ledger.retry}[action]
        count = change(chosen, ports.now(), visitor.name)
    if count:
        audit(action, visitor.name, [str(number) for number in chosen])
    told = urlencode({"done": action, "count": count})
    return RedirectResponse(f"{request.scope['root_path']}/issues?{_query(which)}&{told}", status.HTTP_303_SEE_OTHER)


@router.get("/contacts/{contact_id}")
def contact(contact_id: Annotated[str, Path(max_length=80)]) -> RedirectResponse:
    """Go to the SALESmanago contact: its address is signed when it is asked for, and never stored.

    Only for contacts that the sync knows: a signature opens the page of whoever it names.
    """
    with console_ports() as ports:
        if not ports.ledger.knows_contact(contact_id):
            raise HTTPException(status.HTTP_404_NOT_FOUND, "The ledger knows no such contact.")
    url = card_url(contact_id)
    if url is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "The connection has no MicroSite Key or no iFrame Name.")
    return RedirectResponse(url, status.HTTP_303_SEE_OTHER)


def _told(done: str, count: int) -> str:
    if not done:
        return ""
    if count == 0:
        return "Nothing was changed: tick the issues that you mean, or all that the filter finds."
    return f"{count} {'issue is' if count == 1 else 'issues are'} {DONE[done]}."


def _query(which: IssueFilter) -> str:
    return urlencode({"state": which.state, "reason": which.reason, "object": which.object, "search": which.search})
