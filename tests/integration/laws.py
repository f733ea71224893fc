"""Laws of the sync, asked of both services and the ledger before and after a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salesmanago_sync.domain.reasons import EVIDENCE
from tests.integration.direct import Direct

Value = str | None
Pair = tuple[str, str]

# What is mapped, by field key: the name in Salesforce, for each object.
SALESFORCE: dict[str, dict[str, str]] = {
    "Lead": {"name": "LastName", "email": "Email", "city": "City", "note": "Description", "company": "Company"},
    "Contact": {"name": "LastName", "email": "Email", "city": "MailingCity", "note": "Description"},
    "PersonAccount": {"name": "LastName", "email": "PersonEmail", "city": "PersonMailingCity", "note": "Description"},
}
OPT_OUTS: dict[str, tuple[str, str]] = {
    "Lead": ("HasOptedOutOfEmail", "DoNotCall"),
    "Contact": ("HasOptedOutOfEmail", "DoNotCall"),
    "PersonAccount": ("PersonHasOptedOutOfEmail", "PersonDoNotCall"),
}
CARD_OPT_OUTS = ("optedOut", "optedOutPhone")
PROPAGATES = {"company"}
# Statuses of bindings that have ended.
ENDED = ("deleted", "merged")
FILLER = "[not provided]"


@dataclass(frozen=True, slots=True)
class Someone:
    """A Salesforce record, or a SALESmanago contact, with what is mapped of it.

    Attributes:
        gone: Whether it is deleted or converted.
        opted_out: From e-mail and from the phone.
        raw: All of it.
    """

    id: str
    object: str
    values: Mapping[str, Value]
    opted_out: tuple[bool, bool]
    gone: bool
    raw: Mapping[str, Any]

    @property
    def email(self) -> Value:
        """The address, as both sides compare it."""
        return self.values["email"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding of the ledger."""

    pair: Pair
    object: str
    status: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Both services and the ledger at one time, by id."""

    records: Mapping[str, Someone]
    cards: Mapping[str, Someone]
    bindings: Mapping[Pair, Bound]
    disputed: frozenset[str]

    @property
    def living(self) -> dict[str, Someone]:
        """The records that a run may write."""
        return {key: one for key, one in self.records.items() if not one.gone}

    def addresses(self) -> set[str]:
        """Every address that a living record has."""
        return {one.email for one in self.living.values() if one.email is not None}

    def pairs(self, status: str | None = None) -> Iterator[tuple[Bound, Someone, Someone]]:
        """Bound people of whom both sides are there."""
        for bound in self.bindings.values():
            record, card = self.records.get(bound.pair[0]), self.cards.get(bound.pair[1])
            there = record is not None and card is not None and not record.gone and not card.gone
            if there and status in (None, bound.status):
                assert record is not None
                assert card is not None
                yield bound, record, card


def look(direct: Direct) -> Moment:
    """Look at everything there is."""
    records = {}
    for name, sobject in (("Lead", "Lead"), ("Contact", "Contact"), ("PersonAccount", "Account")):
        for row in direct.records(sobject, deleted=True).values():
            if (name == "PersonAccount") is bool(row.get("IsPersonAccount")):
                records[row["Id"]] = _record(name, row)
    cards = {key: _card(card) for key, card in direct.cards().items()}
    bindings = direct.ledger.bindings().to_dict("records")
    bound = [Bound((row["salesforce_id"], row["salesmanago_id"]), row["object"], row["status"]) for row in bindings]
    issues = direct.ledger.open_issues()
    # What is done already, and told until there is evidence, excuses nothing after the run that met it.
    issues = issues[~issues["reason"].isin(EVIDENCE) | issues["last_run"].eq(direct.ledger.runs()["id"].max())]
    disputed = frozenset({*issues["salesforce_id"], *issues["salesmanago_id"]} - {""})
    return Moment(records, cards, {one.pair: one for one in bound}, disputed)


def _record(name: str, row: Mapping[str, Any]) -> Someone:
    values = {key: _plain(row[field]) for key, field in SALESFORCE[name].items()}
    flags = tuple(bool(row[field]) for field in OPT_OUTS[name])
    gone = bool(row["IsDeleted"]) or bool(row.get("IsConverted"))
    return Someone(row["Id"], name, _lower(values), (flags[0], flags[1]), gone, row)


def _card(card: Mapping[str, Any]) -> Someone:
    details = {one["name"]: one["value"] for one in card["properties"] or []}
    address = card["address"] or {}
    values = {"name": card["name"], "email": card["email"], "city": address.get("city"), "company": card["company"]}
    values = {key: _plain(value) for key, value in (values | {"note": details.get("note")}).items()}
    flags = (bool(card["optedOut"]), bool(card["optedOutPhone"]))
    return Someone(card["id"], "contact", _lower(values), flags, bool(card["deleted"]), card)


def _plain(value: Any) -> Value:
    return None if value in (None, "", FILLER) else str(value)


def _lower(values: dict[str, Value]) -> dict[str, Value]:
    email = values["email"]
    return values | {"email": None if email is None else email.lower()}


# -- the laws


def nobody_opted_out_is_mailable(now: Moment) -> None:
    """Whoever opted out on one side is opted out on the other, and so is everybody who has the address."""
    for bound, record, card in now.pairs():
        assert record.opted_out == card.opted_out, ("opted out on one side only", bound, record.opted_out)
    choices: dict[Value, set[tuple[bool, bool]]] = {}
    for one in (*now.living.values(), *(card for card in now.cards.values() if not card.gone)):
        if one.email is not None:
            choices.setdefault(one.email, set()).add(one.opted_out)
    apart = [address for address, chosen in choices.items() if len(chosen) > 1]
    assert not apart, ("opted out on some records of an address only", apart)


def nobody_is_opted_in(before: Moment, after: Moment) -> None:
    """A run opts nobody in."""
    for side in ("records", "cards"):
        was, is_ = getattr(before, side), getattr(after, side)
        for key in was.keys() & is_.keys():
            lost = [old and not new for old, new in zip(was[key].opted_out, is_[key].opted_out, strict=True)]
            assert not any(lost), ("a run opted somebody in", side, key)


def nobody_is_there_twice(before: Moment, after: Moment) -> None:
    """A run makes no record for an address that a living record has, and no card for a record that had one."""
    made = [after.records[key] for key in after.records.keys() - before.records.keys()]
    addresses = [one.email for one in made if not one.gone]
    assert len(set(addresses)) == len(addresses), ("two records were made for one address", addresses)
    again = set(addresses) & before.addresses()
    assert not again, ("a record was made for an address that is there", again)
    had = {record for record, _ in before.bindings}
    for key in after.cards.keys() - before.cards.keys():
        owners = [bound.pair[0] for bound in after.bindings.values() if bound.pair[1] == key]
        assert not set(owners) & had, ("a record got a second contact", owners, key)


def no_tombstone_is_revived(before: Moment, after: Moment, agreed: Mapping[Pair, Mapping[str, Value]]) -> None:
    """A run makes nobody with the address of somebody who was deleted or merged away, and restores nobody."""
    made = [after.records[key].email for key in after.records.keys() - before.records.keys()]
    made += [after.cards[key].email for key in after.cards.keys() - before.cards.keys()]
    buried = {_buried_address(before, bound, agreed) for bound in before.bindings.values() if bound.status in ENDED}
    back = set(made) & (buried - {None})
    assert not back, ("somebody who was deleted came back", back)
    for side in ("records", "cards"):
        was, is_ = getattr(before, side), getattr(after, side)
        restored = [key for key in was.keys() & is_.keys() if was[key].gone and not is_[key].gone]
        assert not restored, ("a run restored somebody", side, restored)


def _buried_address(now: Moment, bound: Bound, agreed: Mapping[Pair, Mapping[str, Value]]) -> Value:
    """The address that both sides agreed on, unless one of them had another when it was deleted."""
    address = agreed.get(bound.pair, {}).get("email")
    sides = now.records.get(bound.pair[0]), now.cards.get(bound.pair[1])
    return address if all(one is None or one.email == address for one in sides) else None


def strangers_are_left_alone(before: Moment, after: Moment) -> None:
    """A run writes nothing but opt-outs to a record or contact of whom the ledger knows nothing afterwards."""
    known = {key for pair in after.bindings for key in pair} | {key for pair in before.bindings for key in pair}
    for side in ("records", "cards"):
        was, is_ = getattr(before, side), getattr(after, side)
        for key in (was.keys() & is_.keys()) - known:
            assert _without_consent(was[key]) == _without_consent(is_[key]), ("a stranger was written", side, key)


def _without_consent(one: Someone) -> dict[str, Any]:
    flags = {*CARD_OPT_OUTS, *(name for names in OPT_OUTS.values() for name in names)}
    clocks = {"modifiedOn", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}
    return {name: value for name, value in one.raw.items() if name not in flags | clocks}


def no_value_is_lost_or_made_up(before: Moment, after: Moment, agreed: Mapping[Pair, Mapping[str, Value]]) -> None:
    """What a field of a bound person holds afterwards is what a rule allows, and nothing else."""
    for bound, record, card in after.pairs():
        old = before.records.get(bound.pair[0]), before.cards.get(bound.pair[1])
        for key in record.values:
            a, m = (None if one is None else one.values[key] for one in old)
            may = _allowed(key, agreed.get(bound.pair, {}), a, m)
            if bound.status != "active":
                assert record.values[key] == a or old[0] is None, ("paused, and written", bound, key)
                assert card.values[key] == m or old[1] is None, ("paused, and written", bound, key)
            else:
                found = {record.values[key], card.values[key]}
                assert found <= may | ({a, m} if _disputed(after, bound) else set()), (bound, key, a, m, may, found)


def _allowed(key: str, agreed: Mapping[str, Value], a: Value, m: Value) -> set[Value]:
    if a == m:
        return {a}
    if key not in agreed:
        return {a, m} - {None}
    was = agreed[key]
    news = {value for value in (a, m) if value != was and (value is not None or key in PROPAGATES)}
    return news or {was}


def both_sides_agree(now: Moment) -> None:
    """Nothing is left to do for whoever has no issue."""
    for bound, record, card in now.pairs("active"):
        if not _disputed(now, bound):
            mine = {key: card.values[key] for key in record.values}
            assert dict(record.values) == mine, ("both sides differ", bound, dict(record.values), mine)


def _disputed(now: Moment, bound: Bound) -> bool:
    return bool(now.disputed & set(bound.pair))
