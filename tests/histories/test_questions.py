"""Histories with a question in the middle: what was approved is what is written, and who moved is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.steps.approval import Answer, answer, resume
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.consent_lane import carry_opt_outs
from salesmanago_sync.steps.guard import guard
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.request import Request, Run
from salesmanago_sync.steps.watermark import LAST_SYNC
from salesmanago_sync.steps.window import Window
from tests.integration.direct import Direct, plan_everybody, read_everybody, write_approved
from tests.integration.sync import SETTLED_SECONDS
from tests.twin_in_process import TwinInProcess

pytestmark = pytest.mark.slow

# Of each field both sides' names.
FIELDS = {"company": ("Company", "company"), "address.city": ("City", "city")}
WORDS = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Wonka")
Row = tuple[str, str, str]


class Question:
    """A history: people, edits, a run that asks, and what happens while it waits.

    Attributes:
        moved: Whose rows must be left, by record and field.
        gone: Whose rows must all be left.
    """

    def __init__(self, direct: Direct, seed: int) -> None:
        self.direct = direct
        self.random = Random(seed)  # noqa: S311 - the same history each time
        self.leads = {name: self._lead(name) for name in ("ann", "bob", "cat", "dan", "eve", "fay")}
        direct.sync("full")
        self.contacts = {str(card["externalId"]): str(card["id"]) for card in direct.cards().values()}
        self.edited: dict[Row, str] = {}
        for identifier in self.leads.values():
            for field in FIELDS:
                self._edit_one_side(identifier, field)
        self.new = {name: self._lead(name) for name in ("gus", "hal")}
        self.moved: set[tuple[str, str]] = set()
        self.gone: set[str] = set()

    def ask(self) -> tuple[Ports, Window]:
        """Run up to the question."""
        direct = self.direct
        direct.later(SETTLED_SECONDS)
        direct.settings = direct.settings.model_copy(update={"ask": "always"})
        ports = direct.begun("full")
        window = read_everybody(direct, ports)
        assert plan_everybody(ports)
        assert guard(ports) is not None
        assert direct.ledger.lock.holder(direct.now()) is None
        direct.settings = direct.settings.model_copy(update={"ask": "never"})
        return ports, window

    def wait(self) -> None:
        """Let people and other runs do things while the question waits."""
        doings = [self._person_edits, self._other_run, self._record_goes, self._newcomer_is_there, self._opts_out]
        for doing in self.random.choices(doings, weights=[4, 2, 1, 1, 2], k=self.random.randint(1, 5)):
            self.direct.later(self.random.choice([1, 400]))
            doing()

    def rows(self, ports: Ports) -> dict[Row, tuple[str, str | None]]:
        """Read the rows of the run: their state and new value, by record, field and direction."""
        found = self.direct.ledger.changes.read(ports.run.id).to_dict("records")
        return {
            (row["salesforce_id"], row["field"], row["direction"]): (row["state"], row["new"])
            for row in found
            if row["action"] != "follow_up"
        }

    def _lead(self, name: str) -> str:
        fields = {"LastName": "Nowak", "Company": "Nowak", "City": "Łódź", "Email": f"{name}@example.com"}
        return self.direct.record("Lead", **fields)

    def _edit_one_side(self, identifier: str, field: str) -> None:
        """A person edits a field on one side, or on none."""
        side, word = self.random.randint(0, 2), self.random.choice(WORDS)
        if side == 0:
            self.direct.control.patch(f"/salesforce/Lead/{identifier}", {FIELDS[field][0]: word})
        elif side == 1:
            self._edit_card(identifier, field, word)

    def _edit_card(self, identifier: str, field: str, word: str) -> None:
        change: dict[str, Any] = {"company": word} if field == "company" else {"address": {"city": word}}
        self.direct.control.patch(f"/salesmanago/contacts/{self.contacts[identifier]}", change)

    def _one(self) -> str:
        return self.random.choice([one for one in self.leads.values() if one not in self.gone])

    def _person_edits(self) -> None:
        identifier, field = self._one(), self.random.choice(list(FIELDS))
        word = f"{self.random.choice(WORDS)} {self.random.randint(1, 10**6)}"
        if self.random.random() < 0.5:
            self.direct.control.patch(f"/salesforce/Lead/{identifier}", {FIELDS[field][0]: word})
        else:
            self._edit_card(identifier, field, word)
        self.moved.add((identifier, field))

    def _other_run(self) -> None:
        identifier = self._one()
        self.direct.sync("incremental", ids=[identifier])
        self.gone.add(identifier)

    def _record_goes(self) -> None:
        identifier = self._one()
        self.direct.control.delete(f"/salesforce/Lead/{identifier}")
        self.gone.add(identifier)

    def _newcomer_is_there(self) -> None:
        """Somebody makes the contact that the plan was to make."""
        free = [name for name, one in self.new.items() if one not in self.gone]
        if free:
            self.direct.contact(f"{free[0]}@example.com", name="Ewa Nowa")
            self.gone.add(self.new[free[0]])

    def _opts_out(self) -> None:
        self.direct.control.patch(f"/salesmanago/contacts/{self.contacts[self._one()]}", {"optedOut": True})
        lane = Run(
            dag_id="lane", dag_run_id=str(self.random.random()), mode="incremental", scheduled=True, request=Request()
        )
        carry_opt_outs(self.direct.ports_of(lane), self.direct.account)


@pytest.fixture(scope="module")
def inner() -> TwinInProcess:
    return TwinInProcess()


@pytest.fixture
def direct(inner: TwinInProcess, tmp_path: Path) -> Direct:
    inner.control.post("/reset", {})
    made = Direct(inner, tmp_path)
    made.settings = made.settings.model_copy(update={"people_per_part": 3, "consent_after_seconds": 0})
    return made


def held(direct: Direct) -> dict[tuple[str, str], Any]:
    """What both services hold of the fields that the plan is about."""
    found = {(one, name): row[name] for one, row in direct.records("Lead").items() for name in ("Company", "City")}
    for one, card in direct.cards().items():
        found |= {(one, "company"): card["company"], (one, "address.city"): (card.get("address") or {}).get("city")}
    return found


@pytest.mark.parametrize("seed", range(3))
def test_what_was_approved_is_written_and_nothing_else(direct: Direct, seed: int) -> None:
    history = Question(direct, seed)
    ports, window = history.ask()
    planned = history.rows(ports)
    history.wait()
    answer(ports, Answer(approved=True, who="anna", scope=Scope()))
    before, watermark = held(direct), direct.variables.get(LAST_SYNC)
    began = resume(ports, timedelta(0))
    assert began is not None
    going = replace(ports, run=ports.run.model_copy(update=began))
    write_approved(going, window)
    close(going)

    rows = history.rows(going)
    assert rows.keys() == planned.keys(), "nothing is planned anew"
    left = {key for key in planned if key[0] in history.gone or key[:2] in history.moved}
    assert {key for key, (state, _) in rows.items() if state == "moved"} == left
    assert {key for key, (state, _) in rows.items() if state == "done"} == planned.keys() - left
    expected = dict(before)
    for (record, field, direction), (state, new) in rows.items():
        if state == "done" and field in FIELDS and record in history.contacts:
            there = (record, FIELDS[field][0]) if direction == "to_salesforce" else (history.contacts[record], field)
            expected[there] = new
    after = held(direct)
    assert {key: after[key] for key in before} == expected
    assert (direct.variables.get(LAST_SYNC) or {})["salesforce"] >= (watermark or {})["salesforce"]

    direct.sync()
    assert direct.sync() == [], "a further run writes nothing"
    outs = {one for one, card in direct.cards().items() if card["optedOut"]}
    kept = [one for one, row in direct.records("Lead").items() if history.contacts.get(one) in outs]
    assert all(direct.records("Lead")[one]["HasOptedOutOfEmail"] for one in kept)


@pytest.mark.parametrize("seed", range(1))
def test_what_was_rejected_is_not_written(direct: Direct, seed: int) -> None:
    history = Question(direct, seed)
    ports, _ = history.ask()
    planned = history.rows(ports)
    history.wait()
    watermark = direct.variables.get(LAST_SYNC)
    direct.control.delete("/calls")
    answer(ports, Answer(approved=False, who="anna", scope=Scope()))
    close(ports)
    assert direct.writes() == []
    assert direct.variables.get(LAST_SYNC) == watermark
    assert {state for state, _ in history.rows(ports).values()} == {"dropped"}
    assert planned
    direct.sync("full")
    assert direct.sync() == []
