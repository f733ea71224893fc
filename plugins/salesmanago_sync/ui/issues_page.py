"""Issues: found, exported, dismissed, tried again, and conflicts decided."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request, status
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from salesmanago_sync.actions import issues as actions
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.hooks.salesmanago import card_url
from salesmanago_sync.ledger.choices import CONFLICT
from salesmanago_sync.overview.issues import IssueFilter, IssueRow, count_found, count_reasons, read_issues, to_csv
from salesmanago_sync.steps.choosing import LONGEST, Chosen, Side
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.ui.access import MAY_EDIT, MAY_SEE_PEOPLE, Visitor, VisitorDep
from salesmanago_sync.ui.asking import asking_ports
from salesmanago_sync.ui.downloads import download
from salesmanago_sync.ui.forgery import same_site
from salesmanago_sync.ui.paging import SIZE, Paging
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.refusals import NO_ADDRESS
from salesmanago_sync.ui.screens import show

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE)])
DONE = {
    "dismiss": "dismissed: they are neither tried nor reported until what is tried changes",
    "retry": "tried by the next run",
    "decide": "decided: the next run carries it out, unless a side is edited until then",
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
        raise HTTPException(status.HTTP_400_BAD_REQUEST, NO_ADDRESS)
    return IssueFilter(state, reason, object, search.strip())


FilterDep = Annotated[IssueFilter, Depends(issue_filter)]


@router.get("/issues")
def issues(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    which: FilterDep,
    page: Annotated[int, Query(ge=1)] = 1,
    done: Literal["", "dismiss", "retry", "decide"] = "",
    count: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """Show the issues that a filter finds, and what was just done to some of them."""
    with console_ports(pair) as ports:
        return _list(request, visitor, ports, which, page, done=done, count=count, told=[_told(done, count)])


def _list(
    request: Request, visitor: Visitor, ports: Ports, which: IssueFilter, page: int = 1, **told: Any
) -> HTMLResponse:
    paging = Paging.within(page, count_found(ports.ledger, which))
    also: dict[str, Any] = {"typed": "", "typed_for": 0} | told
    return show(
        request,
        "issues.html",
        visitor,
        issues=read_issues(ports.ledger, which, paging.offset, SIZE),
        which=which,
        reasons=count_reasons(ports.ledger, ports.now()),
        paging=paging,
        query=_query(which),
        salesforce=ports.ledger.runs.salesforce_address(),
        has_cards=card_url(ports.pair, "") is not None,
        **also,
    )


@router.get("/issues.csv")
def issues_file(pair: PairDep, which: FilterDep) -> StreamingResponse:
    """Export the issues that a filter finds."""
    with console_ports(pair) as ports:
        found = read_issues(ports.ledger, which, limit=None)
    return download(f"salesmanago-issues-{which.state}.csv", to_csv(found))


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """What a person decided, as the form has it.

    Attributes:
        take: Whose value counts.
        value: The other one.
        ids: About which issues.
        everything: About all that the filter finds.
        shown: Number and fingerprint of each conflict on the page.
        seen: A digest of all that the filter found, as it was confirmed.
    """

    take: Side
    value: str
    ids: frozenset[int]
    everything: bool
    shown: tuple[str, ...]
    seen: str


def decision(
    take: Annotated[Side, Form()],
    value: Annotated[str, Form(max_length=LONGEST)] = "",
    ids: Annotated[list[int] | None, Form()] = None,
    everything: Annotated[bool, Form()] = False,
    shown: Annotated[list[str] | None, Form()] = None,
    seen: Annotated[str, Form()] = "",
) -> DecisionForm:
    """Read the form."""
    return DecisionForm(take, value, frozenset(ids or ()), everything, tuple(shown or ()), seen)


DecisionDep = Annotated[DecisionForm, Depends(decision)]


@router.post("/issues/decide", dependencies=[Depends(MAY_EDIT), Depends(same_site)])
def decide(request: Request, visitor: VisitorDep, pair: PairDep, which: FilterDep, decision: DecisionDep) -> Response:
    """Decide some conflicts, or all that the filter finds; all of them only as they were confirmed."""
    # Where no run has remembered what Salesforce's fields take, it is asked.
    with asking_ports(pair) as ports:
        # One by one a conflict is found whatever the filter has become since.
        mine = which if decision.everything else IssueFilter(state="", reason=CONFLICT)
        found = read_issues(ports.ledger, mine, limit=None)
        meant = [one for one in found if one.is_held and (decision.everything or one.id in decision.ids)]
        if decision.everything and meant and decision.seen != _digest(meant):
            return _confirm_decision(request, visitor, which, decision, meant)
        result = actions.decide(ports, meant, decision.take, decision.value, visitor.name, _shown(decision))
        if result.refused:
            return _refused(request, visitor, ports, which, decision, result)
    told = urlencode({"done": "decide", "count": len(result.done)})
    return RedirectResponse(f"{request.scope['root_path']}/issues?{_query(which)}&{told}", status.HTTP_303_SEE_OTHER)


def _refused(
    request: Request, visitor: Visitor, ports: Ports, which: IssueFilter, decision: DecisionForm, result: Chosen
) -> Response:
    """Say why, on the page itself: a reason may hold what was typed, which must not stand in an address."""
    count = len(result.done)
    told = [_told("decide", count)] if count else []
    told += [f"{_counted(many)} not decided: {why}." for why, many in result.why().items()]
    single = next(iter(decision.ids)) if len(decision.ids) == 1 and not decision.everything else 0
    again: dict[str, Any] = {"typed": decision.value, "typed_for": single}
    return _list(request, visitor, ports, which, done="decide", count=count, told=told, **again)


def _confirm_decision(
    request: Request, visitor: Visitor, which: IssueFilter, decision: DecisionForm, meant: Sequence[IssueRow]
) -> Response:
    told: dict[str, Any] = {"total": len(meant), "seen": _digest(meant)}
    told |= {"take": decision.take, "value": decision.value}
    return show(request, "confirm.html", visitor, action="decide", which=which, query=_query(which), **told)


def _digest(found: Sequence[IssueRow]) -> str:
    """Say in a few letters what was found: another number, or other values, make another digest."""
    text = ";".join(f"{one.id}:{one.fingerprint}" for one in sorted(found, key=lambda one: one.id))
    return hashlib.sha256(text.encode()).hexdigest()


def _shown(decision: DecisionForm) -> dict[int, str]:
    pairs = [text.partition(":") for text in decision.shown]
    return {int(number): fingerprint for number, _, fingerprint in pairs if number.isdecimal()}


@router.post("/issues/{action}", dependencies=[Depends(MAY_EDIT), Depends(same_site)])
def act(
    request: Request,
    visitor: VisitorDep,
    pair: PairDep,
    action: Literal["dismiss", "retry"],
    which: FilterDep,
    ids: Annotated[list[int] | None, Form()] = None,
    everything: Annotated[bool, Form()] = False,
    expected: Annotated[int | None, Form()] = None,
) -> Response:
    """Dismiss or retry some issues, or all that the filter finds; all of them only when their number was confirmed."""
    with console_ports(pair) as ports:
        chosen = [one.id for one in read_issues(ports.ledger, which, limit=None)] if everything else ids or []
        if everything and expected != len(chosen):
            return show(
                request, "confirm.html", visitor, action=action, which=which, total=len(chosen), query=_query(which)
            )
        count = actions.change(ports, action, chosen, visitor.name)
    told = urlencode({"done": action, "count": count})
    return RedirectResponse(f"{request.scope['root_path']}/issues?{_query(which)}&{told}", status.HTTP_303_SEE_OTHER)


@router.get("/contacts/{contact_id}")
def contact(pair: PairDep, contact_id: Annotated[str, Path(max_length=80)]) -> RedirectResponse:
    """Go to the SALESmanago contact: its address is signed when it is asked for, and never stored.

    Only for contacts that the sync knows: a signature opens the page of whoever it names.
    """
    with console_ports(pair) as ports:
        if not ports.ledger.history.knows_contact(contact_id):
            raise HTTPException(status.HTTP_404_NOT_FOUND, "The ledger knows no such contact.")
    url = card_url(pair, contact_id)
    if url is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "The connection has no MicroSite Key or no iFrame Name.")
    return RedirectResponse(url, status.HTTP_303_SEE_OTHER)


def _told(done: str, count: int) -> str:
    if not done:
        return ""
    if count == 0:
        return "Nothing was changed: tick the issues that you mean, or all that the filter finds."
    return f"{_counted(count)} {DONE[done]}."


def _counted(count: int) -> str:
    return f"{count} {'issue is' if count == 1 else 'issues are'}"


def _query(which: IssueFilter) -> str:
    return urlencode({"state": which.state, "reason": which.reason, "object": which.object, "search": which.search})
