"""The first people of a plan are written and read back before anybody else is written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.canary import write_first
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.request import Run
from salesmanago_sync.steps.start import start
from salesmanago_sync.steps.writing import write_consent
from tests.integration.direct import Direct, plan_everybody, read_everybody
from tests.integration.sync import SETTLED_SECONDS, Sync
from tests.integration.walk import Answer

PEOPLE = 12
FIRST = 4


@pytest.fixture
def planned(sync: Sync) -> Sync:
    """Bound people, of whom all have a new phone in SALESmanago, and some are new."""
    sync.control.post(
        "/salesforce/Lead",
        [{"LastName": f"L{n}", "Company": "Acme", "Email": f"l{n}@example.com"} for n in range(PEOPLE)],
    )
    assert sync.full().green
    for card in sync.cards():
        sync.edit_card(card["id"], phone="+48601657778")
    sync.control.post(
        "/salesforce/Lead",
        [{"LastName": f"N{n}", "Company": "Acme", "Email": f"n{n}@example.com"} for n in range(PEOPLE)],
    )
    return sync


def phones(sync: Sync) -> int:
    return sum(record["Phone"] == "+48601657778" for record in sync.records("Lead"))


def test_where_they_hold_what_was_planned_everybody_is_written(planned: Sync) -> None:
    held: list[tuple[int, int]] = []
    done = planned.incremental(
        before={"write": lambda: held.append((phones(planned), len(planned.cards())))}, canary=FIRST
    )
    assert done.green
    done.says(f"{FIRST} people were written first and read back; 0 values are not as planned.")
    # Some of each direction.
    assert held[0] == (FIRST // 2, PEOPLE + FIRST // 2)
    assert (phones(planned), len(planned.cards())) == (PEOPLE, 2 * PEOPLE)
    planned.forget_calls()
    assert planned.incremental().green
    assert planned.writes() == []


def test_where_they_do_not_nobody_else_is_written(planned: Sync) -> None:
    mark = planned.watermark
    # A trigger of the org makes something else of what is written.
    planned.control.post("/salesforce/settings", {"keeps": "upper"})
    for card in planned.cards():
        planned.edit_card(card["id"], address={"city": "Łódź"})
    done = planned.incremental(canary=FIRST)
    assert done.red >= {"canary"}
    done.says("Nobody else was written")
    cities = [record["City"] for record in planned.records("Lead")]
    assert cities.count("ŁÓDŹ") == FIRST // 2
    assert cities.count("Łódź") == 0
    assert planned.watermark == mark


def test_a_run_that_is_not_asked_for_one_skips_it(planned: Sync) -> None:
    done = planned.incremental()
    assert done.green
    assert done.tasks["canary"] == "skipped"
    assert phones(planned) == PEOPLE


def newcomers(sync: Sync) -> None:
    """Some people of each side who are new."""
    sync.set(ask="never")
    for number in range(FIRST):
        sync.lead(Email=f"l{number}@example.com", City="Łódź")
        sync.contact(f"c{number}@example.com", name="Anna Nowak", state="PROSPECT", address={"city": "Łódź"})


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_newcomers_are_compared_too(sync: Sync, side: str) -> None:
    newcomers(sync)
    sync.control.post(f"/{side}/settings", {"keeps": "upper"})
    done = sync.full(canary=FIRST)
    assert done.red >= {"canary"}
    made = {"salesforce": sync.records("Lead"), "salesmanago": sync.cards()}
    assert {name: len(people) for name, people in made.items()} == dict.fromkeys(made, FIRST + FIRST // 2)
    done.says("address.city")


def test_a_field_that_salesmanago_never_shows_is_not_compared(sync: Sync) -> None:
    sync.map("lead", {"salesforce": "Title", "salesmanago": "lang", "direction": "to_salesmanago"}, details=[])
    sync.lead(Email="anna@example.com", Title="pl")
    done = sync.full(canary=FIRST)
    assert done.green
    done.says("1 people were written first and read back; 0 values are not as planned.")


@pytest.mark.parametrize("direction", ["to_salesforce", "to_salesmanago"])
def test_of_an_approved_plan_they_are_among_those_who_were_approved(sync: Sync, direction: str) -> None:
    newcomers(sync)
    sync.set(ask="always")
    held: list[tuple[int, int]] = []
    approved: Answer = (["Approve"], {"objects": [], "direction": direction, "fields": []})
    done = sync.full(
        canary=1,
        answer=lambda question: approved,
        before={"write": lambda: held.append((len(sync.records("Lead")), len(sync.cards())))},
    )
    assert done.green
    assert held[0] == ((FIRST + 1, FIRST) if direction == "to_salesforce" else (FIRST, FIRST + 1))


def test_what_an_earlier_attempt_of_the_run_has_written_is_not_compared(direct: Direct) -> None:
    leads = [direct.record("Lead", LastName="Kos", Company="Acme", Email=f"l{number}@example.com") for number in (1, 2)]
    direct.sync("full")
    direct.control.post("/salesforce/settings", {"keeps": "upper"})
    run = direct.ports(canary=FIRST).run
    edit_cities(direct, "Łódź")
    with pytest.raises(FatalError, match="Nobody else was written"):
        first_of(direct, run)
    direct.control.post("/salesforce/settings", {"keeps": "as_sent"})
    edit_cities(direct, "Kraków")
    first_of(direct, run)
    assert {direct.records("Lead")[lead]["City"] for lead in leads} == {"Kraków"}


def edit_cities(direct: Direct, city: str) -> None:
    for card in direct.cards():
        direct.control.patch(f"/salesmanago/contacts/{card}", {"address": {"city": city}})
    direct.later(SETTLED_SECONDS)


def first_of(direct: Direct, run: Run) -> None:
    """Begin an attempt of a run, go as far as its first people, and close it."""
    ports = direct.ports_of(run)
    ports = direct.ports_of(run.model_copy(update=start(ports, timedelta(0)) or {}))
    try:
        read_everybody(direct, ports)
        plan_everybody(ports)
        bind_people(ports)
        write_consent(ports)
        write_first(ports)
    finally:
        close(ports)
