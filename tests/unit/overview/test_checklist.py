"""The checklist of the first run: each step is done, missing or unknown, and the list is over when all are done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.errors import Fault
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.checklist import Step, Switches, read_checklist
from salesmanago_sync.overview.diagnosis import LastCheck, read_last_check
from salesmanago_sync.overview.readiness import Readiness
from salesmanago_sync.overview.status import Automatic, Status, read_status
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.preflight import LOG_INS
from salesmanago_sync.steps.watermark import write_first_sync
from tests.unit.overview.conftest import Shelf
from tests.unit.overview.test_status import finished, started

READY = Readiness((), (), (), (), (), ("Lead", "Contact"), ())
DIGESTS = {"Lead": "a", "Contact": "b"}
PAUSED = Switches({"full": True, "incremental": True, "consent": True}, set_up=False)
ON = Switches({"full": False, "incremental": False, "consent": False}, set_up=True)
FAULT = Fault("connection salesforce_default", "does not exist.", "Add it.")
SCHEDULED = Automatic(known=True, schedule="*/15 * * * *", paused=True)


@pytest.fixture
def world(ledger: Ledger, variables: Shelf, noon: datetime) -> Any:
    """Where the checklist looks; a test changes what is there."""
    made = SimpleNamespace(ready=READY, last=None, switches=PAUSED, ledger=ledger, variables=variables, noon=noon)

    def status() -> Status:
        return read_status(ledger, variables, SCHEDULED, noon + timedelta(hours=1), Settings())

    made.steps = lambda: read_checklist(status(), made.ready, made.last, DIGESTS, made.switches)
    return made


def states(steps: list[Step]) -> list[str]:
    return [step.state for step in steps]


def step(steps: list[Step], name: str) -> Step:
    [found] = [one for one in steps if one.name.startswith(name)]
    return found


def test_on_a_fresh_install_what_nobody_tried_is_unknown_and_the_rest_is_missing(world: Any) -> None:
    found = world.steps()
    assert states(found) == ["unknown", "done", "unknown", "missing", "missing", "missing", "missing", "missing"]
    assert [one.link.kind for one in found[:7] if one.link] == [
        "airflow",
        "page",
        "page",
        "airflow",
        "switch",
        "page",
        "page",
    ]
    assert found[-1].link is None, "nothing can begin by itself before the first synchronisation"


def test_what_is_wrong_is_told_where_it_is_corrected(world: Any) -> None:
    world.ready = replace(READY, connections=(FAULT,), mappings=(Fault("lead.yaml:3", "is odd."),) * 2)
    found = world.steps()
    assert (found[0].state, found[0].told) == ("missing", str(FAULT))
    assert (found[1].state, found[1].told) == ("missing", "2 faults, the first: lead.yaml:3: is odd.")


@pytest.mark.parametrize(
    ("faults", "mappings", "doctor", "connections"),
    [
        ((), DIGESTS, "done", "done"),
        (("Mapping files",), DIGESTS, "missing", "done"),
        ((LOG_INS[0], "Watermark"), DIGESTS, "missing", "missing"),
        (("Connection salesforce_default",), DIGESTS, "missing", "unknown"),
        (("Settings",), DIGESTS, "missing", "unknown"),
        ((), {"Lead": "older"}, "unknown", "done"),
    ],
)
def test_a_diagnosis_counts_for_the_mappings_that_it_saw(
    world: Any, faults: tuple[str, ...], mappings: dict[str, str], doctor: str, connections: str
) -> None:
    world.last = LastCheck(world.noon, faults, mappings)
    found = world.steps()
    assert (step(found, "Doctor").state, found[0].state) == (doctor, connections)


def test_a_run_that_came_to_its_end_has_made_the_checks_of_an_older_diagnosis(world: Any) -> None:
    world.last = LastCheck(world.noon - timedelta(minutes=5), ("Mapping files",), DIGESTS)
    assert step(world.steps(), "Doctor").state == "missing"
    finished(world.ledger, started(world.ledger, world.noon), world.noon, [])
    assert step(world.steps(), "Doctor").state == "done"
    world.last = LastCheck(world.noon + timedelta(minutes=5), ("Mapping files",), DIGESTS)
    assert step(world.steps(), "Doctor").state == "missing", "the diagnosis is newer"


def test_a_dry_run_is_done_when_one_came_to_its_end(world: Any) -> None:
    ledger, noon = world.ledger, world.noon
    finished(ledger, started(ledger, noon), noon, [])
    assert step(world.steps(), "Dry run").state == "missing", "that one was none"
    ledger.lock.take("salesmanago_full_sync/two", noon, timedelta(minutes=15))
    run = ledger.runs.start("salesmanago_full_sync", "two", "full", True, False, noon)
    assert step(world.steps(), "Dry run").state == "missing", "it is still at work"
    finished(ledger, run, noon, [])
    assert step(world.steps(), "Dry run").state == "done"


def test_a_plan_that_waits_is_answered_in_airflow(world: Any) -> None:
    run = started(world.ledger, world.noon, "manual__2026-01-31T10:00:00+00:00")
    world.ledger.runs.update(run, state="asks", question={}, waits_until=world.noon + timedelta(days=1))
    link = step(world.steps(), "First synchronization").link
    assert link is not None
    assert link.to.startswith("dags/salesmanago_full_sync/runs/manual__2026-01-31T10%3A00%3A00%2B00%3A00/tasks/ask/")


def test_a_first_synchronisation_of_which_a_part_was_approved_is_told_as_such(world: Any) -> None:
    assert step(world.steps(), "First synchronization").told == "It was not started yet."
    one = {"object": "Lead", "salesforce_id": "00Q1", "salesmanago_id": "m1", "matched_by": "email"}
    world.ledger.bindings.add(pd.DataFrame([one]), started(world.ledger, world.noon), world.noon)
    assert step(world.steps(), "First synchronization").told == "A part of it was done."


def test_after_the_first_synchronisation_the_automatic_one_is_left(world: Any) -> None:
    world.last = LastCheck(world.noon, (), DIGESTS)
    write_first_sync(world.variables, "done", world.noon)
    found = world.steps()
    assert [one.name for one in found if one.state != "done"] == [
        "Set-up of Salesforce",
        "Automatic synchronization switched on",
    ]
    assert found[-1].link is not None
    assert (found[-1].link.kind, found[-1].link.to) == ("switch", "incremental")


def test_the_list_is_over_when_the_sync_runs_by_itself(world: Any) -> None:
    world.switches = replace(ON, set_up=False)
    assert world.steps() != []
    write_first_sync(world.variables, "done", world.noon)
    assert world.steps() == []


def test_who_switches_the_automatic_synchronisation_off_later_sees_no_checklist(world: Any) -> None:
    world.last = LastCheck(world.noon, (), DIGESTS)
    write_first_sync(world.variables, "done", world.noon)
    finished(world.ledger, started(world.ledger, world.noon, mode="incremental"), world.noon, [])
    assert world.steps() == []


def test_airflow_that_has_not_read_the_dags_is_not_taken_for_a_pause(world: Any) -> None:
    world.switches = Switches({"full": None, "incremental": None, "consent": None}, set_up=False)
    assert step(world.steps(), "Full sync").state == "unknown"


@pytest.mark.parametrize("kept", [None, "text", {"at": "yesterday"}, {"at": "2026-01-31T12:00:00"}, ValueError()])
def test_a_diagnosis_that_cannot_be_read_is_none(variables: Shelf, kept: Any) -> None:
    variables.values["salesmanago_last_check"] = kept
    assert read_last_check(variables) is None


def test_a_diagnosis_is_read_as_it_was_kept(variables: Shelf, noon: datetime) -> None:
    made = LastCheck(noon, ("Watermark",), DIGESTS)
    variables.set("salesmanago_last_check", made.spelled())
    assert read_last_check(variables) == made
