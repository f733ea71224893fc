"""Errors, grouped by what happens next.

    SyncError                      root
    ├─ ConfigurationError          mapping, connection or criteria wrong: fails at once, carries every fault
    │  └─ QuestionError            what a person asked for cannot be done as it was asked
    │     └─ UnknownError          it names something that is not there
    ├─ FatalError                  the run stops and is not retried
    │  ├─ AuthenticationError      credentials refused, permission missing
    │  ├─ UnknownOutcomeError      a write got no readable answer: it may have been applied
    │  ├─ OutdatedError            a write did not leave: what it rests on was read too long ago
    │  ├─ ReserveError             what is left of the org's daily API calls is kept for others: a later run goes on
    │  ├─ OwnFaultError            the sync made a body that is no JSON: nothing was sent
    │  └─ FrameError               a task handed on, or found, a frame that is not as it is declared
    ├─ RetriableError              time-out before sending, 429, 5xx, row lock: try again later
    ├─ UnexpectedError             a fault of this package: what it says names places in the code, never a value
    └─ IssuesFoundError            the run did its work, and some records need a person

A record that is refused is not an exception: it is an `Outcome` that becomes an issue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from salesmanago_sync.visible import visible


class SyncError(Exception):
    """Any error of this package.

    Attributes:
        words: What a service said of its own. It may repeat the values of people, so it is no part of the message:
            it goes to the ledger and to the terminal of whoever asked, never to a log.
    """

    words: str = ""

    def __str__(self) -> str:
        return visible(super().__str__())

    def saying(self, words: str) -> Self:
        """Add the service's own words."""
        self.words = words
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a mapping file.

    Attributes:
        file: Name of the file; empty where the mapping was made otherwise.
        line: Number of the line; None where the whole file is meant.
        key: The key, as `fields[2].convert`, and what it was compared with.
    """

    file: str
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return " ".join(filter(None, [place, self.key]))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a mapping, a connection or an org.

    Attributes:
        where: The place in a file, or the connection and its field.
        what: What is wrong, with the offending value (never a secret).
        fix: What to do about it, with the valid choices where there are any.
    """

    where: str | Place
    what: str
    fix: str = ""

    def renamed(self, rename: Callable[[str], str]) -> Fault:
        """Put other names in its text."""
        where = rename(self.where) if isinstance(self.where, str) else self.where
        return Fault(where, rename(self.what), rename(self.fix))

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" {self.fix}" if self.fix else "")


class ConfigurationError(SyncError):
    """Settings are wrong; the message lists every fault."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(self.faults, 1))
        counted = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(f"{counted} to correct:\n{lines}")


class QuestionError(ConfigurationError):
    """What a person asked for cannot be done as it was asked: nothing is wrong with the sync."""


class UnknownError(QuestionError):
    """What a person asked for names something that is not there."""


class FatalError(SyncError):
    """The run cannot go on and a retry would not help."""


class AuthenticationError(FatalError):
    """Credentials were refused or a permission is missing."""


class UnknownOutcomeError(FatalError):
    """A write was sent and no readable answer came back: it must not be repeated blindly."""


class OutdatedError(FatalError):
    """A write did not leave, or not once more, because what it rests on was read too long ago."""


class ReserveError(FatalError):
    """A request did not leave: what is left of the org's daily API calls is kept for others."""


class OwnFaultError(FatalError):
    """A body that the sync made is no JSON; nothing was sent.

    Attributes:
        field: The key of the value, or the text `body`.
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class FrameError(FatalError):
    """A frame that one task hands to another is not as it is declared; nothing was made of it."""


class RetriableError(SyncError):
    """A passing fault; nothing was applied.

    Attributes:
        retry_after: Seconds that the service asked to wait, if it said so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnexpectedError(SyncError):
    """Something that this package did not foresee."""


class UnexplainedError(SyncError):
    """The audit did its work, and found differences that no reason explains."""


class IssuesFoundError(SyncError):
    """The run did its work, and some records or fields could not be synchronised."""
