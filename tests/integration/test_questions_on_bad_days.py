"""Runs that asked, and then are cleared, marked, killed or overtaken: nothing is written that nobody has approved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from salesmanago_sync.domain.merge.pairs import SIDES
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.errors import FatalError, RetriableError
from salesmanago_sync.hooks.question import choices
from salesmanago_sync.steps.approval import Answer, answer, asked, resume
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.guard import guard
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.watermark import LAST_SYNC
from salesmanago_sync.steps.window import Window
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.integration.direct import Direct, plan_everybody, read_everybody, write_approved
from tests.integration.sync import SETTLED_SECONDS, Killed
from tests.integration.test_bad_days import again
from tests.integration.test_evidence import person
from tests.twin_in_process import TwinInProcess
from tests.twin_server import ROOT

YES, NO = (Answer(approved=approved, who="anna", scope=Scope()) for approved in (True, False))
# Of a plan that writes to SALESmanago only: nothing of it.
OTHER_WAY = Answer(approved=True, who="anna", scope=Scope(direction="to_salesforce"))


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync, between services in this process."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


class Asked:
    """A run that waits for an answer: a city is to go to SALESmanago, nobody else's is touched."""

    def __init__(self, direct: Direct) -> None:
        self.direct = direct
        self.lead, self.card = person(direct)
        direct.sync()
        self.edit("Łódź")
        self.ask()

    def ask(self) -> None:
        """Start a run, up to its question."""
        direct = self.direct
        direct.later(SETTLED_SECONDS)
        direct.settings = direct.settings.model_copy(update={"ask": "always"})
        self.ports: Ports = direct.begun()
        self.window: Window = read_everybody(direct, self.ports)
        plan_everybody(self.ports)
        assert guard(self.ports) is not None
        direct.settings = direct.settings.model_copy(update={"ask": "never"})
        direct.control.delete("/calls")

    def edit(self, city: str) -> None:
        self.direct.later(1)
        self.direct.control.patch(f"/salesforce/Lead/{self.lead}", {"City": city})

    @property
    def city(self) -> str | None:
        address = self.direct.cards()[self.card]["address"] or {}
        return address.get("city")

    def resumed(self) -> Ports:
        """Take the lock anew."""
        began = resume(self.ports, timedelta(0))
        assert began is not None
        return replace(self.ports, run=self.ports.run.model_copy(update=began))

    def ends_well(self) -> None:
        """The lock is free, and the next runs do what is left."""
        assert self.direct.ledger.lock.holder(self.direct.now()) is None
        self.direct.sync()
        assert self.city == self.direct.records("Lead")[self.lead]["City"]
        assert self.direct.sync() == []


@pytest.fixture
def waits(direct: Direct) -> Asked:
    return Asked(direct)


@pytest.mark.parametrize("newer", [True, False])
@pytest.mark.parametrize("before", [None, YES, NO])
def test_a_question_that_is_cleared_alone_is_not_asked_about_a_plan_that_is_gone(
    waits: Asked, newer: bool, before: Answer | None
) -> None:
    direct = waits.direct
    if before is not None:
        answer(waits.ports, before)
    if newer:
        waits.edit("Gdynia")
        direct.sync()
    cleared = again(direct, waits.ports)
    direct.control.delete("/calls")
    for step in (asked, lambda ports: answer(ports, YES)):
        with pytest.raises(FatalError, match="does not wait for an answer: it has been started anew since it asked"):
            step(cleared)
    close(cleared)
    assert direct.writes() == []
    assert direct.ledger.runs.read(cleared.run.id)["state"] == "failed"
    waits.ends_well()


def test_a_task_that_goes_on_after_a_question_and_is_cleared_alone_carries_no_old_plan_out(waits: Asked) -> None:
    direct = waits.direct
    answer(waits.ports, YES)
    waits.edit("Gdynia")
    direct.sync()
    cleared = again(direct, waits.ports)
    direct.control.delete("/calls")
    waits.ports = cleared
    resumed = waits.resumed()
    for step in (bind_people, write_consent):
        with pytest.raises((KeyError, FatalError)):  # what is staged in memory is missing by its own error, too
            step(resumed)
    close(resumed)
    assert direct.writes() == []
    assert waits.city == "Gdynia"
    waits.ends_well()


@pytest.mark.parametrize("given", [None, NO])
def test_what_is_marked_by_hand_before_anybody_approved_lets_nothing_through(
    waits: Asked, given: Answer | None
) -> None:
    direct, before = waits.direct, times(waits.direct)
    if given is not None:
        answer(waits.ports, given)
    # Marked as success, resume hands nothing on: the tasks work under the attempt that gave its lock back.
    for step in (bind_people, lambda ports: commit(ports, waits.window)):
        with pytest.raises(FatalError, match="no longer the current one"):
            step(waits.ports)
    # Cleared with start, they have the lock.
    cleared = again(direct, waits.ports)
    for step in (bind_people, lambda ports: commit(ports, waits.window)):
        with pytest.raises(FatalError, match="was not approved"):
            step(cleared)
    close(cleared)
    assert (direct.writes(), times(direct)) == ([], before)
    waits.ends_well()


def times(direct: Direct) -> dict[str, str]:
    """Up to when both sides are synchronised; which ledger knows it is noted by runs that fail, too."""
    mark: dict[str, str] = direct.variables.get(LAST_SYNC)
    return {side: mark[side] for side in SIDES}


def test_an_answer_is_about_the_plan_that_was_shown(waits: Asked) -> None:
    answer(waits.ports, YES)
    cleared = again(waits.direct, waits.ports)
    plan_everybody(cleared)
    with pytest.raises(FatalError, match="was not approved"):
        bind_people(cleared)
    close(cleared)
    assert waits.direct.writes() == []
    waits.ends_well()


@pytest.mark.parametrize("part", [{"fields": ("adress.city",)}, {"objects": ("Leads",)}])
def test_an_approval_of_what_the_plan_does_not_have_is_asked_for_again(
    waits: Asked, part: dict[str, tuple[str, ...]]
) -> None:
    offered = choices(asked(waits.ports))["fields"]
    assert offered.schema["items"]["enum"] == offered.schema["examples"] == ["address.city"]
    with pytest.raises(RetriableError, match=r"The plan has no .* Did you mean .* It is asked once more"):
        answer(waits.ports, Answer(approved=True, who="anna", scope=Scope.model_validate(part)))
    assert waits.direct.ledger.changes.read(waits.ports.run.id)["state"].tolist() == ["planned"]


@pytest.mark.parametrize("at", [3, 4])
@pytest.mark.parametrize(("given", "then"), [(OTHER_WAY, OTHER_WAY), (NO, YES)])
def test_an_answer_that_is_lost_halfway_and_given_again_moves_no_watermark_over_what_was_not_approved(
    waits: Asked, given: Answer, then: Answer, at: int
) -> None:
    before = waits.direct.variables.get(LAST_SYNC)["salesforce"]
    waits.direct.countdown.set(at, after=True)
    with pytest.raises(Killed):
        answer(waits.ports, given)
    waits.direct.countdown.set(None)
    answer(waits.ports, then)
    resumed = waits.resumed()
    write_approved(resumed, waits.window)
    close(resumed)
    moved = waits.direct.variables.get(LAST_SYNC)["salesforce"] != before
    assert moved == (waits.city == "Łódź")


def test_a_newcomer_whom_a_person_edits_is_filled_up_and_what_else_was_edited_is_left_to_the_next_run(
    waits: Asked,
) -> None:
    direct = waits.direct
    answer(waits.ports, NO)
    lead = direct.record("Lead", LastName="Maj", Company="Acme", City="Gdynia", Email="new@example.com")
    waits.ask()
    answer(waits.ports, YES)
    resumed = waits.resumed()
    work_of_tasks = bind_people(resumed)
    write_consent(resumed)
    for work in work_of_tasks:
        write_batches(resumed, work)
    [card] = [card for card, held in direct.cards().items() if held["email"] == "new@example.com"]
    direct.later(5)
    direct.control.patch(f"/salesmanago/contacts/{card}", {"address": {"city": "Sopot"}, "fax": "+48221234567"})
    follow_up(resumed)
    commit(resumed, waits.window)
    close(resumed)
    there = direct.records("Lead")[lead]
    assert (there["City"], there["Fax"]) == ("Gdynia", "+48221234567")
    direct.sync()
    assert direct.records("Lead")[lead]["City"] == "Sopot"


def killed_as_it_goes_on(waits: Asked, at: int) -> None:
    """Approve the plan, and let the worker die just after one of the calls with which the run goes on."""
    answer(waits.ports, YES)
    waits.direct.countdown.set(at, after=True)
    with pytest.raises(Killed):
        resume(waits.ports, timedelta(0))
    waits.direct.countdown.set(None)


@pytest.mark.parametrize("at", [2, 4])
def test_a_run_that_is_killed_as_it_goes_on_goes_on_when_it_is_cleared(waits: Asked, at: int) -> None:
    direct = waits.direct
    killed_as_it_goes_on(waits, at)
    resumed = waits.resumed()
    write_approved(resumed, waits.window)
    close(resumed)
    assert direct.ledger.runs.read(resumed.run.id)["state"] == "success"
    assert waits.city == "Łódź"
    waits.ends_well()


@pytest.mark.parametrize("at", [3, 4, 5])
def test_a_run_that_ends_as_it_goes_on_keeps_no_lock_and_does_not_take_it_alone(waits: Asked, at: int) -> None:
    direct = waits.direct
    killed_as_it_goes_on(waits, at)
    # Nobody was told under which number it had gone on.
    close(waits.ports)
    assert direct.ledger.lock.holder(direct.now()) is None
    assert direct.ledger.runs.read(waits.ports.run.id)["state"] == "failed"
    with pytest.raises(FatalError, match="This run has ended"):
        resume(waits.ports, timedelta(0))
    waits.ends_well()


@pytest.mark.parametrize("edit", ["another rule", "one way", "broken"])
def test_a_plan_is_written_as_it_was_shown_whatever_becomes_of_the_mapping(
    direct: Direct, tmp_path: Path, edit: str
) -> None:
    folder = Path(shutil.copytree(ROOT / "include" / "mappings", tmp_path / "mappings"))
    direct.settings = direct.settings.model_copy(update={"mappings": folder})
    waits, file = Asked(direct), folder / "lead.yaml"
    text = file.read_text(encoding="utf-8")
    city = "{salesforce: City, salesmanago: address.city"
    edited = {
        "another rule": text.replace("conflict: newest", "conflict: salesmanago"),
        "one way": text.replace(city, f"{city}, direction: to_salesforce"),
        "broken": "object: [",
    }[edit]
    assert edited != text
    file.write_text(edited, encoding="utf-8")
    answer(waits.ports, YES)
    resumed = waits.resumed()
    write_approved(resumed, waits.window)
    close(resumed)
    assert direct.ledger.runs.read(resumed.run.id)["state"] == "success"
    assert waits.city == "Łódź"
    if edit == "broken":
        file.write_text(text, encoding="utf-8")
    direct.sync()
    assert direct.ledger.runs.read_newest(1)["totals"].iloc[0]["full_sync_due"] == (
        [] if edit == "broken" else ["Lead"]
    )
    assert direct.sync() == []
