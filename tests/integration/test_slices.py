"""Cards are read in slices of what was listed: every one of them, of the last listing, and never in too many tasks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.contacts import list_contacts, read_cards
from salesmanago_sync.steps.extract import extract_salesforce, gather_counterparts
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.window import Window, fix_window
from tests.integration.direct import Direct
from tests.integration.sync import SETTLED_SECONDS

NAMES = ("anna", "bea", "cleo", "dora", "ewa")


@pytest.fixture
def opened(direct: Direct) -> tuple[Ports, Window]:
    """A full sync that has read Salesforce; of five contacts two are a slice, and three are the most tasks."""
    for name in NAMES:
        direct.contact(f"{name}@example.com", state="PROSPECT")
    direct.settings = direct.settings.model_copy(update={"contacts_per_task": 2})
    direct.later(SETTLED_SECONDS)
    ports = replace(direct.begun("full"), most_tasks=2)
    objects = preflight(ports, direct.account, lambda settings: None)
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    return ports, window


def test_all_cards_are_read_in_no_more_tasks_than_airflow_allows(opened: tuple[Ports, Window]) -> None:
    ports, window = opened
    work = list_contacts(ports, window)
    assert work == [[1, 2], [3]]
    assert [read_cards(ports, slices) for slices in reversed(work)] == [1, 4]
    assert gather_counterparts(ports)["contacts"] == len(NAMES)


def test_a_slice_that_nobody_has_read_stops_the_run(opened: tuple[Ports, Window]) -> None:
    ports, window = opened
    first, last = list_contacts(ports, window)
    read_cards(ports, first)
    with pytest.raises(FatalError, match=r"did not come to its end\. Clear it"):
        gather_counterparts(ports)
    read_cards(ports, last)
    assert gather_counterparts(ports)["contacts"] == len(NAMES)


def test_the_last_listing_counts(direct: Direct, opened: tuple[Ports, Window]) -> None:
    ports, window = opened
    for slices in list_contacts(ports, window):
        read_cards(ports, slices)
    for card in list(direct.cards())[2:]:
        direct.control.delete(f"/salesmanago/contacts/{card}")
    work = list_contacts(ports, window)
    with pytest.raises(FatalError, match="did not come to its end"):
        gather_counterparts(ports)
    for slices in work:
        read_cards(ports, slices)
    assert gather_counterparts(ports)["contacts"] == 2


def test_a_side_that_nobody_has_listed_stops_the_run(direct: Direct) -> None:
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    objects = preflight(ports, direct.account, lambda settings: None)
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    with pytest.raises(FatalError, match="did not come to its end"):
        gather_counterparts(ports)
    list_contacts(ports, window)
    gather_counterparts(ports)
    ports.staging.remove()
    preflight(ports, direct.account, lambda settings: None)
    list_contacts(ports, window)
    with pytest.raises(FatalError, match="did not come to its end"):
        gather_counterparts(ports)
