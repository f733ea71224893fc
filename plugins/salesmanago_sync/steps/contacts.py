"""Contacts: whose cards a run reads, and then the cards, slice by slice, each task its own slices."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from salesmanago_sync.domain.people.matching import TOMBSTONES
from salesmanago_sync.domain.staged_frames import CARDS, SLICE_IDS
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.frames import load_frame, save_frame
from salesmanago_sync.steps.planning import EXAMPLES, FEW
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import Reading, sources
from salesmanago_sync.steps.staged import Listed, Slices, begin_slices, read_slices
from salesmanago_sync.steps.tasks import shared_out
from salesmanago_sync.steps.window import Window, span_of

log = logging.getLogger(__name__)


def list_contacts(ports: Ports, window: Window | None) -> list[list[int]]:
    """List whose cards are to be read: of all contacts, or of those changed in the window.

    Some people that were asked for are read at once.

    Args:
        ports: What the step talks to.
        window: The window of both sides.

    Returns:
        The slices of each task that reads cards.
    """
    ports.keep_lock()
    slices = begin_slices(ports.staging)
    if ports.run.request.of_people:
        _read_people(ports, slices)
        return []
    count = 0
    for ids in _slices(_contact_ids(ports, window), ports.settings.contacts_per_task):
        ports.keep_lock()
        count += 1
        save_frame(ports.staging, slices.ids(count), SLICE_IDS.frame({"id": ids}), SLICE_IDS)
    slices.close(ports.staging, count)
    return shared_out(range(1, count + 1), ports.most_tasks)


def read_cards(ports: Ports, numbers: Iterable[int]) -> int:
    """Read the cards of some slices.

    Args:
        ports: What the step talks to.
        numbers: Of the slices.

    Returns:
        How many contacts were read.
    """
    slices, known, count = read_slices(ports.staging), sources(ports, checked(ports).enabled), 0
    for number in numbers:
        ids = load_frame(ports.staging, slices.ids(number), SLICE_IDS)["id"]
        # What was read is on its way: each slice begins with nothing.
        reading, listed = Reading(ports, known), Listed(ports.staging, slices.cards(number), CARDS)
        reading.fetch_contacts(ids, in_scope=True, tell=ports.keep_lock)
        listed.add(reading.contacts, reading.seen())
        count += listed.close()
    return count


def _read_people(ports: Ports, slices: Slices) -> None:
    request = ports.run.request
    reading = Reading(ports, sources(ports, checked(ports).enabled))
    listed = Listed(ports.staging, slices.cards(1), CARDS)
    reading.find_contacts(request.emails, in_scope=True)
    reading.fetch_contacts(request.contact_ids, in_scope=True)
    listed.add(reading.contacts, reading.seen())
    listed.close()
    slices.close(ports.staging, 1)


def _slices(pages: Iterable[list[str]], size: int) -> Iterator[list[str]]:
    """Cut listed ids into slices as they come."""
    waiting: list[str] = []
    for page in pages:
        waiting += page
        while len(waiting) >= size:
            yield waiting[:size]
            waiting = waiting[size:]
    if waiting:
        yield waiting


def _contact_ids(ports: Ports, window: Window | None) -> Iterator[list[str]]:
    if ports.run.reads_everybody:
        return _everybody(ports)
    return ports.salesmanago.changed_ids(*span_of(window, "salesmanago"))


def _everybody(ports: Ports) -> Iterator[list[str]]:
    """List all contacts, and once more the other way where the list leaves somebody out who is there.

    Synchronised contacts are read by id, whatever a list says. That they are missing in it is how it is known that
    others, of whom nothing is known, may be missing, too.

    Raises:
        FatalError: Both lists leave out so many that they cannot be trusted.
    """
    listed: set[str] = set()
    for by_export in (True, False):
        for page in ports.salesmanago.all_ids(by_export=by_export):
            yield [one for one in page if one not in listed]
            listed.update(page)
        ports.keep_lock()
        known, left_out = _left_out(ports, listed)
        if not left_out:
            return
        log.warning("SALESmanago lists all contacts but %d of %d that it shows by id.", len(left_out), known)
    percent = ports.settings.vanished_percent
    if len(left_out) > max(FEW, known * percent / 100):
        raise FatalError(
            f"SALESmanago leaves {len(left_out)} of {known} synchronised contacts out of its lists of all contacts, "
            f"and shows them by id, for example {', '.join(left_out[:EXAMPLES])}. Others, whom nobody has synchronised "
            "yet, may be missing there, too. Nothing was written. Run salesmanago_full_sync again; if it stays so, "
            f"tell SALESmanago's support. To go on all the same, raise SALESMANAGO_SYNC_VANISHED_PERCENT (now "
            f"{percent}) for one run."
        )


def _left_out(ports: Ports, listed: set[str]) -> tuple[int, list[str]]:
    """Count the synchronised contacts, and name those who are there and were not listed."""
    bound = ports.ledger.bindings.read(columns=["id", "salesmanago_id", "status"])
    known = bound.loc[~bound["status"].isin(TOMBSTONES), "salesmanago_id"]
    return len(known), ports.salesmanago.living(one for one in known if one not in listed)
