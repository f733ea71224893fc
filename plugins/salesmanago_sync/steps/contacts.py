"""Contacts: whose cards a run reads, and then the cards, slice by slice, each task its own slices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import Reading, sources
from salesmanago_sync.steps.staged import Listed, Slices, begin_slices, read_slices
from salesmanago_sync.steps.tasks import shared_out
from salesmanago_sync.steps.window import Window, span_of


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
        ports.staging.write(slices.ids(count), pd.DataFrame({"id": pd.Series(ids, dtype=TEXT)}))
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
        ids = ports.staging.read(slices.ids(number))["id"]
        # What was read is on its way: each slice begins with nothing.
        reading, listed = Reading(ports, known), Listed(ports.staging, slices.cards(number))
        reading.fetch_contacts(ids, in_scope=True, tell=ports.keep_lock)
        listed.add(reading.contacts, reading.seen())
        count += listed.close()
    return count


def _read_people(ports: Ports, slices: Slices) -> None:
    request = ports.run.request
    reading, listed = Reading(ports, sources(ports, checked(ports).enabled)), Listed(ports.staging, slices.cards(1))
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
        return ports.salesmanago.all_ids()
    return ports.salesmanago.changed_ids(*span_of(window, "salesmanago"))
