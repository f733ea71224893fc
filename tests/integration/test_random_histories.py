"""Laws of the whole sync on random histories.

People edit, merge, convert, delete and opt out on both sides, between runs that may die at any request or ledger call.
`HISTORIES=200` tries that many new histories instead of the few that are always the same; `SHRINK=1` makes one that
fails small, which takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.integration import laws
from tests.integration.direct import Direct, Mode
from tests.twin_server import TwinServer

MANY = int(os.environ.get("HISTORIES", "0"))
PHASES = [Phase.generate, Phase.shrink] if os.environ.get("SHRINK") else [Phase.generate]

ADDRESSES = [f"person{number}@example.com" for number in range(6)]
ADDRESS = st.sampled_from(ADDRESSES)
CHANGE = ["field", "old", "new", "rule", "state"]
KINDS = ["Lead", "Contact", "Account", "card"]
WORDS = st.sampled_from([None, "0", "false", "Łódź", "New York"])
NAMES = st.sampled_from(["Nowak", "Maj", "O'Neill"])
WHICH = st.integers(0, 30)
FIELDS = st.sampled_from(["name", "city", "note", "company"])
MODE = st.sampled_from(["incremental", "incremental", "incremental", "full"])
EDITS_BEFORE_A_RUN = 2
CHANNEL = st.sampled_from([0, 1])
CARD_KEYS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "name": lambda value: {"name": value},
    "email": lambda value: {"email": value},
    "city": lambda value: {"address": {"city": value}},
    "note": lambda value: {"properties": {"note": value}},
    "company": lambda value: {"company": value},
}
SOBJECTS = {"Lead": "Lead", "Contact": "Contact", "PersonAccount": "Account"}


def mapping(name: str) -> dict[str, Any]:
    """Make a small mapping: few columns make fast runs."""
    fields: list[dict[str, Any]] = [
        {"salesforce": laws.SALESFORCE[name]["name"], "salesmanago": "name"},
        {"salesforce": laws.SALESFORCE[name]["email"], "salesmanago": "email"},
        {"salesforce": laws.SALESFORCE[name]["city"], "salesmanago": "address.city"},
        {"salesforce": "Description", "salesmanago": "properties.note", "conflict": "salesmanago"},
        {"salesforce": laws.OPT_OUTS[name][0], "salesmanago": "optedOut", "convert": "consent"},
        {"salesforce": laws.OPT_OUTS[name][1], "salesmanago": "optedOutPhone", "convert": "consent"},
    ]
    state = "PROSPECT" if name == "Lead" else "CUSTOMER"
    made: dict[str, Any] = {"object": name, "enabled": True, "last_name_when_empty": {"action": "fill"}}
    made["create"] = {"in_salesmanago": True, "in_salesforce": {"field": "state", "op": "eq", "value": state}}
    if name == "PersonAccount":
        made["create"]["in_salesforce"] = False
    if name == "Lead":
        fields.append({"salesforce": "Company", "salesmanago": "company", "blank": "propagate"})
        made["company_when_empty"] = {"action": "fill", "value": laws.FILLER}
        made["criteria"] = {"salesforce": {"field": "Status", "op": "ne", "value": "Unqualified"}}
    return made | {"fields": fields}


def enough_happened(history: History) -> bool:
    """A run with nothing to do is dear and shows little."""
    return history.edits > EDITS_BEFORE_A_RUN


class History(RuleBasedStateMachine):
    """Two services, people who work in them, and runs of the sync."""

    twin: ClassVar[TwinServer]
    folder: ClassVar[Path]
    empty_ledger: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.twin.control.post("/reset")
        self.direct = Direct(self.twin, self.folder, self.empty_ledger, self.folder / "mappings")
        self.control = self.direct.control
        self.agreed: dict[laws.Pair, dict[str, laws.Value]] = {}
        self.edits = 0

    def teardown(self) -> None:
        try:
            self.settle("full")
        finally:
            self.direct.close()

    @initialize(people=st.lists(st.tuples(st.sampled_from(KINDS), NAMES), min_size=4, max_size=6))
    def begin(self, people: list[tuple[str, str]]) -> None:
        """Put some people into both services and synchronise them."""
        for address, (kind, name) in zip(ADDRESSES, people, strict=False):
            if kind != "card":
                fields = {"Email": address} if kind != "Account" else {"PersonEmail": address, "IsPersonAccount": True}
                self._make(kind, LastName=name, **fields)
            if kind != "Lead":
                self.direct.contact(address, name="Kowalska", state="CUSTOMER")
        self.settle("full")

    # -- people at work in Salesforce

    @rule(address=st.one_of(st.none(), ADDRESS), name=NAMES, city=WORDS, out=st.booleans())
    def make_lead(self, address: str | None, name: str, city: str | None, out: bool) -> None:
        self._make("Lead", LastName=name, Company="Acme", Email=address, City=city, HasOptedOutOfEmail=out)

    @rule(address=ADDRESS, name=NAMES, note_=WORDS)
    def make_crm_contact(self, address: str, name: str, note_: str | None) -> None:
        self._make("Contact", LastName=name, Email=address, Description=note_)

    @rule(address=ADDRESS, name=NAMES)
    def make_person_account(self, address: str, name: str) -> None:
        self._make("Account", LastName=name, IsPersonAccount=True, PersonEmail=address)

    @rule(which=WHICH, key=FIELDS, value=WORDS)
    def edit_record(self, which: int, key: str, value: str | None) -> None:
        self._edit(which, {key: value if key != "name" else value or "Nowak"})

    @rule(which=WHICH, address=ADDRESS)
    def change_address_of_record(self, which: int, address: str) -> None:
        self._edit(which, {"email": address})

    @rule(which=WHICH, channel=CHANNEL, out=st.booleans())
    def choose_in_salesforce(self, which: int, channel: int, out: bool) -> None:
        for one in self._some(which):
            self._patch(one, {laws.OPT_OUTS[one.object][channel]: out})

    @rule(which=WHICH, inside=st.booleans())
    def cross_the_criteria(self, which: int, inside: bool) -> None:
        for one in self._some(which, "Lead"):
            self._patch(one, {"Status": "Working - Contacted" if inside else "Unqualified"})

    @rule(which=WHICH)
    def delete_record(self, which: int) -> None:
        for one in self._some(which):
            self._let_a_second_pass()
            self.control.delete(self._path(one))

    @rule(which=WHICH)
    def purge_record(self, which: int) -> None:
        for one in self._some(which):
            self._let_a_second_pass()
            self.control.post(f"{self._path(one)}/purge")

    @rule(which=WHICH)
    def undelete_record(self, which: int) -> None:
        binned = [one for one in laws.look(self.direct).records.values() if one.raw["IsDeleted"]]
        for one in _picked(binned, which):
            self._let_a_second_pass()
            self.control.post(f"{self._path(one)}/undelete")

    @rule(which=WHICH, other=WHICH)
    def merge_records(self, which: int, other: int) -> None:
        for winner in self._some(which):
            alike = [one for one in self._living(winner.object) if one.id != winner.id]
            for loser in _picked(alike, other):
                self._let_a_second_pass()
                self.control.post(f"{self._path(winner)}/merge", {"losers": [loser.id]})

    @rule(which=WHICH, into=st.one_of(st.none(), WHICH))
    def convert_lead(self, which: int, into: int | None) -> None:
        for lead in self._some(which, "Lead"):
            self._let_a_second_pass()
            contacts = [] if into is None else _picked(self._living("Contact"), into)
            self.control.post(f"{self._path(lead)}/convert", {"contact": contacts[0].id} if contacts else {})

    # -- people at work in SALESmanago

    @rule(address=ADDRESS, name=NAMES, customer=st.booleans(), city=WORDS, out=st.booleans())
    def make_card(self, address: str, name: str, customer: bool, city: str | None, out: bool) -> None:
        if not self._has_card(address):
            state = "CUSTOMER" if customer else "PROSPECT"
            self._let_a_second_pass()
            self.direct.contact(address, name=name, state=state, address={"city": city}, optedOut=out)

    @rule(which=WHICH, key=FIELDS, value=WORDS)
    def edit_card(self, which: int, key: str, value: str | None) -> None:
        for one in self._cards(which):
            self._patch_card(one, CARD_KEYS[key](value if key != "name" else value or "Maj"))

    @rule(which=WHICH, address=ADDRESS)
    def change_address_of_card(self, which: int, address: str) -> None:
        for one in self._cards(which):
            if not self._has_card(address):
                self._patch_card(one, {"email": address})

    @rule(which=WHICH, channel=CHANNEL, out=st.booleans())
    def choose_in_salesmanago(self, which: int, channel: int, out: bool) -> None:
        for one in self._cards(which):
            self._patch_card(one, {laws.CARD_OPT_OUTS[channel]: out})

    @rule(which=WHICH)
    def delete_card(self, which: int) -> None:
        for one in self._cards(which):
            self._patch_card(one, {"deleted": True})

    @rule(which=WHICH)
    def purge_card(self, which: int) -> None:
        for one in self._cards(which):
            self._let_a_second_pass()
            self.control.delete(f"/salesmanago/contacts/{one.id}")

    @rule(which=WHICH)
    def restore_card(self, which: int) -> None:
        binned = [one for one in laws.look(self.direct).cards.values() if one.gone]
        for one in _picked(binned, which):
            self._patch_card(one, {"deleted": False})

    # -- people who are gone from both

    @rule(which=WHICH, for_good=st.booleans())
    def forget_person(self, which: int, for_good: bool) -> None:
        """Somebody is deleted on both sides, as after a request to be forgotten."""
        now = laws.look(self.direct)
        for record in _picked([record for _, record, _ in now.pairs()], which):
            contact = next(pair[1] for pair in now.bindings if pair[0] == record.id)
            self._delete(record, now.cards[contact], for_good=for_good)

    @rule(which=WHICH, in_salesforce=st.booleans(), name=NAMES)
    def turn_up_again(self, which: int, in_salesforce: bool, name: str) -> None:
        """Somebody with the address of a person who is gone appears on one side."""
        now = laws.look(self.direct)
        there = {bound.pair for bound, _, _ in now.pairs()}
        gone = sorted({str(held["email"]) for pair, held in self.agreed.items() if pair not in there})
        for address in gone[which % len(gone) :][:1] if gone else []:
            if in_salesforce:
                self._make("Lead", LastName=name, Company="Acme", Email=address)
            elif not self._has_card(address):
                self._let_a_second_pass()
                self.direct.contact(address, name=name, state="PROSPECT")

    # -- runs

    @precondition(enough_happened)
    @rule(mode=MODE)
    def synchronise(self, mode: Mode) -> None:
        self.settle(mode)

    @precondition(enough_happened)
    @rule(mode=MODE, at=st.integers(1, 90), after=st.booleans(), killed=st.booleans())
    def die(self, mode: Mode, at: int, after: bool, killed: bool) -> None:
        """A run whose worker dies; the next run goes on."""
        before = laws.look(self.direct)
        note(f"died: {self.direct.crash(mode, at, after=after, killed=killed)}")
        self._check_what_a_run_may_never_do(before, laws.look(self.direct))

    @precondition(enough_happened)
    @rule(mode=MODE, system=st.sampled_from(["salesforce", "salesmanago"]))
    def lose_an_answer(self, mode: Mode, system: str) -> None:
        """A run in which a service does what it was asked and its answer is lost."""
        path = "composite/sobjects$" if system == "salesforce" else "contact/batchupsert"
        self.control.post("/faults", {"system": system, "kind": "reset_after", "method": "POST", "path": path})
        before = laws.look(self.direct)
        self.direct.sync(mode)
        self.control.delete("/faults")
        self._check_what_a_run_may_never_do(before, laws.look(self.direct))

    def settle(self, mode: Mode) -> None:
        """Synchronise, ask every law, and synchronise again: nothing may be left to write."""
        before = laws.look(self.direct)
        self.direct.sync(mode)
        after = laws.look(self.direct)
        self.edits = 0
        self._check_what_a_run_may_never_do(before, after)
        laws.nobody_opted_out_is_mailable(after)
        laws.no_value_is_lost_or_made_up(before, after, self.agreed)
        laws.both_sides_agree(after)
        self._check_rest(after)
        self._remember(laws.look(self.direct))

    def _check_rest(self, now: laws.Moment) -> None:
        """A further run writes nothing, but for people with an issue: what stood in their way may be gone now."""
        while self.direct.sync("incremental"):
            changes = self._last_changes()
            free = ~changes["salesforce_id"].isin(now.disputed) & ~changes["salesmanago_id"].isin(now.disputed)
            assert not free.any(), f"a run right after a run wrote:\n{changes[free].to_string()}"
            later = laws.look(self.direct)
            assert len(later.disputed) < len(now.disputed), f"issues do not come to rest: {later.disputed}"
            now = later

    def _check_what_a_run_may_never_do(self, before: laws.Moment, after: laws.Moment) -> None:
        laws.nobody_is_opted_in(before, after)
        laws.nobody_is_there_twice(before, after)
        laws.no_tombstone_is_revived(before, after, self.agreed)
        laws.strangers_are_left_alone(before, after)

    def _remember(self, now: laws.Moment) -> None:
        """Remember what both sides agree on."""
        for bound, record, card in now.pairs("active"):
            same = {key: value for key, value in record.values.items() if card.values[key] == value}
            self.agreed[bound.pair] = self.agreed.get(bound.pair, {}) | same

    # -- who

    def _make(self, sobject: str, **fields: Any) -> None:
        self.edits += 1
        self.direct.record(sobject, **fields)

    def _living(self, name: str | None = None) -> list[laws.Someone]:
        found = laws.look(self.direct).living.values()
        return [one for one in found if name in (None, one.object)]

    def _some(self, which: int, name: str | None = None) -> list[laws.Someone]:
        return _picked(self._living(name), which)

    def _cards(self, which: int) -> list[laws.Someone]:
        return _picked([one for one in laws.look(self.direct).cards.values() if not one.gone], which)

    def _has_card(self, address: str) -> bool:
        return address in {one.email for one in laws.look(self.direct).cards.values()}

    def _edit(self, which: int, values: dict[str, Any]) -> None:
        for one in self._some(which):
            names = laws.SALESFORCE[one.object]
            self._patch(one, {names[key]: value for key, value in values.items() if key in names})

    def _delete(self, record: laws.Someone, card: laws.Someone, *, for_good: bool) -> None:
        self._let_a_second_pass()
        if for_good:
            self.control.post(f"{self._path(record)}/purge")
            self.control.delete(f"/salesmanago/contacts/{card.id}")
        else:
            self.control.delete(self._path(record))
            self._patch_card(card, {"deleted": True})

    def _path(self, one: laws.Someone) -> str:
        return f"/salesforce/{SOBJECTS[one.object]}/{one.id}"

    def _patch(self, one: laws.Someone, fields: dict[str, Any]) -> None:
        if fields:
            self._let_a_second_pass()
            self.control.patch(self._path(one), fields)

    def _patch_card(self, one: laws.Someone, card: dict[str, Any]) -> None:
        self._let_a_second_pass()
        self.control.patch(f"/salesmanago/contacts/{one.id}", card)

    def _let_a_second_pass(self) -> None:
        """Nothing happens at the same time as something else: the newest of two edits is known."""
        self.edits += 1
        self.direct.later(1)

    def _last_changes(self) -> pd.DataFrame:
        changes = self.direct.ledger.changes(int(self.direct.ledger.runs()["id"].max()))
        return changes[["object", "salesforce_id", "salesmanago_id", "direction", "action", *CHANGE]]


def _picked(people: list[laws.Someone], which: int) -> list[laws.Someone]:
    """Take one of them in an order that does not depend on ids, or nobody where there is none."""
    ordered = sorted(people, key=lambda one: (str(one.raw.get("CreatedDate", "")), one.id[:15], str(one.email)))
    return [ordered[which % len(ordered)]] if ordered else []


@pytest.mark.timeout(60 * max(MANY, 10))
def test_no_history_breaks_a_law(twin_process: TwinServer, empty_ledger: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    for name in SOBJECTS:
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(mapping(name), sort_keys=False), encoding="utf-8")
    History.twin, History.folder, History.empty_ledger = twin_process, tmp_path, empty_ledger
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=MANY or 3,
            stateful_step_count=16,
            derandomize=not MANY,
            database=None,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_full_sync_that_found_nobody_is_no_lost_ledger(direct: Direct) -> None:
    direct.sync("full")
    assert direct.ledger.is_empty()
    direct.record("Lead", LastName="Nowak", Company="Acme", Email="anna@example.com")
    assert direct.sync("incremental")
    assert [card["email"] for card in direct.cards().values()] == ["anna@example.com"]
