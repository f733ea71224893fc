"""An undo that is killed, overtaken by edits, or comes while others work: no edit is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.errors import FatalError, RetriableError
from salesmanago_sync.steps.approval import Answer, answer, resume
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.guard import guard
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.start import NothingToDoError, start
from salesmanago_sync.steps.undoing import end, undo_run
from salesmanago_sync.steps.writing import write_batches
from tests.integration.direct import Direct, plan_everybody, read_everybody
from tests.integration.sync import Killed
from tests.integration.test_bad_days import again
from tests.integration.test_evidence import person
from tests.twin_in_process import TwinInProcess

HERE, THERE = "Łódź", "Gdynia"


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync, between services in this process."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


class Written:
    """A run has carried a city to SALESmanago."""

    def __init__(self, direct: Direct) -> None:
        self.direct = direct
        self.lead, self.card = person(direct)
        self.edit_lead(HERE)
        direct.sync()
        self.edit_lead(THERE)
        direct.sync()
        self.run = int(direct.ledger.runs.read_newest(1)["id"].iloc[0])
        assert self.cities == (THERE, THERE)

    @property
    def cities(self) -> tuple[str | None, str | None]:
        """What both sides hold."""
        address = self.direct.cards()[self.card]["address"] or {}
        return self.direct.records("Lead")[self.lead]["City"], address.get("city")

    def edit_lead(self, city: str) -> None:
        self.direct.later(1)
        self.direct.control.patch(f"/salesforce/Lead/{self.lead}", {"City": city})

    def edit_card(self, city: str) -> None:
        self.direct.later(1)
        self.direct.control.patch(f"/salesmanago/contacts/{self.card}", {"address": {"city": city}})

    def begun(self) -> Ports:
        """Start an undo, up to the task that undoes."""
        self.direct.later(60)
        ports = self.direct.begun("undo", run=self.run)  # type: ignore[arg-type]
        self.checked(ports)
        return ports

    def checked(self, ports: Ports) -> None:
        preflight(ports, self.direct.account, lambda settings: None)

    def rests(self, *cities: str) -> None:
        """Nothing is written any more, and both sides hold what they are meant to."""
        assert self.direct.ledger.lock.holder(self.direct.now()) is None
        self.direct.sync()
        self.direct.sync("full")
        assert self.cities == cities
        assert self.direct.sync() == []


@pytest.fixture
def written(direct: Direct) -> Written:
    return Written(direct)


def killed_after_a_write(patching: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Let the worker die after it has sent something, and before it remembers that."""

    def die(*_: object) -> None:
        raise Killed

    with patching.context() as patch:
        patch.setattr("salesmanago_sync.steps.writing.settle", die)
        with pytest.raises(Killed):
            work()


@pytest.mark.parametrize("then", ["cleared", "overtaken", "left"])
def test_an_undo_that_is_killed_just_after_its_write_loses_no_edit(
    written: Written, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct, ports = written.direct, written.begun()
    killed_after_a_write(monkeypatch, lambda: undo_run(ports))
    end(ports, None)
    if then == "overtaken":
        direct.sync()
    if then != "left":
        cleared = again(direct, ports)
        written.checked(cleared)
        end(cleared, undo_run(cleared))
        assert direct.ledger.runs.read(cleared.run.id)["state"] == "success"
        assert direct.ledger.changes.read(cleared.run.id, state=["planned", "done"])["state"].tolist() == ["done"]
    written.rests(THERE, HERE)
    if then == "overtaken":
        written.run = ports.run.id
        back = written.begun()
        end(back, undo_run(back))
        written.rests(THERE, THERE)


@pytest.mark.parametrize("asked", [False, True])
def test_a_write_that_arrived_and_was_not_remembered_can_be_undone(
    written: Written, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = written.direct
    written.edit_lead("Sopot")
    direct.later(60)
    direct.settings = direct.settings.model_copy(update={"ask": "always" if asked else "never"})
    ports = direct.begun()
    window = read_everybody(direct, ports)
    plan_everybody(ports)
    if guard(ports) is not None:
        answer(ports, Answer(approved=True, who="anna", scope=Scope()))
        ports = replace(ports, run=ports.run.model_copy(update=resume(ports, timedelta(0)) or {}))
    direct.settings = direct.settings.model_copy(update={"ask": "never"})
    [work] = bind_people(ports)
    killed_after_a_write(monkeypatch, lambda: write_batches(ports, work))
    write_batches(ports, work)
    commit(ports, window)
    close(ports)
    assert written.cities == ("Sopot", "Sopot")
    written.run = ports.run.id
    back = written.begun()
    end(back, undo_run(back))
    written.rests("Sopot", THERE)


def test_an_undo_that_is_killed_just_before_its_write_changes_nothing(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = written.begun()

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("salesmanago_sync.steps.writing.send_to_salesmanago", die)
    with pytest.raises(Killed):
        undo_run(ports)
    end(ports, None)
    monkeypatch.undo()
    written.rests(THERE, THERE)
    written.edit_lead("Sopot")
    written.rests("Sopot", "Sopot")


def test_an_undo_whose_answer_is_lost_loses_no_edit(written: Written) -> None:
    ports = written.begun()
    written.direct.control.post("/faults", {"system": "salesmanago", "kind": "reset_after", "path": "upsert"})
    end(ports, undo_run(ports))
    written.rests(THERE, HERE)


@pytest.mark.parametrize("answer", [{"status": 200, "body": {"success": False, "message": ["No."]}}, {"status": 400}])
def test_a_deletion_that_is_refused_parts_nobody(written: Written, answer: dict[str, Any]) -> None:
    direct = written.direct
    lead, card = person(direct, "eva@example.com")
    direct.later(60)
    run = int(direct.ledger.runs.read_newest(1)["id"].iloc[0])
    ports = direct.begun("undo", run=run, delete_created=True)  # type: ignore[arg-type]
    written.checked(ports)
    refused = {"system": "salesmanago", "kind": "status", "path": "contact/delete", "times": None, **answer}
    direct.control.post("/faults", refused)
    with nullcontext() if "body" in answer else pytest.raises(FatalError, match="HTTP 400"):
        undo_run(ports)
    end(ports, None)
    direct.control.delete("/faults")
    if "body" in answer:
        [bound] = direct.ledger.bindings.read(salesforce_ids=[lead]).to_dict("records")
        assert bound["status"] == "active"
        assert pd.isna(bound["email"]), "of the living no address is kept"
    direct.control.patch(f"/salesforce/Lead/{lead}", {"City": HERE})
    direct.later(60)
    direct.sync()
    [bound] = direct.ledger.bindings.read(salesforce_ids=[lead]).to_dict("records")
    assert (bound["status"], direct.cards()[card]["address"]["city"]) == ("active", HERE)


def test_an_undo_whose_task_alone_is_cleared_after_its_end_says_what_to_do(written: Written) -> None:
    ports = written.begun()
    end(ports, None)
    with pytest.raises(FatalError, match="no longer the current one"):
        undo_run(ports)
    written.rests(THERE, THERE)


@pytest.mark.parametrize("side", ["salesforce", "salesmanago"])
def test_what_a_person_edits_between_the_plan_of_an_undo_and_its_writing_stays(
    written: Written, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct, ports = written.direct, written.begun()
    plan = direct.ledger.changes.plan

    def slowly(*given: object, **more: object) -> None:
        plan(*given, **more)  # type: ignore[arg-type]
        (written.edit_lead if side == "salesforce" else written.edit_card)("Sopot")
        direct.later(15)

    with monkeypatch.context() as patch:
        patch.setattr(direct.ledger.changes, "plan", slowly)
        with pytest.raises(RetriableError, match="answer so slowly"):
            undo_run(ports)
    end(ports, undo_run(ports))
    reasons = set(direct.ledger.changes.read(ports.run.id, state="dropped")["reason"])
    if side == "salesmanago":
        assert reasons == {"EDITED"}
        written.rests("Sopot", "Sopot")
    else:
        assert written.cities == ("Sopot", HERE)
        written.rests("Sopot", HERE)


def test_an_undo_and_runs_of_the_schedule_give_way_to_each_other(written: Written) -> None:
    direct = written.direct
    at_work = direct.begun()
    undoing = direct.ports("undo", run=written.run)  # type: ignore[arg-type]
    assert start(undoing, timedelta(0)) is None, "it waits"
    with pytest.raises(FatalError, match="holds the lock since more than"):
        start(undoing, timedelta(hours=1))
    direct.ledger.lock.free(at_work.run.attempt)
    ports = written.begun()
    direct.scheduled = True
    with pytest.raises(NothingToDoError, match="is still at work"):
        start(direct.ports(), timedelta(0))
    end(ports, undo_run(ports))
    direct.scheduled = False
    written.rests(THERE, HERE)
