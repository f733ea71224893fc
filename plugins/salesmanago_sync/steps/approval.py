"""Approval: the answer to the question of a run, and what of the plan it lets through."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.errors import FatalError
from salesmanago_sync.ledger.lock import Holder
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.start import FORGOTTEN, take_lock

log = logging.getLogger(__name__)

REJECTED = "rejected"
NOT_APPROVED = "NOT_APPROVED"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    Attributes:
        approved: Whether the run may write.
        who: The user's name; `NOBODY` where the time has run out.
        scope: What it may write.
    """

    approved: bool
    who: str
    scope: Scope


def answer(ports: Ports, given: Answer) -> None:
    """Keep the answer; what was not approved is dropped.

    Args:
        ports: What the step talks to.
        given: The answer.
    """
    ledger, number, now = ports.ledger, ports.run.id, ports.now()
    run = ledger.run(number)
    told = {"approved": given.approved, "who": given.who, "scope": given.scope.model_dump(mode="json")}
    question = {**run["question"], "answer": told}
    if not given.approved:
        ledger.drop_planned(number, NOT_APPROVED)
        ledger.update_run(number, question=question, state=REJECTED)
    else:
        planned = ledger.changes(number, state="planned")
        left = planned[~given.scope.holds(planned)]
        ledger.settle_changes(number, left.assign(state="dropped", reason=NOT_APPROVED))
        # Until the lock is free for it.
        until = now + timedelta(hours=ports.settings.approval_hours)
        restricted = bool(run["restricted"]) or len(left) > 0
        ledger.update_run(number, question=question, waits_until=until, restricted=restricted)
    if given.who != NOBODY:
        ledger.decide("approve" if given.approved else "reject", given.who, [f"run {number}"], now)


def answered(ports: Ports) -> Answer | None:
    """Read the answer to the question of this run; None where it did not ask, or nobody has answered yet."""
    told = (ports.ledger.run(ports.run.id)["question"] or {}).get("answer")
    if told is None:
        return None
    return Answer(told["approved"], told["who"], Scope.model_validate(told["scope"]))


def approved_scope(ports: Ports) -> Scope | None:
    """Say what of the plan was approved; None where the run did not have to ask.

    Raises:
        FatalError: It asked, and its plan was not approved.
    """
    question = ports.ledger.run(ports.run.id)["question"]
    if question is None:
        return None
    given = answered(ports)
    if given is None or not given.approved:
        raise FatalError(
            "The plan of this run was not approved: nothing of it is written. To be asked again, start a new run, or "
            "clear the task guard together with its downstream tasks."
        )
    return given.scope


def resume(ports: Ports, waited: timedelta) -> dict[str, int] | None:
    """Take the lock anew once the plan is approved.

    Args:
        ports: What the step talks to.
        waited: How long this run has been waiting for the lock.

    Returns:
        As `start.start`; None while another run holds the lock.

    Raises:
        FatalError: The plan was not approved, or the lock did not become free in time.
    """
    approved_scope(ports)
    taken = take_lock(ports)
    if isinstance(taken, Holder):
        if waited >= timedelta(hours=ports.settings.approval_hours):
            raise FatalError(f"The run {taken} holds the lock since this plan was approved. Start a new run.")
        log.info("Waiting for the run %s to finish.", taken)
        return None
    ports.ledger.update_run(ports.run.id, state="running", attempt=taken, waits_until=None)
    ports.ledger.end_forgotten_runs(ports.now(), FORGOTTEN, working=ports.run.id)
    return {"id": ports.run.id, "attempt": taken}


def words_of(given: Answer | None, question: dict[str, Any]) -> str:
    """Say what became of a question that was not approved."""
    if given is None:
        return "The run ended while it waited for an answer: nothing was written."
    if given.who == NOBODY:
        return f"Nobody answered until {question['until']}: nothing was written."
    return f"Rejected by {given.who}: nothing was written."
