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
    # This run has its own number already.
    what = _what_is_lost(ports, ports.ledger.lock.last_attempt() - 1)
    if what is not None:
        raise ConfigurationError([Fault(f"ledger (Variable {LAST_SYNC}, key ledger)", what, FIX)])


def is_lost(ports: Ports) -> bool:
    """Tell whether the ledger of the last run is not there: this one is another one, or older."""
    # What is no run has no number of its own.
    before = ports.run.attempt - 1 if ports.run.attempt else ports.ledger.lock.last_attempt()
    return _what_is_lost(ports, before) is not None


def _what_is_lost(ports: Ports, attempts: int) -> str | None:
    """Say why this is not the ledger of the last run; it had so many attempts before this one."""
    known = known_ledger(ports.variables)
    if known is None:
        return None
    if known.id != ports.ledger.identity.read():
        return "is another one than that of the last run: what it knew has been lost."
    if attempts < known.attempt:
        return (
            f"has been restored from an earlier copy: it knows {attempts} attempts, the last run was {known.attempt}."
        )
    return None


def this_ledger(ports: Ports) -> KnownLedger:
    """Say which ledger this is, and how old."""
    return KnownLedger(id=ports.ledger.identity.read(), attempt=ports.run.attempt)
