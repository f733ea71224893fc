"""What people do in both services. Each verb takes plain values, so that a history can be written down.

`which` picks somebody among those who are there, by order of appearance; where there is nobody, nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from tests.histories import look
from tests.histories.bench import Bench
from tests.histories.diary import Diary, Value, spelled_alike

Anything = TypeVar("Anything")

# Each person's address in two spellings; of the last two the domain has a form for machines.
SPELLINGS = [
    *((f"person{number}@example.com", f"Person{number}@Example.COM") for number in range(4)),
    *((f"person{number}@münchen.example", f"person{number}@xn--mnchen-3ya.example") for number in range(4, 6)),
]


def spell(address: Sequence[int]) -> str:
    """Spell an address: of whom, and how."""
    who, how = address
    return SPELLINGS[who % len(SPELLINGS)][how % 2]


class People:
    """Everybody who works in either service.

    Args:
        bench: Both services.
        diary: Where everything is noted that was done.
        see: Looks at everything there is.
    """

    def __init__(self, bench: Bench, diary: Diary, see: Callable[[], look.Moment]) -> None:
        self._bench, self._diary, self._see = bench, diary, see
        self._control = bench.control

    def do(self, step: Sequence[Any]) -> None:
        """Do one thing: a verb and its values."""
        # Nothing happens at the same time as something else: the newest of two edits is known.
        self._bench.later(1)
        getattr(self, str(step[0]))(*step[1:])

    # -- Salesforce

    def make_lead(self, address: Sequence[int] | None, name: str, city: Value, out: bool) -> None:
        """Type in a Lead."""
        email = None if address is None else spell(address)
        self._make("Lead", Email=email, LastName=name, Company="Acme", City=city, HasOptedOutOfEmail=out)

    def make_contact(self, address: Sequence[int], name: str, words: Value, out: bool) -> None:
        """Type in a Contact."""
        self._make("Contact", Email=spell(address), LastName=name, Description=words, HasOptedOutOfEmail=out)

    def make_account(self, address: Sequence[int], name: str) -> None:
        """Type in a Person Account."""
        self._make("PersonAccount", PersonEmail=spell(address), LastName=name, IsPersonAccount=True)

    def edit_record(self, which: int, key: str, value: Value) -> None:
        """Type something into a field."""
        for one in self._records(which):
            self._type(one, {key: value if key != "name" else value or "Nowak"})

    def disagree(self, which: int, left: Value, right: Value) -> None:
        """Type different cities into the record and the card of somebody who is bound."""
        for bound, record, card in picked(list(self._see().pairs("active")), which):
            del bound
            self._type(record, {"city": left})
            self._bench.later(1)
            self._type(card, {"city": right})

    def change_address_of_record(self, which: int, address: Sequence[int]) -> None:
        """Type in another address."""
        for one in self._records(which):
            self._readdress(one, spell(address))

    def choose_in_salesforce(self, which: int, channel: int, out: bool) -> None:
        """Opt somebody out, or in again."""
        for one in self._records(which):
            self._control.patch(self._path(one), {look.OPT_OUTS[one.object][channel]: out})
            self._chooses(one, channel, out)

    def cross_the_criteria(self, which: int, inside: bool) -> None:
        """Let a Lead take part, or not."""
        for one in self._records(which, "Lead"):
            self._control.patch(self._path(one), {"Status": "Working - Contacted" if inside else "Unqualified"})
            self._diary.ends(self._bench.clock(), [one.id])

    def delete_record(self, which: int) -> None:
        """Put a record into the recycle bin."""
        for one in self._records(which):
            self._control.delete(self._path(one))
            self._end(one)

    def purge_record(self, which: int) -> None:
        """Remove a record for good."""
        for one in self._records(which):
            self._control.post(f"{self._path(one)}/purge")
            self._end(one)

    def undelete_record(self, which: int) -> None:
        """Take a record out of the recycle bin."""
        binned = [one for one in look.read_records(self._bench) if one.raw["IsDeleted"]]
        for one in picked(binned, which):
            self._control.post(f"{self._path(one)}/undelete")
            self._end(one)
            self._diary.made[one.id] = self._bench.clock()

    def merge_records(self, which: int, other: int) -> None:
        """Merge a record into another one of its object."""
        for winner in self._records(which):
            alike = [one for one in self._living(winner.object) if one.id != winner.id]
            for loser in picked(alike, other):
                self._control.post(f"{self._path(winner)}/merge", {"losers": [loser.id]})
                self._end(winner, loser)
                self._diary.kin.join(winner.id, loser.id)

    def convert_lead(self, which: int, into: int | None) -> None:
        """Convert a Lead, into a new Contact or one that is there."""
        for lead in self._records(which, "Lead"):
            contacts = [] if into is None else picked(self._living("Contact"), into)
            body = {"contact": contacts[0].id} if contacts else {}
            became = self._control.post(f"{self._path(lead)}/convert", body)
            now = self._bench.clock()
            self._end(lead, *contacts)
            for identifier in became.values():
                self._diary.kin.join(lead.id, identifier)
                self._diary.made.setdefault(identifier, now)
                self._diary.ends(now, [identifier])
                self._inherit(lead, identifier)

    # -- SALESmanago

    def make_card(self, address: Sequence[int], name: str, customer: bool, city: Value, out: bool) -> None:
        """Let somebody subscribe."""
        email = spell(address)
        if not self._has_card(email):
            state = "CUSTOMER" if customer else "PROSPECT"
            made = self._bench.contact(email, name=name, state=state, address={"city": city}, optedOut=out)
            self._note_newcomer(next(one for one in look.read_cards(self._bench) if one.id == made))

    def edit_card(self, which: int, key: str, value: Value) -> None:
        """Type something into a card."""
        for one in self._cards(which):
            self._type(one, {key: value if key != "name" else value or "Maj"})

    def change_address_of_card(self, which: int, address: Sequence[int]) -> None:
        """Type in another address, if it is free."""
        for one in self._cards(which):
            if not self._has_card(spell(address), one.id):
                self._readdress(one, spell(address))

    def choose_in_salesmanago(self, which: int, channel: int, out: bool) -> None:
        """Unsubscribe, or subscribe again."""
        for one in self._cards(which):
            self._control.patch(self._path(one), {look.CARD_OPT_OUTS[channel]: out})
            self._chooses(one, channel, out)

    def delete_card(self, which: int) -> None:
        """Delete a contact so that it can be restored."""
        for one in self._cards(which):
            self._control.patch(self._path(one), {"deleted": True})
            self._end(one)

    def purge_card(self, which: int) -> None:
        """Remove a contact for good."""
        for one in self._cards(which):
            self._control.delete(self._path(one))
            self._diary.purged.add(one.email)
            self._end(one)

    def restore_card(self, which: int) -> None:
        """Restore a deleted contact."""
        for one in picked([one for one in look.read_cards(self._bench) if one.gone], which):
            self._control.patch(self._path(one), {"deleted": False})
            self._end(one)
            if one.id not in self._diary.made:
                self._diary.restored.add(one.id)
            self._diary.made[one.id] = self._bench.clock()

    # -- both

    def swap_addresses(self, in_salesforce: bool, which: int, other: int) -> None:
        """Give two people each other's address."""
        there = self._living() if in_salesforce else [one for one in look.read_cards(self._bench) if not one.gone]
        for one in picked(there, which):
            for two in picked([two for two in there if two.id != one.id and two.email and one.email], other):
                if not in_salesforce:
                    self._readdress(one, "between@example.com")
                # As they are spelled: to SALESmanago another spelling may be a third person's address.
                self._readdress(two, _as_typed(one))
                self._readdress(one, _as_typed(two))

    def forget_person(self, which: int, for_good: bool) -> None:
        """Delete somebody on both sides, as after a request to be forgotten."""
        now = self._see()
        for record in picked([record for _, record, _ in now.pairs()], which):
            card = now.cards[next(pair[1] for pair in now.bindings if pair[0] == record.id)]
            if for_good:
                self._control.post(f"{self._path(record)}/purge")
                self._control.delete(self._path(card))
                self._diary.purged.add(card.email)
            else:
                self._control.delete(self._path(record))
                self._control.patch(self._path(card), {"deleted": True})
            self._end(record, card)

    def wait(self, seconds: float) -> None:
        """Let time pass, as when a service answers late."""
        self._bench.later(seconds)

    # -- who, and what is noted

    def _make(self, name: str, **fields: Any) -> None:
        if name not in self._bench.objects:
            return
        identifier = self._bench.record(look.SOBJECTS[name], **fields)
        [one] = [one for one in look.read_records(self._bench, name) if one.id == identifier]
        self._note_newcomer(one)

    def _note_newcomer(self, one: look.Someone) -> None:
        now = self._bench.clock()
        self._diary.made[one.id] = now
        self._diary.types(now, _side(one), one.id, dict(one.values))
        self._diary.addresses(now, one.id, one.email)
        for channel, out in enumerate(one.opted_out):
            self._diary.chooses(now, one.id, channel, out)

    def _chooses(self, one: look.Someone, channel: int, out: bool) -> None:
        """Note a choice; one that changes nothing cannot be told from an account's default."""
        if one.opted_out[channel] != out:
            self._diary.chooses(self._bench.clock(), one.id, channel, out)

    def _inherit(self, lead: look.Someone, identifier: str) -> None:
        """A conversion copies what the Lead said."""
        now = self._bench.clock()
        self._diary.types(now, "salesforce", identifier, dict(lead.values))
        self._diary.addresses(now, identifier, lead.email)

    def _type(self, one: look.Someone, values: dict[str, Value]) -> None:
        if _side(one) == "salesmanago":
            for key, value in values.items():
                self._control.patch(self._path(one), look.CARD_KEYS[key](value))
        else:
            values = {key: value for key, value in values.items() if key in one.values}
            if values:
                self._control.patch(self._path(one), {look.SALESFORCE[one.object][key]: values[key] for key in values})
        # Typing what is there already changes nothing, and wins over nothing.
        new = {key: look.plain(value) for key, value in values.items() if look.plain(value) != one.values[key]}
        self._diary.types(self._bench.clock(), _side(one), one.id, new)

    def _readdress(self, one: look.Someone, email: str) -> None:
        self._control.patch(self._path(one), {_email_field(one): email})
        now = self._bench.clock()
        self._diary.types(now, _side(one), one.id, {"email": spelled_alike(email)})
        self._diary.addresses(now, one.id, one.email, email)

    def _end(self, *people: look.Someone) -> None:
        now = self._bench.clock()
        self._diary.ends(now, [one.id for one in people])
        for one in people:
            self._diary.addresses(now, one.id, one.email)

    def _living(self, name: str | None = None) -> list[look.Someone]:
        return [one for one in look.read_records(self._bench, name) if not one.gone]

    def _records(self, which: int, name: str | None = None) -> list[look.Someone]:
        return picked(self._living(name), which)

    def _cards(self, which: int) -> list[look.Someone]:
        return picked([one for one in look.read_cards(self._bench) if not one.gone], which)

    def _has_card(self, address: str, but: str = "") -> bool:
        # Also a deleted one keeps its address; each spelling of a domain is an address of its own to the service.
        here = {one.raw["email"].lower() for one in look.read_cards(self._bench) if one.id != but}
        return address.lower() in here

    def _path(self, one: look.Someone) -> str:
        if _side(one) == "salesmanago":
            return f"/salesmanago/contacts/{one.id}"
        return f"/salesforce/{look.SOBJECTS[one.object]}/{one.id}"


def _side(one: look.Someone) -> Any:
    return "salesmanago" if one.object == "contact" else "salesforce"


def _email_field(one: look.Someone) -> str:
    return look.SALESFORCE[one.object]["email"] if _side(one) == "salesforce" else "email"


def _as_typed(one: look.Someone) -> str:
    return str(one.raw[_email_field(one)])


def picked(people: Iterable[Anything], which: int) -> list[Anything]:
    """Take one of them, or nobody where there is none."""
    there = list(people)
    return [there[which % len(there)]] if there else []
