"""People are shared out to parts once more: what an earlier try has staged never counts again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from salesmanago_sync.errors import SyncError
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.parts import is_planned, share_out
from salesmanago_sync.steps.planning import plan_part
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.window import Window
from tests.integration.direct import Direct, read_everybody, write_everybody
from tests.integration.sync import SETTLED_SECONDS

NAMES = ("anna", "bea", "cleo")


def people(direct: Direct, *, size: int) -> list[str]:
    """Make three people, of whom a part has so many."""
    direct.settings = direct.settings.model_copy(update={"people_per_part": size})
    return [direct.record("Lead", LastName=name, Company="Nowak", Email=f"{name}@example.com") for name in NAMES]


def plan(ports: Ports, parts: Iterable[int]) -> None:
    for number in parts:
        plan_part(ports, number)


def write(ports: Ports, window: Window) -> None:
    """Do everything after the plan."""
    write_everybody(ports, window)
    close(ports)


def hear_of(direct: Direct, record: str) -> None:
    """Let the ledger hear of somebody, as the consent lane does beside a run."""
    direct.later(1)
    bound = direct.ledger.bindings.read(salesforce_ids=[record])
    direct.ledger.bindings.update(bound[["id", "status"]], direct.now())
    direct.later(1)


def cities(direct: Direct) -> list[str]:
    return sorted(card["address"]["city"] for card in direct.cards().values())


def test_fewer_parts_than_before_have_everybody(direct: Direct) -> None:
    people(direct, size=1)
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    assert len(share_out(ports)) == 3
    direct.settings = direct.settings.model_copy(update={"people_per_part": 10})
    ports.__dict__["settings"] = direct.settings
    plan(ports, share_out(ports))
    write(ports, window)
    assert len(direct.cards()) == 3


def test_what_was_planned_before_people_were_shared_out_anew_is_not_taken_for_their_plan(direct: Direct) -> None:
    people(direct, size=1)
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    plan(ports, share_out(ports))
    parts = share_out(ports)
    assert not is_planned(ports)
    with pytest.raises((SyncError, KeyError)):
        bind_people(ports)
    plan(ports, parts)
    write(ports, window)
    assert len(direct.cards()) == 3


def test_each_try_keeps_what_the_one_before_has_read_again(direct: Direct) -> None:
    records = people(direct, size=1)
    direct.sync("full")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    for record in records:
        direct.control.patch(f"/salesforce/Lead/{record}", {"City": "Gdynia"})
        hear_of(direct, record)
        parts = share_out(ports)
    plan(ports, parts)
    write(ports, window)
    assert cities(direct) == ["Gdynia"] * 3


def test_what_was_read_again_in_an_earlier_reading_is_older_than_the_next(direct: Direct) -> None:
    records = people(direct, size=1)
    direct.sync("full")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    read_everybody(direct, ports)
    for record in records:
        direct.control.patch(f"/salesforce/Lead/{record}", {"City": "Gdynia"})
        hear_of(direct, record)
    share_out(ports)
    for record in records:
        direct.control.patch(f"/salesforce/Lead/{record}", {"City": "Sopot"})
    direct.later(SETTLED_SECONDS)
    window = read_everybody(direct, ports)
    plan(ports, share_out(ports))
    write(ports, window)
    assert cities(direct) == ["Sopot"] * 3


def test_a_part_that_was_read_again_is_not_taken_for_its_next_sharing(direct: Direct) -> None:
    records = people(direct, size=10)
    direct.sync("full")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    parts = share_out(ports)
    for city in ("Gdynia", "Sopot"):
        for record in records:
            direct.control.patch(f"/salesforce/Lead/{record}", {"City": city})
            hear_of(direct, record)
        plan(ports, parts)
        hear_of(direct, records[0])
        parts = share_out(ports)
    plan(ports, parts)
    write(ports, window)
    assert cities(direct) == ["Sopot"] * 3
