"""How old the ledger is: another one, or a copy of an earlier day, must not be taken for the one of the last run.

The ledger has a name and counts its attempts. Both are kept beside the watermark, where a restored ledger cannot reach
them.
"""

from __future__ import annotations

from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.watermark import LAST_SYNC, KnownLedger, known_ledger

FIX = (
    "Put the newest copy in its place; or run salesmanago_full_sync, which compares everybody on both sides, lets the "
    "conflict rules decide where only one side should have been written, and takes this ledger as it is."
)


def check_ledger(ports: Ports) -> None:
    """Refuse to go on from a ledger that is not the one of the last run.

    Raises:
        ConfigurationError: It is another one, or older.
    """
    known = known_ledger(ports.variables)
    if known is None:
        return
    if known.id != ports.ledger.identity.read():
        raise ConfigurationError([_fault("is another one than that of the last run: what it knew has been lost.")])
    last = ports.ledger.lock.last_attempt()
    # This run has its own number already.
    if last - 1 < known.attempt:
        what = (
            f"has been restored from an earlier copy: it knows {last - 1} attempts, the last run was {known.attempt}."
        )
        raise ConfigurationError([_fault(what)])


def this_ledger(ports: Ports) -> KnownLedger:
    """Say which ledger this is, and how old."""
    return KnownLedger(id=ports.ledger.identity.read(), attempt=ports.run.attempt)


def _fault(what: str) -> Fault:
    return Fault(f"ledger (Variable {LAST_SYNC}, key ledger)", what, FIX)
