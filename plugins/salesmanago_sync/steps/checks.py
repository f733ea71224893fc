"""Checks: single questions about the set-up, each with what it found, so that one answer does not hide the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from salesmanago_sync.errors import AuthenticationError, ConfigurationError, FatalError, Fault, SyncError

OK, WARNING, FAULT = "ok", "warning", "fault"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer.

    Attributes:
        name: What was looked at.
        told: What is there, in a few words.
        faults: What stops a run.
        warnings: What works less well than one may think.
    """

    name: str
    told: str
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def result(self) -> Literal["ok", "warning", "fault"]:
        """The worst of what was found."""
        if self.faults:
            return "fault"
        return "warning" if self.warnings else "ok"


def _silent(name: str) -> None:
    """Announce nothing."""


@dataclass(slots=True)
class Findings:
    """What was found so far: faults stop a run, warnings do not.

    Attributes:
        caught: Errors that become a fault, beside wrong settings; others end the checks.
        announce: Told the name of each check before it starts.
        with_words: Whether faults repeat the words of services: to whoever asked, never to a log.
        words: The words of services that refused a whole request.
    """

    caught: tuple[type[SyncError], ...] = (AuthenticationError, FatalError)
    announce: Callable[[str], None] = _silent
    with_words: bool = False
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    _told: list[str] = field(default_factory=list)

    def check(self, name: str, ask: Callable[[], Any]) -> Any:
        """Make a check of one question.

        Args:
            name: What is looked at.
            ask: Asks; what it finds and says in the meantime belongs to the check.

        Returns:
            The answer; None where asking failed.
        """
        self.announce(name)
        faults, warnings, self._told = len(self.faults), len(self.warnings), []
        answer = self.gather(ask)
        found = tuple(self.faults[faults:]), tuple(self.warnings[warnings:])
        self.checks.append(Check(name, "; ".join(self._told), *found))
        return answer

    def gather(self, ask: Callable[[], Any]) -> Any:
        """Ask one question and keep its faults, so that the next question is asked too."""
        try:
            return ask()
        except ConfigurationError as error:
            self.faults += error.faults
        except self.caught as error:
            self.words += [error.words] if error.words else []
            self.faults.append(Fault("connection", f"{error} {error.words if self.with_words else ''}".rstrip()))
        return None

    def say(self, text: str) -> None:
        """Say what is there, for the check that is going on."""
        self._told.append(text)
