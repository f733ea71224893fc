"""Both services and the ledger at one time, in the words of the laws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from salesmanago_sync.domain.reasons import EVIDENCE
from tests.histories.diary import Value, spelled_alike

Pair = tuple[str, str]

# What is mapped, by field key: the name in Salesforce, for each object.
SALESFORCE: dict[str, dict[str, str]] = {
    "Lead": {"name": "LastName", "email": "Email", "city": "City", "note": "Description", "company": "Company"},
    "Contact": {"name": "LastName", "email": "Email", "city": "MailingCity", "note": "Description"},
    "PersonAccount": {"name": "LastName", "email": "PersonEmail", "city": "PersonMailingCity", "note": "Description"},
}
SOBJECTS = {"Lead": "Lead", "Contact": "Contact", "PersonAccount": "Account"}
OPT_OUTS: dict[str, tuple[str, str]] = {
    "Lead": ("HasOptedOutOfEmail", "DoNotCall"),
    "Contact": ("HasOptedOutOfEmail", "DoNotCall"),
    "PersonAccount": ("PersonHasOptedOutOfEmail", "PersonDoNotCall"),
}
CARD_OPT_OUTS = ("optedOut", "optedOutPhone")
CARD_KEYS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "name": lambda value: {"name": value},
    "email": lambda value: {"email": value},
    "city": lambda value: {"address": {"city": value}},
    "note": lambda value: {"properties": {"note": value}},
    "company": lambda value: {"company": value},
}
# The same keys, by what the ledger calls a field.
KEYS = {"name": "name", "email": "email", "address.city": "city", "properties.note": "note", "company": "company"}
FILLER = "[not provided]"


@dataclass(frozen=True, slots=True)
class Someone:
    """A Salesforce record, or a SALESmanago contact, with what is mapped of it.

    Attributes:
        object: Lead, Contact, PersonAccount; `contact` for a SALESmanago contact.
        values: By field key; the address as both sides compare it.
        opted_out: From e-mail and from the phone.
        gone: Whether it is deleted or converted.
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
    """Both services and the ledger at one time, by id; oldest first.

    Attributes:
        disputed: Ids of records and contacts that have an open issue.
    """

    records: Mapping[str, Someone]
    cards: Mapping[str, Someone]
    bindings: Mapping[Pair, Bound]
    disputed: frozenset[str]

    @property
    def everybody(self) -> dict[str, Someone]:
        """Both sides together."""
        return {**self.records, **self.cards}

    @property
    def living(self) -> dict[str, Someone]:
        """The records that a run may write."""
        return {key: one for key, one in self.records.items() if not one.gone}

    def pairs(self, status: str | None = None) -> Iterator[tuple[Bound, Someone, Someone]]:
        """Bound people of whom both sides are there."""
        for bound in self.bindings.values():
            record, card = self.records.get(bound.pair[0]), self.cards.get(bound.pair[1])
            if record is None or card is None or record.gone or card.gone:
                continue
            if status in (None, bound.status):
                yield bound, record, card


class Services(Protocol):
    """Both services.

    Attributes:
        objects: The mapped objects; of others the sync knows nothing.
    """

    objects: Sequence[str]

    def records(self, sobject: str, *, deleted: bool = False) -> dict[str, dict[str, Any]]:
        """Read all records of an object, by id."""

    def cards(self) -> dict[str, dict[str, Any]]:
        """Read all contacts, by id."""


def moment(services: Services, bindings: Iterable[Mapping[str, Any]], disputed: frozenset[str]) -> Moment:
    """Look at everything there is, and what the ledger says of it."""
    bound = [Bound((row["salesforce_id"], row["salesmanago_id"]), row["object"], row["status"]) for row in bindings]
    records = {one.id: one for one in read_records(services)}
    cards = {one.id: one for one in read_cards(services)}
    return Moment(records, cards, {one.pair: one for one in bound}, disputed)


def disputed_in(issues: pd.DataFrame, last_run: int) -> frozenset[str]:
    """Ids of records and contacts that have an issue."""
    # What is done already, and told until there is evidence, excuses nothing after the run that met it.
    issues = issues[~issues["reason"].isin(EVIDENCE) | issues["last_run"].eq(last_run)]
    return frozenset({*issues["salesforce_id"], *issues["salesmanago_id"]} - {""})


def read_records(services: Services, name: str | None = None) -> list[Someone]:
    """Read all records of an object, or of all that are mapped; deleted ones too, oldest first."""
    found = []
    for kind, sobject in SOBJECTS.items():
        if kind in services.objects and name in (None, kind):
            rows = services.records(sobject, deleted=True).values()
            mine = [row for row in rows if (kind == "PersonAccount") is bool(row.get("IsPersonAccount"))]
            found += [_record(kind, row) for row in sorted(mine, key=lambda row: str(row["Id"]))]
    return found


def read_cards(services: Services) -> list[Someone]:
    """Read all contacts, deleted ones too, oldest first."""
    return [_card(card) for card in services.cards().values()]


def _record(name: str, row: Mapping[str, Any]) -> Someone:
    values = {key: plain(row[field]) for key, field in SALESFORCE[name].items()}
    flags = tuple(bool(row[field]) for field in OPT_OUTS[name])
    gone = bool(row["IsDeleted"]) or bool(row.get("IsConverted"))
    return Someone(row["Id"], name, _alike(values), (flags[0], flags[1]), gone, row)


def _card(card: Mapping[str, Any]) -> Someone:
    details = {one["name"]: one["value"] for one in card["properties"] or []}
    address = card["address"] or {}
    values = {"name": card["name"], "email": card["email"], "city": address.get("city"), "company": card["company"]}
    values = {key: plain(value) for key, value in (values | {"note": details.get("note")}).items()}
    flags = (bool(card["optedOut"]), bool(card["optedOutPhone"]))
    return Someone(card["id"], "contact", _alike(values), flags, bool(card["deleted"]), card)


def plain(value: Any) -> Value:
    """What a field holds: nothing and what we filled in are the same."""
    return None if value in (None, "", FILLER, FILLER.upper()) else str(value)


def _alike(values: dict[str, Value]) -> dict[str, Value]:
    return values | {"email": spelled_alike(values["email"])}
