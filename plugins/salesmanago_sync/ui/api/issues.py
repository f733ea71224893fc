"""Issues, as `airflow salesmanago issues` has them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, status

from salesmanago_sync.actions import issues as actions
from salesmanago_sync.actions.issues import Deciding, WhichIssues
from salesmanago_sync.actions.rows import Rows, Words
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.overview.issues import IssueRow, ReasonCount
from salesmanago_sync.ui.access import MAY_EDIT, MAY_SEE_PEOPLE, VisitorDep
from salesmanago_sync.ui.api.asked import Page, as_command
from salesmanago_sync.ui.asking import asking_ports
from salesmanago_sync.ui.forgery import deliberate
from salesmanago_sync.ui.pairs import PairDep
from salesmanago_sync.ui.refusals import NO_ADDRESS

router = APIRouter(prefix="/issues", dependencies=[Depends(MAY_SEE_PEOPLE)], tags=["Issues"])
DECIDES = [Depends(MAY_EDIT), Depends(deliberate)]


class IssuePage(WhichIssues, Page):
    """Which issues, and which part of their list."""


@router.get("", openapi_extra=as_command("issues list"))
def list_issues(pair: PairDep, which: Annotated[IssuePage, Query()]) -> Rows[IssueRow]:
    """List what could not be synchronised, with what to do."""
    if "@" in which.search:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, NO_ADDRESS)
    with console_ports(pair) as ports:
        return actions.list_issues(ports, which, which.offset, which.limit)


@router.get("/count", openapi_extra=as_command("issues count"))
def count_issues(pair: PairDep, reason: Annotated[Words, Query()] = "") -> Rows[ReasonCount]:
    """Count issues by reason."""
    with console_ports(pair) as ports:
        return actions.count_issues(ports, reason)


@router.post("/retry", dependencies=DECIDES, openapi_extra=as_command("issues retry"))
def retry_issues(pair: PairDep, which: WhichIssues, visitor: VisitorDep) -> Rows[IssueRow]:
    """Have the issues of these numbers, or all of a reason, tried again by the next run."""
    with console_ports(pair) as ports:
        return actions.retry_issues(ports, which, visitor.name)


@router.post("/dismiss", dependencies=DECIDES, openapi_extra=as_command("issues dismiss"))
def dismiss_issues(pair: PairDep, which: WhichIssues, visitor: VisitorDep) -> Rows[IssueRow]:
    """Dismiss the issues of these numbers, or all of a reason."""
    with console_ports(pair) as ports:
        return actions.dismiss_issues(ports, which, visitor.name)


@router.post("/decide", dependencies=DECIDES, openapi_extra=as_command("issues decide"))
def decide_issues(pair: PairDep, decision: Deciding, visitor: VisitorDep) -> Rows[IssueRow]:
    """Decide conflicts that the mapping holds, of these numbers or all of a filter; the next run carries it out."""
    with asking_ports(pair) as ports:
        return actions.decide_issues(ports, decision, visitor.name)
