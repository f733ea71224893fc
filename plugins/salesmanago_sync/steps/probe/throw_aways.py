"""Throw-away contacts, written and read with patience for a service that is slow to show what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from salesmanago_sync.clients.salesmanago_ids import contact_id
from salesmanago_sync.domain.probe.judging import Card
from salesmanago_sync.domain.probe.people import address
from salesmanago_sync.errors import SyncError
from salesmanago_sync.steps.probe.ports import ProbePorts

T = TypeVar("T")
# With waits that grow to 5 seconds, a minute in all.
LOOKS = 16


class NotShownError(SyncError):
    """The service does not show in time what it has accepted."""


class ThrowAways:
    """The contacts of one probe.

    Args:
        ports: What the probe talks to.
    """

    def __init__(self, ports: ProbePorts) -> None:
        self._ports = ports
        self.requests = ports.salesmanago.trials

    def name(self, role: str) -> str:
        """Give the address of a contact, after writing it down, so that it can be removed whatever happens."""
        named = address(self._ports.run, role, self._ports.settings.probe_domain)
        self.note(named)
        return named

    def note(self, *addresses: str) -> None:
        """Write down addresses that are about to be made."""
        self._ports.ledger.probe_contacts.note(self._ports.salesmanago.account, addresses, self._ports.now())

    def make(self, role: str, **row: Any) -> Card:
        """Make a contact, and wait until it shows."""
        return self.write(role, "p1", **row)

    def write(self, role: str, mark: str, contact: Mapping[str, Any] | None = None, **row: Any) -> Card:
        """Write a contact by the method for many, and wait until its card shows the write.

        Args:
            role: Which contact.
            mark: The name that it gets: as soon as the card shows it, the rest of the write shows, too.
            contact: Further fields of the contact.
            **row: What stands beside them.
        """
        self.requests.write([{"contact": {**(contact or {}), "email": self.name(role), "name": mark}, **row}])
        return self.marked(role, mark)

    def write_alone(self, role: str, mark: str, contact: Mapping[str, Any]) -> Card:
        """Write a contact by the method for one, and wait until its card shows the write."""
        self.requests.write_alone({"contact": {**contact, "email": self.name(role), "name": mark}})
        return self.marked(role, mark)

    def marked(self, role: str, mark: str) -> Card:
        """Wait until a card shows a mark."""
        return self.shown(role, lambda card: str(card.get("name")).strip().casefold() == mark)

    def shown(self, role: str, holds: Callable[[Card], bool]) -> Card:
        """Wait until a card shows something.

        Raises:
            NotShownError: It never does.
        """
        named = self.name(role)

        def look() -> Card | None:
            card = self.requests.card(named)
            return card if card is not None and holds(card) else None

        return self.found(look, "the card of a contact that was just written")

    def found(self, look: Callable[[], T | None], what: str) -> T:
        """Look until something is there.

        Raises:
            NotShownError: It never is.
        """
        looks = Retrying(
            retry=retry_if_result(lambda seen: seen is None),
            wait=wait_exponential(multiplier=0.5, max=5),
            stop=stop_after_attempt(LOOKS),
            sleep=self._ports.sleep,
        )
        with suppress(RetryError):
            seen = looks(look)
            if seen is not None:
                return seen
        raise NotShownError(f"SALESmanago did not show {what} within a minute.")

    def pause(self, seconds: float) -> None:
        """Wait."""
        self._ports.sleep(seconds)

    def clock(self) -> datetime:
        """Read the clock of the service in its last answer.

        Raises:
            NotShownError: It tells no time.
        """
        heard = self.requests.heard_at
        if heard is None:
            raise NotShownError("SALESmanago told no time in its answer.")
        return heard


def ids_of(items: Sequence[Any]) -> set[str]:
    """Read the ids of what a list names."""
    return {name for item in items if (name := contact_id(item)) is not None}
