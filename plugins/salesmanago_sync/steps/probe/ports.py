"""Ports: what a probe talks to, given to it from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.settings import Settings


@dataclass(frozen=True)
class ProbePorts:
    """What a step of a probe talks to.

    Attributes:
        run: Eight hexadecimal digits, which its contacts are called by.
        connection: Id of the SALESmanago connection.
        owner: Its Data Owner.
        open_salesmanago: Makes the client of the account.
        ledger: What is remembered.
        settings: Settings of the sync.
        now: The local clock, UTC.
        sleep: How to wait, in seconds.
        tell: Shows a text to the person who started it.
    """

    run: str
    connection: str
    owner: str
    open_salesmanago: Callable[[], Salesmanago]
    ledger: Ledger
    settings: Settings
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    tell: Callable[[str], None]

    @cached_property
    def salesmanago(self) -> Salesmanago:
        """The account; it lists without regard to what is known of it."""
        return self.open_salesmanago()
