"""One person explained, and people forgotten: by POST where an address may be asked for, which is in no log then."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, status

from salesmanago_sync.actions import people
from salesmanago_sync.actions.people import ForgetQuestion, PastQuestion, PersonQuestion
from salesmanago_sync.actions.rows import Rows, Words
from salesmanago_sync.domain.explain.explanation import Explanation
from salesmanago_sync.domain.explain.past import Past
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.ui.access import MAY_FORGET, MAY_SEE_PEOPLE, VisitorDep
from salesmanago_sync.ui.api.asked import as_command
from salesmanago_sync.ui.asking import asking_ports
from salesmanago_sync.ui.forgery import deliberate
from salesmanago_sync.ui.pairs import PairDep

router = APIRouter(dependencies=[Depends(MAY_SEE_PEOPLE)], tags=["People"])
BY_POST = "Ask for an e-mail address by POST, in the body: addresses of pages end up in logs."


@router.get("/explain/{id}", openapi_extra=as_command("explain"))
def explain_id(
    pair: PairDep, id: Annotated[Words, Path(description="A Salesforce Id or a contactId.")]
) -> Rows[Explanation]:
    """Read one person from both services and explain."""
    if "@" in id:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, BY_POST)
    with asking_ports(pair) as ports:
        return people.explain(ports, id)


@router.post("/explain", dependencies=[Depends(deliberate)], openapi_extra=as_command("explain"))
def explain(pair: PairDep, asked: PersonQuestion) -> Rows[Explanation]:
    """Read one person from both services and explain."""
    with asking_ports(pair) as ports:
        return people.explain(ports, asked.person)


@router.post("/explain/past", dependencies=[Depends(deliberate)], openapi_extra=as_command("explain --at"))
def recall(pair: PairDep, asked: PastQuestion) -> Rows[Past]:
    """Say what both sides held at a moment, from the ledger alone; people of the past are found by id."""
    with console_ports(pair) as ports:
        return people.recall(ports, asked.person, asked.at)


@router.post("/forget", dependencies=[Depends(MAY_FORGET), Depends(deliberate)], openapi_extra=as_command("forget"))
def forget(pair: PairDep, asked: ForgetQuestion, visitor: VisitorDep) -> Rows[dict[str, str | int]]:
    """Say what the sync keeps of people, and wipe it where that is confirmed."""
    with console_ports(pair) as ports:
        if not asked.confirmed:
            return people.count_kept(ports, asked.people)
        return people.forget_people(ports, asked.people, visitor.name)
