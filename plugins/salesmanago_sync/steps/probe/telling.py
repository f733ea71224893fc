"""Telling: what a probe would do, said before it does anything, and whom it could not remove."""

from __future__ import annotations

from salesmanago_sync.domain.probe.answers import AccountAnswer
from salesmanago_sync.domain.probe.questions import QUESTIONS
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.probe.ports import ProbePorts
from salesmanago_sync.steps.probe.probing import BEFORE, BY_HAND, remove

CONTACTS = sum(question.people for question in QUESTIONS)
# Two more to remove each contact, and one to log in.
CALLS = sum(question.calls for question in QUESTIONS) + 2 * CONTACTS + 1


def look(ports: ProbePorts) -> int:
    """Say what would be made and asked, and what is known; nothing is sent.

    Returns:
        How many requests it would take, about.
    """
    known = {one.question: one for one in ports.ledger.probe_answers.read(ports.salesmanago.account)}
    for question in QUESTIONS:
        ports.tell(f"{question.asks} {_said(known.get(question.key))} Without an answer: {question.default}")
    ports.tell(effort(ports))
    for text in BEFORE:
        ports.tell(text)
    return CALLS


def effort(ports: ProbePorts) -> str:
    """Say how many contacts and requests it takes."""
    return f"It makes {CONTACTS} throw-away contacts at {ports.settings.probe_domain}, in some {CALLS} requests."


def _said(answer: AccountAnswer | None) -> str:
    return "Open." if answer is None else f"{answer.conclusion.answer}, on {answer.at:%Y-%m-%d}."


def remove_all(ports: ProbePorts) -> int:
    """Remove every throw-away contact that is left of this probe or of another.

    Returns:
        How many there were.

    Raises:
        FatalError: Some are still there.
    """
    count, left = remove(ports)
    if left:
        raise FatalError(f"{len(left)} throw-away contacts are left: {', '.join(left)}. {BY_HAND}")
    return count
