"""How old the ledger is: another one, or a copy of an earlier day, must not be taken for the one of the last run.

The ledger has a name and counts its attempts. Both are kept beside the watermark, where a restored ledger cannot reach
them; and so is when contacts were written since then, which only the ledger could tell from people's edits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import nlargest
from itertools import pairwise

from salesmanago_sync.domain.merge.pairs import LostLedger
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.steps.ports import Ports, Variables
from salesmanago_sync.steps.watermark import (
    LAST_CONSENT,
    LAST_SYNC,
    KnownLedger,
    Span,
    Watermark,
    known_ledger,
    note_ledger,
    read_watermark,
)

FIX = (
    "Put the newest copy in its place; or run salesmanago_full_sync, which compares everybody on both sides, lets the "
    "conflict rules decide where only one side should have been written, and takes this ledger as it is."
)

# How long before the answer to a request a contact may have been written, as long as a client waits for one; the clock
# of the answer has whole seconds.
REQUEST, SECOND = timedelta(minutes=2), timedelta(seconds=1)
# A run of hours has one or two: what it wrote lies close together.
MOST_SPANS = 20


def check_ledger(ports: Ports) -> None:
    """Refuse to go on from a ledger that is not the one of the last run.

    Raises:
        ConfigurationError: It is another one, or older.
    """
    # This run has its own number already.
    known = known_ledger(ports.variables)
    what = None if known is None else _what_is_lost(ports, known, ports.ledger.lock.last_attempt() - 1)
    if what is not None:
        raise ConfigurationError([Fault(f"ledger (Variable {LAST_SYNC}, key ledger)", what, FIX)])


def lost_ledger(ports: Ports, watermark: Watermark | None) -> LostLedger | None:
    """Say what is known of the ledger of the last run if it is not there: this one is another one, or older.

    Args:
        ports: What the step talks to.
        watermark: The watermark, which tells of it.
    """
    if watermark is None or watermark.ledger is None:
        return None
    # What is no run has no number of its own.
    before = ports.run.attempt - 1 if ports.run.attempt else ports.ledger.lock.last_attempt()
    if _what_is_lost(ports, watermark.ledger, before) is None:
        return None
    return LostLedger(watermark.salesmanago, noted_writes(ports.variables, watermark.ledger))


def noted_writes(variables: Variables, known: KnownLedger) -> tuple[Span, ...]:
    """Read when contacts were written since the watermark, by runs and by the consent lane under the same ledger."""
    of_lane = known_ledger(variables, LAST_CONSENT)
    return known.wrote + (of_lane.wrote if of_lane is not None and of_lane.id == known.id else ())


def _what_is_lost(ports: Ports, known: KnownLedger, attempts: int) -> str | None:
    """Say why this is not the ledger that is known; it had so many attempts before this one."""
    if known.id != ports.ledger.identity.read():
        return "is another one than that of the last run: what it knew has been lost."
    if attempts < known.attempt:
        return (
            f"has been restored from an earlier copy: it knows {attempts} attempts, the last run was {known.attempt}."
        )
    return None


def this_ledger(ports: Ports, since: datetime) -> KnownLedger:
    """Say which ledger this is, how old, and when contacts were written since a moment."""
    return KnownLedger(id=ports.ledger.identity.read(), attempt=ports.run.attempt, wrote=_wrote(ports, since))


def note_writes(ports: Ports) -> None:
    """Note how old the ledger is, and when contacts were written, also by a run that does not move the watermark.

    For a run that holds the lock: whoever writes the Variable beside it may put an older watermark back.
    """
    # An unreadable Variable is told by the preflight; a lost ledger is taken as it is by a whole full sync alone.
    known = known_ledger(ports.variables)
    present = None if known is None else read_watermark(ports.variables)
    if known is None or present is None or lost_ledger(ports, present) is not None:
        return
    newer = {"attempt": max(known.attempt, ports.run.attempt), "wrote": _wrote(ports, present.salesmanago)}
    noted = known.model_copy(update=newer)
    if noted != known:
        note_ledger(ports.variables, noted)


def _wrote(ports: Ports, since: datetime) -> tuple[Span, ...]:
    return spans_of(ports.ledger.bindings.contacts_written_since(since))


def spans_of(moments: Iterable[datetime]) -> tuple[Span, ...]:
    """Lay out the spans of time in which the requests were under way that were answered at some moments.

    Args:
        moments: In order.

    Returns:
        In order; those that touch are one, and so are the closest, as far as there are too many.
    """
    spans: list[Span] = []
    for moment in moments:
        begin, end = moment - REQUEST, moment + SECOND
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    widest = nlargest(MOST_SPANS - 1, range(1, len(spans)), lambda place: spans[place][0] - spans[place - 1][1])
    ends = [0, *sorted(widest), len(spans)] if spans else []
    return tuple((spans[first][0], spans[after - 1][1]) for first, after in pairwise(ends))
