"""Answers: what an account was found to do, and what of it the sync goes by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from salesmanago_sync.domain.probe.questions import QUESTIONS, UNCLEAR


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a question came to.

    Attributes:
        answer: One of the question's, or `unclear`.
        words: What was seen, or why it is unclear; never a value of a person.
        number: How many, where the answer is about a number.
    """

    answer: str
    words: str = ""
    number: int | None = None


def unclear(words: str) -> Conclusion:
    """Say that a question found no answer, and why."""
    return Conclusion(UNCLEAR, words)


@dataclass(frozen=True, slots=True)
class AccountAnswer:
    """A conclusion that is remembered.

    Attributes:
        question: The key of its question.
        conclusion: The answer.
        at: When it was found.
    """

    question: str
    conclusion: Conclusion
    at: datetime

    @property
    def is_clear(self) -> bool:
        """Whether it answers anything."""
        return self.conclusion.answer != UNCLEAR

    def is_old(self, now: datetime, days: int) -> bool:
        """Tell whether the sync no longer goes by it."""
        return self.at < now - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class AccountWays:
    """What the sync goes by; the defaults are its ways without an answer.

    Attributes:
        empty_field: What empties a field.
        empty_address: What empties a part of an address.
        empty_detail: What empties a standard detail.
        keeps_address_parts: Whether parts of an address that are left out are kept.
        tags_mind_case: Whether tags differ by case.
        page: How many contacts a page holds at most, where that is less than is asked for.
        list_cut: At how many contacts a list of new ones is cut.
        has_export: Whether the export is worth asking for.
        new_consent: How a new contact stands, and the day on which that was found, in words; empty where unknown.
    """

    empty_field: str | None = ""
    empty_address: str | None = ""
    empty_detail: str | None = ""
    keeps_address_parts: bool = False
    tags_mind_case: bool = False
    page: int | None = None
    list_cut: int | None = None
    has_export: bool = True
    new_consent: str = ""

    @classmethod
    def of(cls, answers: Iterable[AccountAnswer], now: datetime, days: int) -> Self:
        """Take answers that are young enough.

        Args:
            answers: Those of one account.
            now: The time.
            days: For how long an answer counts.
        """
        found = {one.question: one for one in answers if not one.is_old(now, days)}
        said = {key: one.conclusion.answer for key, one in found.items()}
        cut = {key: found[key].conclusion.number for key in ("page_cut", "list_cut") if said.get(key) == "cut"}
        return cls(
            empty_field=_emptying(said.get("empty_field")),
            empty_address=_emptying(said.get("empty_address")),
            empty_detail=_emptying(said.get("empty_detail")),
            keeps_address_parts=said.get("address_parts") == "kept",
            tags_mind_case=said.get("tag_case") == "minds",
            page=cut.get("page_cut"),
            list_cut=cut.get("list_cut"),
            has_export=said.get("export") != "refused",
            new_consent=_consent(found.get("new_consent")),
        )


def _emptying(answer: str | None) -> str | None:
    return None if answer == "null" else ""


def _consent(answer: AccountAnswer | None) -> str:
    if answer is None or not answer.is_clear:
        return ""
    return f"opted {answer.conclusion.answer} (probe of {answer.at:%Y-%m-%d})"


def open_questions(answers: Iterable[AccountAnswer], now: datetime, days: int) -> tuple[list[str], list[str]]:
    """Name the questions that have no answer, and those whose answer is too old."""
    found = {one.question: one for one in answers if one.is_clear}
    lacking = [one.key for one in QUESTIONS if one.key not in found]
    old = [one.key for one in QUESTIONS if one.key in found and found[one.key].is_old(now, days)]
    return lacking, old
