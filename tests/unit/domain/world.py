"""Both services, small and in memory: what the laws of the sync are tried on.

The writing is the sync's own (`steps.writing`) and so is the ledger: only what is beyond the wire is imitated here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.clients.http import Gate
from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.domain.frames import salesforce_frame, salesmanago_frame
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.org.describe import FieldSchema, Schema
from salesmanago_sync.domain.people.identities import ObjectInput
from salesmanago_sync.domain.people.matching import PAIR
from salesmanago_sync.domain.people.sightings import newest, sightings
from salesmanago_sync.domain.plan.plan import Plan, PlanInput, plan
from salesmanago_sync.domain.probe.answers import AccountWays
from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ledger.tables import identity, metadata
from salesmanago_sync.steps.binding import remember
from salesmanago_sync.steps.reading import Reading, Source, details
from salesmanago_sync.steps.writing import Writer

BEGIN = datetime(2026, 1, 31, 10, tzinfo=UTC)
# Longer than an automation takes to react, so that an edit is a person's.
STEP = timedelta(minutes=10)
Keep = Callable[[str, Any], Any]


def as_given(field: str, value: Any) -> Any:
    """A service that stores what it is sent."""
    return value


class Clock:
    """One clock for all, which only the world moves."""

    def __init__(self) -> None:
        self.time = BEGIN

    def __call__(self) -> datetime:
        return self.time

    def step(self, by: timedelta = STEP) -> None:
        self.time += by


class NobodyMoves:
    """Nothing happens between the plan and the writing."""

    def renew(self, changes: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return changes, people

    def unmoved(self, changes: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        return changes

    def check(self) -> None:
        """Everything may leave."""


class Salesforce:
    """An org: rows as REST sends them."""

    def __init__(self, clock: Clock, keep: Keep = as_given) -> None:
        self.gate = Gate()
        self.server_time, self._keep = clock, keep
        self.rows: dict[str, dict[str, Any]] = {}
        self.writes = 0

    @property
    def heard_at(self) -> datetime:
        return self.server_time()

    def insert(self, sobject: str = "Lead", **fields: Any) -> str:
        prefix = {"Lead": "00Q", "Contact": "003", "Account": "001"}[sobject]
        identifier = f"{prefix}{len(self.rows) + 1:015d}"
        row = {"Id": identifier, "IsDeleted": False, "IsConverted": False, "HasOptedOutOfEmail": False}
        self.rows[identifier] = {**row, "type": sobject}
        self.edit(identifier, **fields)
        return identifier

    def edit(self, identifier: str, **fields: Any) -> None:
        stamp = self.server_time().isoformat()
        kept = {name: self._keep(name, value) for name, value in fields.items()}
        self.rows[identifier] |= kept | {"LastModifiedDate": stamp, "SystemModstamp": stamp}

    def update(self, sobject: str, records: Sequence[dict[str, Any]]) -> list[Outcome]:
        json.dumps(records, allow_nan=False)
        for record in records:
            self.writes += 1
            self.edit(record["Id"], **{name: value for name, value in record.items() if name != "Id"})
        return [Outcome(ok=True, id=record["Id"]) for record in records]

    def create(self, sobject: str, records: Sequence[dict[str, Any]]) -> list[Outcome]:
        json.dumps(records, allow_nan=False)
        self.writes += len(records)
        return [Outcome(ok=True, id=self.insert(sobject, **record), created=True) for record in records]

    def of(self, sobject: str) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row["type"] == sobject]


class Salesmanago:
    """An account: contact cards, each known by its address."""

    def __init__(self, clock: Clock, keep: Keep = as_given, clears: bool = True) -> None:
        self.gate = Gate()
        self.server_time, self._keep, self._clears = clock, keep, clears
        self._cards: dict[str, dict[str, Any]] = {}
        self.writes = 0

    @property
    def heard_at(self) -> datetime:
        return self.server_time()

    def insert(self, email: str | None, **values: Any) -> str:
        identifier = f"m{len(self._cards) + 1:04d}"
        empty = {"contactTags": [], "properties": [], "address": {}, "deleted": False, "optedOut": False}
        self._cards[identifier] = {"contactId": identifier, "email": email, **empty}
        self.edit(identifier, **values)
        return identifier

    def edit(self, identifier: str, **values: Any) -> None:
        card = self._cards[identifier]
        for key, value in values.items():
            if value in (None, "") and not self._clears:
                continue
            self._place(card, key, self._keep(key, value))
        card["modifiedOn"] = int(self.server_time().timestamp() * 1000)

    def _place(self, card: dict[str, Any], key: str, value: Any) -> None:
        if key.startswith("properties."):
            name = key.removeprefix("properties.")
            others = [detail for detail in card["properties"] if detail["name"] != name]
            card["properties"] = [*others, {"name": name, "value": value}]
        elif key.startswith("address."):
            card["address"] = card["address"] | {key.removeprefix("address."): value}
        elif key == "tags":
            card["contactTags"] = [{"tag": tag.upper()} for tag in sorted(value)]
        else:
            card[key] = value

    def upsert(self, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
        json.dumps(rows, allow_nan=False)
        return [self._upsert(row) for row in rows]

    def _upsert(self, row: dict[str, Any]) -> Outcome:
        self.writes += 1
        values = dict(row["contact"])
        identifier = self.find(values.pop("email"))
        if "newEmail" in row and self.find(row["newEmail"]) not in (None, identifier):
            return Outcome(ok=False, reason="EMAIL_TAKEN")
        if identifier is None:
            identifier = self.insert(row["contact"]["email"].lower())
        values |= {f"address.{part}": value for part, value in values.pop("address", {}).items()}
        values |= {f"properties.{name}": value for name, value in row.get("properties", {}).items()}
        values |= {"email": row["newEmail"]} if "newEmail" in row else {}
        values |= {"birthday": row["birthday"]} if "birthday" in row else {}
        values |= {"optedOut": True} if row.get("forceOptOut") else {}
        values |= {"optedOut": False} if row.get("forceOptIn") else {}
        values |= {"optedOutPhone": True} if row.get("forcePhoneOptOut") else {}
        values["tags"] = (self.tags(identifier) | set(row.get("tags", ()))) - set(row.get("removeTags", ()))
        self.edit(identifier, **values)
        return Outcome(ok=True, id=identifier)

    def tags(self, identifier: str) -> set[str]:
        return {tag["tag"] for tag in self._cards[identifier]["contactTags"]}

    def find(self, email: str) -> str | None:
        return next((card["contactId"] for card in self.all() if (card["email"] or "").lower() == email.lower()), None)

    def all(self) -> list[dict[str, Any]]:
        return list(self._cards.values())

    def card(self, identifier: str) -> dict[str, Any]:
        return self._cards[identifier]

    def cards(self, ids: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
        yield [self._cards[identifier] for identifier in ids if identifier in self._cards]


def empty_ledger() -> Ledger:
    """Make the real ledger in memory."""
    database = Database(sa.make_url("sqlite://"))
    metadata.create_all(database.engine)
    with database.engine.begin() as connection:
        # Migrations give each ledger a name and a key of its own.
        connection.execute(sa.insert(identity).values(id="memory", made_at=BEGIN, address_key="of a test"))
    return Ledger(database)


def schema(name: str = "Lead", **fields: FieldSchema) -> Schema:
    """Describe an object with the fields that every test knows."""
    kinds = {"Id": "id", "IsDeleted": "boolean", "IsConverted": "boolean", "HasOptedOutOfEmail": "boolean"}
    kinds |= dict.fromkeys(("SystemModstamp", "LastModifiedDate"), "datetime")
    kinds |= dict.fromkeys(("FirstName", "LastName", "Company", "City", "Title", "Description"), "string")
    kinds |= {"Email": "email", "Interests__c": "multipicklist"}
    known = {field: FieldSchema(field, kind, 80) for field, kind in kinds.items()}
    return Schema(name, known | fields)


class World:
    """Two services, the sync between them, and people who edit."""

    def __init__(
        self,
        *mappings: Mapping,
        schemas: dict[str, Schema] | None = None,
        salesforce_keeps: Keep = as_given,
        salesmanago_keeps: Keep = as_given,
        salesmanago_clears: bool = True,
    ) -> None:
        self.clock, self.ledger = Clock(), empty_ledger()
        self.salesforce = Salesforce(self.clock, salesforce_keeps)
        self.salesmanago = Salesmanago(self.clock, salesmanago_keeps, salesmanago_clears)
        self.sources = {
            mapping.object: Source(mapping, (schemas or {}).get(mapping.object, schema(mapping.sobject)))
            for mapping in mappings
        }
        self.ports: Any = SimpleNamespace(
            run=SimpleNamespace(id=1),
            known=AccountWays(),
            ledger=self.ledger,
            now=self.clock,
            salesforce=self.salesforce,
            salesmanago=self.salesmanago,
        )

    def reading(self) -> Reading:
        """Read everything there is on both sides."""
        records = {name: self.records(name) for name in self.sources}
        return Reading(self.ports, self.sources, records, self.contacts())

    def records(self, name: str) -> pd.DataFrame:
        source = self.sources[name]
        # The REST API gives every selected field, blank ones as null.
        rows = [dict.fromkeys(source.fields) | row for row in self.salesforce.of(source.mapping.sobject)]
        return salesforce_frame(rows, source.fields).assign(in_scope=True)

    def contacts(self) -> pd.DataFrame:
        names = details(source.mapping for source in self.sources.values())
        return salesmanago_frame(self.salesmanago.all(), names).assign(in_scope=True)

    def plan(self, direction: Any = "both", objects: Sequence[str] | None = None) -> Plan:
        items = [
            ObjectInput(source.mapping, source.schema, self.records(name)) for name, source in self.sources.items()
        ]
        scope, bindings = frozenset(objects or self.sources), self.ledger.bindings.read()
        return plan(PlanInput(items, scope, self.contacts(), bindings, direction, self.clock(), seen=self.seen()))

    def seen(self) -> pd.DataFrame:
        """Everybody there is was read, and everybody who is bound was asked for."""
        bindings, now = self.ledger.bindings.read(), self.clock()
        records = [identifier for name in self.sources for identifier in self.records(name)["Id"]]
        contacts = list(self.contacts()["contactId"])
        parts = [
            sightings("salesforce", [*records, *bindings["salesforce_id"]], now, self.salesforce.rows, by_id=True),
            sightings("salesmanago", [*contacts, *bindings["salesmanago_id"]], now, contacts, by_id=True),
        ]
        return newest(parts)

    def apply(self, planned: Plan) -> None:
        """Remember and write what was planned, opt-outs first, and let the clock go on."""
        remember(self.ports, planned.moves, planned.agreement)
        self.ledger.issues.report(1, planned.issues, self.clock())
        writer = Writer(self.ports, self.reading(), None, NobodyMoves())
        for _, changes in planned.changes.groupby(["lane", "direction", "object"], sort=True):
            first = changes.iloc[0]
            writer.write(first["object"], first["direction"], changes, planned.people)
        self.clock.step()

    def apply_nothing(self, planned: Plan) -> None:
        """Remember what was planned, and die before anything is written."""
        remember(self.ports, planned.moves, planned.agreement)
        self.clock.step()

    def sync(self, direction: Any = "both") -> Plan:
        """Run once: plan, write, and look at newcomers once more."""
        first = self.plan(direction)
        self.apply(first)
        if first.changes["action"].eq("create").any():
            again = self.plan(direction)
            pairs = again.people.index[again.people["status"].eq(PAIR)]
            self.apply(replace(again, changes=again.changes[again.changes["person"].isin(pairs)]))
        return first


def lead(**more: Any) -> Mapping:
    """A mapping of Leads with a field of every kind."""
    fields = [
        {"salesforce": ["FirstName", "LastName"], "salesmanago": "name", "convert": "full_name"},
        {"salesforce": "Email", "salesmanago": "email"},
        {"salesforce": "City", "salesmanago": "address.city"},
        {"salesforce": "Company", "salesmanago": "company", "blank": "propagate"},
        {"salesforce": "Description", "salesmanago": "properties.note", "conflict": "salesmanago"},
        {"salesforce": "Interests__c", "salesmanago": "tags", "convert": "tags", "values": ["NEWS", "SALE"]},
        {"salesforce": "HasOptedOutOfEmail", "salesmanago": "optedOut", "convert": "consent"},
    ]
    settings: dict[str, Any] = {
        "object": "Lead",
        "create": {"in_salesforce": True},
        "company_when_empty": {"action": "fill"},
        "last_name_when_empty": {"action": "fill"},
        "fields": fields,
        "details": [{"salesforce": "Title", "salesmanago": "job_title"}],
    }
    return Mapping.model_validate(settings | more)
