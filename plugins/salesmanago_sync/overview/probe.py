"""The probe as a person is shown it: each question, what is known, and what the sync does with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from salesmanago_sync.domain.probe.answers import AccountAnswer
from salesmanago_sync.domain.probe.questions import BY_KEY, QUESTIONS, UNCLEAR, Question
from salesmanago_sync.steps.request import utc

OPEN, OLD = "open", "old"


def planned(answers: Iterable[AccountAnswer], now: datetime, days: int) -> list[dict[str, Any]]:
    """Lay out every question: what asking takes, what is known, and what the sync does without an answer.

    Args:
        answers: Those of the account.
        now: The time.
        days: For how long an answer counts.
    """
    known = {one.question: one for one in answers}
    return [
        {
            "question": question.asks,
            "contacts": question.people,
            "calls": question.calls,
            "without an answer": question.default,
            **_answered(question, known.get(question.key), now, days),
        }
        for question in QUESTIONS
    ]


def found(answers: Iterable[AccountAnswer], now: datetime, days: int) -> list[dict[str, Any]]:
    """Lay out the answers of a probe."""
    return [
        {"question": BY_KEY[one.question].asks, **_answered(BY_KEY[one.question], one, now, days)} for one in answers
    ]


def _answered(question: Question, answer: AccountAnswer | None, now: datetime, days: int) -> dict[str, Any]:
    if answer is None:
        return {"answer": OPEN, "found": "", "at": "", "the sync": question.default}
    old = answer.is_old(now, days)
    name, verdict = answer.conclusion.answer, answer.conclusion
    number = "" if verdict.number is None else f" {verdict.number:,}."
    said = f"{question.answers.get(name, '')}{number} {verdict.words}".strip()
    return {
        "answer": f"{name} ({OLD})" if old else name,
        "found": said,
        "at": utc(answer.at),
        "the sync": question.default if old or name == UNCLEAR else question.use(name),
    }
