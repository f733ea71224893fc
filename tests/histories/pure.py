"""Histories of matching, planning and merging alone: many at once, in a cheap model of both services.

Each history has its own people, with addresses of its own; all are synchronised together, so that one plan decides
for hundreds of them. Beyond the wire everything is imitated; plan, writing and ledger are the sync's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pandas as pd

from salesmanago_sync.domain.mapping_files.mapping import Mapping as ObjectMapping
from salesmanago_sync.domain.org.describe import FieldSchema
from tests.histories import laws
from tests.histories.diary import Diary
from tests.histories.history import History
from tests.histories.look import Moment, Pair, disputed_in, moment
from tests.histories.people import People
from tests.unit.domain.world import Salesforce, Salesmanago, World, schema

LEAVES = re.compile(r"@(\d+)\.")
KINDS = ("Lead", "Contact")
PREFIXES = {"Lead": "00Q", "Contact": "003"}
BLANK = {
    "Lead": ("LastName", "Email", "City", "Description", "Company"),
    "Contact": ("LastName", "Email", "MailingCity", "Description"),
}
FLAGS = ("HasOptedOutOfEmail", "DoNotCall")
SYNC = "sync"


class SyncFailedError(Exception):
    """The sync itself failed, for everybody who was synchronised together."""


class QuickSalesforce(Salesforce):
    """An org that gives no id twice, though records are removed for good."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self._numbers = count(1)

    def insert(self, sobject: str = "Lead", **fields: Any) -> str:
        identifier = f"{PREFIXES[sobject]}{next(self._numbers):015d}"
        usual = {"IsDeleted": False, "IsConverted": False, **dict.fromkeys(FLAGS, False)}
        self.rows[identifier] = {"Id": identifier, "type": sobject, **usual}
        self.edit(identifier, **fields)
        return identifier


class QuickSalesmanago(Salesmanago):
    """An account of many contacts, found by address without looking at each."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self._by_address: dict[str, str] = {}
        self._numbers = count(1)

    @property
    def by_id(self) -> Mapping[str, dict[str, Any]]:
        return self._cards

    def insert(self, email: str | None, **values: Any) -> str:
        identifier = f"m{next(self._numbers):06d}"
        empty = {"contactTags": [], "properties": [], "address": {}, "deleted": False, "optedOut": False}
        self._cards[identifier] = {"contactId": identifier, "email": email, **empty}
        self.edit(identifier, **values)
        return identifier

    def edit(self, identifier: str, **values: Any) -> None:
        before = self._cards[identifier]["email"]
        super().edit(identifier, **values)
        after = self._cards[identifier]["email"]
        self._by_address.pop((before or "").lower(), None)
        self._by_address[(after or "").lower()] = identifier

    def find(self, email: str) -> str | None:
        return self._by_address.get(email.lower())

    def remove(self, identifier: str) -> None:
        """Remove a contact for good."""
        self._by_address.pop((self._cards.pop(identifier)["email"] or "").lower(), None)


class Corner:
    """The people of one history in the common world, as `people.People` and the laws see them."""

    def __init__(self, world: World, number: int, objects: Sequence[str]) -> None:
        self._world, self.number = world, number
        self.control = CornerControl(world, self)
        self.objects = objects
        self.mine: list[str] = []
        self.bindings: list[Mapping[str, Any]] = []

    def clock(self) -> float:
        """Seconds, for what happened after what."""
        return self._world.clock().timestamp()

    def now(self) -> datetime:
        """The clock of all."""
        return self._world.clock()

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self._world.clock.step(timedelta(seconds=seconds))

    def outwards(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Make an address one of this history."""
        return {
            key: value.replace("@", f"@{self.number}.") if key in ("Email", "email") and value else value
            for key, value in values.items()
        }

    def record(self, sobject: str, **fields: Any) -> str:
        """Make a record; there are no Person Accounts here."""
        identifier = self._world.salesforce.insert(sobject, **self.outwards(fields))
        self.mine.append(identifier)
        return identifier

    def contact(self, email: str, address: Mapping[str, Any] | None = None, **card: Any) -> str:
        """Make a contact."""
        made = self.outwards({"email": email})["email"]
        values = {f"address.{key}": value for key, value in (address or {}).items()}
        identifier = self._world.salesmanago.insert(made, **card, **values)
        self.mine.append(identifier)
        return identifier

    def records(self, sobject: str, *, deleted: bool = False) -> dict[str, dict[str, Any]]:
        """Read the records of an object."""
        rows = self._world.salesforce.rows
        return {key: _row(sobject, rows[key]) for key in self._here(rows) if rows[key]["type"] == sobject}

    def cards(self) -> dict[str, dict[str, Any]]:
        """Read the contacts."""
        cards = self._world.salesmanago.by_id
        return {key: _card(cards[key]) for key in self._here(cards)}

    def _here(self, there: Mapping[str, Any]) -> Iterator[str]:
        yield from (key for key in self.mine if key in there)


class CornerControl:
    """What people do besides typing, in the words of the twin's control port."""

    def __init__(self, world: World, corner: Corner) -> None:
        self._world, self._corner = world, corner

    def patch(self, path: str, body: Mapping[str, Any]) -> None:
        """Change a record or a contact."""
        system, identifier = _named(path)
        if system == "salesforce":
            self._world.salesforce.edit(identifier, **self._corner.outwards(body))
            return
        values = dict(self._corner.outwards(body))
        for holder in ("address", "properties"):
            values |= {f"{holder}.{key}": value for key, value in values.pop(holder, {}).items()}
        self._world.salesmanago.edit(identifier, **values)

    def delete(self, path: str) -> None:
        """Put a record into the recycle bin, or remove a contact for good."""
        system, identifier = _named(path)
        if system == "salesforce":
            self._world.salesforce.edit(identifier, IsDeleted=True)
        else:
            self._world.salesmanago.remove(identifier)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Do what is more than typing."""
        _, identifier = _named(path)
        order: Callable[[str, Mapping[str, Any]], dict[str, str]] = getattr(self, f"_{path.rsplit('/', 1)[1]}")
        return order(identifier, body or {})

    def _purge(self, identifier: str, body: Mapping[str, Any]) -> dict[str, str]:
        del self._world.salesforce.rows[identifier]
        return {}

    def _undelete(self, identifier: str, body: Mapping[str, Any]) -> dict[str, str]:
        self._world.salesforce.edit(identifier, IsDeleted=False, MasterRecordId=None)
        return {}

    def _merge(self, identifier: str, body: Mapping[str, Any]) -> dict[str, str]:
        for loser in body["losers"]:
            self._world.salesforce.edit(loser, IsDeleted=True, MasterRecordId=identifier)
        self._world.salesforce.edit(identifier)
        return {}

    def _convert(self, identifier: str, body: Mapping[str, Any]) -> dict[str, str]:
        lead = self._world.salesforce.rows[identifier]
        contact = body.get("contact")
        if contact is None:
            copied = {name: lead.get(name) for name in ("LastName", "Description", *FLAGS)}
            contact = self._world.salesforce.insert(
                "Contact", Email=lead.get("Email"), MailingCity=lead.get("City"), **copied
            )
            self._corner.mine.append(contact)
        self._world.salesforce.edit(identifier, IsConverted=True, ConvertedContactId=contact)
        return {"contact": contact}


def _named(path: str) -> tuple[str, str]:
    parts = path.strip("/").split("/")
    return parts[0], parts[2]


def _row(sobject: str, row: Mapping[str, Any]) -> dict[str, Any]:
    usual = dict.fromkeys(BLANK[sobject]) | dict.fromkeys(FLAGS, False)
    email = row.get("Email")
    return {**usual, **row, "Email": LEAVES.sub("@", email) if email else None}


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    usual = {"name": None, "company": None, "optedOutPhone": False}
    return {**usual, **card, "id": card["contactId"], "email": LEAVES.sub("@", card["email"])}


@dataclass(slots=True)
class Thread:
    """One history on its way.

    Attributes:
        rounds: What people do before each synchronisation.
        broken: The law that it broke.
    """

    history: History
    rounds: list[list[Sequence[Any]]]
    corner: Corner
    diary: Diary
    agreed: dict[Pair, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    broken: AssertionError | None = None


def play_together(histories: Sequence[History]) -> dict[int, Exception]:
    """Play histories with the same surroundings side by side.

    Returns:
        What was broken, by the position of the history.
    """
    try:
        return _played(histories)
    except SyncFailedError as error:
        if len(histories) == 1:
            return {0: error}
    # Who brought it about is found by halves.
    half = len(histories) // 2
    second = play_together(histories[half:])
    return play_together(histories[:half]) | {half + place: error for place, error in second.items()}


def _played(histories: Sequence[History]) -> dict[int, Exception]:
    world = _world(histories[0])
    threads = [_thread(world, number, history) for number, history in enumerate(histories)]
    for number in range(max(len(thread.rounds) for thread in threads)):
        for thread in threads:
            people = _people(thread)
            for step in thread.rounds[number] if number < len(thread.rounds) else ():
                people.do(step)
        _synchronise(world, threads)
    return {place: thread.broken for place, thread in enumerate(threads) if thread.broken is not None}


def _people(thread: Thread) -> People:
    corner = thread.corner
    return People(corner, thread.diary, lambda: moment(corner, corner.bindings, frozenset()))  # type: ignore[arg-type]


def _world(history: History) -> World:
    flag = {name: FieldSchema(name, "boolean", None) for name in FLAGS}
    text = {name: FieldSchema(name, "string", 80) for name in ("MailingCity", "Status")}
    text |= {name: FieldSchema(name, "reference", 18) for name in ("MasterRecordId", "ConvertedContactId")}
    mappings = [ObjectMapping.model_validate(made) for made in history.setup.mappings() if made["object"] in KINDS]
    known = {one.object: schema(one.object, **flag, **text) for one in mappings}
    world = World(*mappings, schemas=known)
    world.salesforce, world.salesmanago = QuickSalesforce(world.clock), QuickSalesmanago(world.clock)
    world.ports.salesforce, world.ports.salesmanago = world.salesforce, world.salesmanago
    return world


def _thread(world: World, number: int, history: History) -> Thread:
    rounds: list[list[Sequence[Any]]] = [[]]
    for step in history.steps:
        if step[0] == SYNC:
            rounds.append([])
        else:
            rounds[-1].append(step)
    return Thread(history, rounds, Corner(world, number, history.setup.objects), Diary())


def _synchronise(world: World, threads: Sequence[Thread]) -> None:
    # Whatever people did was before: what one did last is no excuse for what the sync does now.
    world.clock.step()
    since = world.clock().timestamp()
    before = _moments(world, threads)
    left = _synchronised(world)
    after = _moments(world, threads)
    busy = {*left["salesforce_id"].dropna(), *left["salesmanago_id"].dropna()}
    for thread, was, now in zip(threads, before, after, strict=True):
        if thread.broken is None:
            try:
                _judge(thread, was, now, since, busy)
            except AssertionError as error:
                thread.broken = error
            _remember(thread, now)


def _synchronised(world: World) -> pd.DataFrame:
    """Synchronise, and say what a further run would write."""
    try:
        world.sync()
        return world.plan().changes
    except Exception as error:
        raise SyncFailedError(f"{type(error).__name__}: {error}") from error


def _moments(world: World, threads: Sequence[Thread]) -> list[Moment]:
    """Share out what there is among the histories it belongs to."""
    by_number = {thread.corner.number: thread for thread in threads}
    for thread in threads:
        thread.corner.mine.clear()
        thread.corner.bindings.clear()
    for identifier, row in world.salesforce.rows.items():
        _owner(by_number, row.get("Email"), identifier)
    for card in world.salesmanago.all():
        _owner(by_number, card["email"], card["contactId"])
    owners = {identifier: thread for thread in threads for identifier in thread.corner.mine}
    for binding in world.ledger.bindings.read().to_dict("records"):
        thread = owners.get(binding["salesforce_id"]) or owners.get(binding["salesmanago_id"])
        if thread is not None:
            thread.corner.bindings.append(binding)
    disputed = disputed_in(world.ledger.issues.read_open(), world.ports.run.id)
    return [moment(thread.corner, thread.corner.bindings, disputed) for thread in threads]


def _owner(by_number: Mapping[int, Thread], email: str | None, identifier: str) -> None:
    found = LEAVES.search(email or "")
    if found and int(found[1]) in by_number:
        by_number[int(found[1])].corner.mine.append(identifier)


def _judge(thread: Thread, before: Moment, after: Moment, since: float, busy: set[str]) -> None:
    diary, setup = thread.diary, thread.history.setup
    laws.relate(after, diary)
    evidence = laws.Evidence(diary, thread.agreed, setup.kept, {side: () for side in ("salesforce", "salesmanago")},
                             setup.on_delete == "opt_out", False, setup.hold)  # fmt: skip
    laws.nobody_is_opted_in(after, diary)
    laws.nobody_is_opted_out_without_evidence(after, evidence)
    laws.nobody_is_there_twice(before, after, diary, since)
    laws.no_tombstone_is_revived(before, after, diary, since)
    laws.strangers_are_left_alone(before, after, diary, since)
    laws.whoever_is_opted_out_is_so_on_both_sides(after, evidence)
    laws.no_edit_is_lost(after, evidence)
    laws.nothing_held_is_overwritten(after, evidence)
    laws.both_sides_agree(after, setup.kept, thread.agreed)
    laws.nobody_of_an_opted_out_address_is_mailable(after, evidence)
    again = (busy & after.everybody.keys()) - after.disputed
    assert not again, ("a further run would write", sorted(again))


def _remember(thread: Thread, now: Moment) -> None:
    thread.agreed = laws.agreement(now)
    thread.diary.rests()
