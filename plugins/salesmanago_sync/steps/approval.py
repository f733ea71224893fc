"""Approval: the answer to the question of a run, and what of the plan it lets through."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from salesmanago_sync.domain.mapping_files.rules import choices
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.errors import FatalError, RetriableError
from salesmanago_sync.ledger.lock import Holder
from salesmanago_sync.ledger.runs import ASKS
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.start import FORGOTTEN, UNANSWERED, take_lock

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


def asked(ports: Ports) -> dict[str, Any]:
    """Give the question of this run (`guard.guard`).

    Raises:
        FatalError: It does not wait for an answer.
    """
    run = ports.line()
    if run["state"] not in (ASKS, REJECTED):
        raise FatalError(
            "This run does not wait for an answer: it has been started anew since it asked. Clear the task guard "
            "together with its downstream tasks, or start a new run."
        )
    return dict(run["question"])


def answer(ports: Ports, given: Answer) -> None:
    """Keep the answer; what was not approved is dropped.

    Args:
        ports: What the step talks to.
        given: The answer.

    Raises:
        FatalError: The run does not wait for it.
        RetriableError: It names what the plan does not have.
    """
    ledger, number, now = ports.ledger, ports.run.id, ports.now()
    run = ports.line()
    told = {"approved": given.approved, "who": given.who, "scope": given.scope.model_dump(mode="json")}
    question = {**asked(ports), "answer": told}
    if given.approved:
        _check_names(given.scope, question)
    planned = ledger.changes.read(number, state="planned")
    left = planned[~given.scope.holds(planned)] if given.approved else planned
    # Until the lock is free for it.
    until = now + timedelta(hours=ports.settings.approval_hours)
    become: dict[str, Any] = {"waits_until": until} if given.approved else {"state": REJECTED}
    # A task that dies right after this asks once more: the watermark must not pass over what is dropped by now.
    restricted = bool(run["restricted"]) or len(left) > 0
    dropped = left.assign(state="dropped", reason=NOT_APPROVED)
    ledger.changes.settle_question(number, dropped, question=question, restricted=restricted, **become)
    if given.who != NOBODY:
        ledger.decisions.add("approve" if given.approved else "reject", given.who, [f"run {number}"], now)


def _check_names(scope: Scope, question: dict[str, Any]) -> None:
    """Refuse a misspelt name: an approval of nothing would be taken for one of something."""
    for kind, chosen, valid in (
        ("object", scope.objects, [row["object"] for row in question["rows"]]),
        ("field", scope.fields, question["fields"]),
    ):
        for name in chosen:
            if name not in valid:
                raise RetriableError(
                    f"The plan has no {kind} {name!r} to approve alone. {choices(name, valid)} It is asked once more."
                )


def forget_answer(ports: Ports) -> None:
    """Forget the answer to an earlier question of this run: it was about another plan."""
    question = ports.line()["question"] or {}
    if question.pop("answer", None) is not None:
        ports.ledger.runs.update(ports.run.id, question=question)


def answered(ports: Ports) -> Answer | None:
    """Read the answer to the question of this run; None where it did not ask, or nobody has answered yet."""
    told = (ports.line()["question"] or {}).get("answer")
    if told is None:
        return None
    return Answer(told["approved"], told["who"], Scope.model_validate(told["scope"]))


def was_rejected(ports: Ports) -> bool:
    """Tell whether a person, and not the time, said no: then a run that wrote nothing has done what it was told."""
    given = answered(ports)
    return ports.line()["state"] == REJECTED and given is not None and given.who != NOBODY


def approved_scope(ports: Ports) -> Scope | None:
    """Say what of the plan was approved; None where the run did not have to ask.

    Raises:
        FatalError: It asked, and its plan was not approved.
    """
    question = ports.line()["question"]
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
        FatalError: The plan was not approved, the run has ended, or the lock did not become free in time.
    """
    approved_scope(ports)
    if ports.line()["finished_at"] is not None:
        # Nobody would give the lock back: the task close does not run again because of this one alone.
        raise FatalError(
            "This run has ended. To go on with it, clear the task guard together with its downstream tasks, or start a "
            "new run."
        )
    taken = take_lock(ports)
    if isinstance(taken, Holder):
        if waited >= timedelta(hours=ports.settings.approval_hours):
            raise FatalError(f"The run {taken} holds the lock since this plan was approved. Start a new run.")
        log.info("Waiting for the run %s to finish.", taken)
        return None
    ports.ledger.runs.update(ports.run.id, state="running", attempt=taken, waits_until=None)
    ports.ledger.runs.end_forgotten(ports.now(), FORGOTTEN, working=ports.run.id)
    return {"id": ports.run.id, "attempt": taken}


def under_last_attempt(ports: Ports) -> Ports:
    """Give what the closing task works under: the task resume may have died just after it took the lock."""
    given, holder = answered(ports), ports.ledger.lock.holder(ports.now())
    if given is None or not given.approved or holder is None or holder.owner != ports.run.owner:
        return ports
    return replace(ports, run=ports.run.model_copy(update={"attempt": holder.attempt}))


def words_of(given: Answer | None, question: dict[str, Any]) -> str:
    """Say what became of a question that was not approved."""
    if given is None:
        return UNANSWERED
    if given.who == NOBODY:
        return f"Nobody answered until {question['until']}: nothing was written."
    return f"Rejected by {given.who}: nothing was written."
