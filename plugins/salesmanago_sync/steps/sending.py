"""Sending: changes turned into rows of a request, and the outcomes that come back."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.domain.converters.email import normalise_email, spellings
from salesmanago_sync.domain.frames import aligned, is_id, text_series
from salesmanago_sync.domain.mapping_files.card_lines import LAST_SYNC
from salesmanago_sync.domain.mapping_files.stand_ins import stand_in
from salesmanago_sync.domain.merge.merge import TO_SALESMANAGO
from salesmanago_sync.domain.org.schema import CONTACT_ID_FIELD
from salesmanago_sync.domain.plan.native import salesmanago_rows, to_salesforce
from salesmanago_sync.steps.reading import Reading, Source
from salesmanago_sync.steps.request import utc
from salesmanago_sync.steps.strays import without_strays


def send_to_salesmanago(reading: Reading, source: Source, changes: pd.DataFrame, people: pd.DataFrame) -> list[Outcome]:
    """Upsert contacts.

    Args:
        reading: What was read.
        source: The object.
        changes: Its changes to SALESmanago.
        people: The people of the changes.

    Returns:
        One outcome a person, in the order of `people`.
    """
    contacts = aligned(reading.contacts.set_index("contactId", drop=False), people["salesmanago_id"])
    rows = salesmanago_rows(source.mapping, changes, people, contacts, reading.ports.known)
    ports, since = reading.ports, reading.ports.salesmanago.heard_at
    return without_strays(ports, people["salesmanago_id"], ports.salesmanago.upsert(rows), since)


def send_to_salesforce(
    reading: Reading, source: Source, changes: pd.DataFrame, people: pd.DataFrame, account_id: str | None
) -> list[Outcome]:
    """Update records and create new ones.

    Args:
        reading: What was read.
        source: The object.
        changes: Its changes to Salesforce.
        people: The people of the changes.
        account_id: The Account of new Contacts.

    Returns:
        One outcome a person, in the order of `people`.
    """
    records = aligned(reading.records[source.mapping.object].set_index("Id", drop=False), people["salesforce_id"])
    native = to_salesforce(source.mapping, changes, records)
    rows = [{**row, **_stamp(reading, source)} for row in native.values()]
    new = people["salesforce_id"].isna().to_numpy()
    outcomes: list[Outcome | None] = [None] * len(rows)
    old = [number for number, is_new in enumerate(new) if not is_new]
    updates = [{"Id": people["salesforce_id"].iloc[number], **rows[number]} for number in old]
    for number, outcome in zip(old, _update(reading, source, updates), strict=True):
        outcomes[number] = outcome
    fresh = [number for number, is_new in enumerate(new) if is_new]
    creates = [_complete(source, rows[number], account_id) for number in fresh]
    for number, outcome in zip(fresh, _create(reading, source, creates, people.iloc[fresh]), strict=True):
        outcomes[number] = outcome
    return [outcome for outcome in outcomes if outcome is not None]


def send_removals(reading: Reading, direction: str, people: pd.DataFrame) -> list[Outcome]:
    """Delete records or contacts, as a policy of the mapping asks; both services let a person restore them.

    Args:
        reading: What was read.
        direction: Where.
        people: Whom.

    Returns:
        One outcome a person, in the order of `people`.
    """
    if direction == TO_SALESMANAGO:
        contacts = aligned(reading.contacts.set_index("contactId", drop=False), people["salesmanago_id"])
        return reading.ports.salesmanago.delete(list(contacts["email"]))
    return reading.ports.salesforce.delete(list(people["salesforce_id"]))


def _stamp(reading: Reading, source: Source) -> dict[str, Any]:
    """Say when the record was synchronised, along with something else: by itself it would be written for ever."""
    return {LAST_SYNC: utc(reading.ports.now())} if source.mapping.salesforce_card else {}


def _update(reading: Reading, source: Source, records: list[dict[str, Any]]) -> list[Outcome]:
    return reading.ports.salesforce.update(source.mapping.sobject, records) if records else []


def _complete(source: Source, row: dict[str, Any], account_id: str | None) -> dict[str, Any]:
    """Add what Salesforce requires of a new record and no field of the contact gives."""
    for field in ("LastName", "Company"):
        filler = stand_in(source.mapping, field) if source.schema.has(field) else None
        if filler is not None and row.get(field) is None:
            row[field] = filler
    if source.mapping.object == "Contact" and account_id is not None:
        row["AccountId"] = account_id
    if source.mapping.object == "PersonAccount":
        row["RecordTypeId"] = source.schema.person_record_type
    return {field: value for field, value in row.items() if value is not None}


def _create(reading: Reading, source: Source, records: list[dict[str, Any]], people: pd.DataFrame) -> list[Outcome]:
    """Create records so that a lost answer never makes a person twice."""
    if not records:
        return []
    ports, name = reading.ports, source.mapping.object
    if CONTACT_ID_FIELD in source.fields:
        keyed = [
            {**record, CONTACT_ID_FIELD: identifier}
            for record, identifier in zip(records, people["salesmanago_id"], strict=True)
        ]
        return ports.salesforce.upsert(source.mapping.sobject, CONTACT_ID_FIELD, keyed)
    found = _begun_before(reading, source, people)
    ports.ledger.intents.note(ports.run.id, name, people["salesmanago_id"], ports.now())
    todo = [number for number in range(len(records)) if number not in found]
    created = ports.salesforce.create(source.mapping.sobject, [records[number] for number in todo]) if todo else []
    outcomes = {**found, **dict(zip(todo, created, strict=True))}
    ordered = [outcomes[number] for number in range(len(records))]
    known = [outcome.reason != "NO_ANSWER" for outcome in ordered]
    answered = pd.DataFrame(
        {
            "salesmanago_id": people["salesmanago_id"].to_numpy(),
            "salesforce_id": text_series(outcome.id for outcome in ordered),
        }
    )
    ports.ledger.intents.settle(name, answered[known], ports.now())
    return ordered


def _begun_before(reading: Reading, source: Source, people: pd.DataFrame) -> dict[int, Outcome]:
    """Find the records of creates that were begun and never answered: they may be there already."""
    pending = reading.ports.ledger.intents.read_pending([source.mapping.object])
    doubtful = people["salesmanago_id"].isin(pending["salesmanago_id"]).to_numpy()
    emails = normalise_email(people["email"])
    if not doubtful.any():
        return {}
    rows = reading.ports.salesforce.find(
        source.mapping.sobject,
        source.email_field,
        spellings(emails[doubtful].dropna()),
        ["Id", source.email_field],
        source.kind,
    )
    addresses = normalise_email(text_series(row.get(source.email_field) for row in rows))
    ids = {
        address: str(row["Id"])
        for row, address in zip(rows[::-1], addresses[::-1], strict=True)
        if is_id(row.get("Id")) and pd.notna(address)
    }
    # One that does not tell its id or address may be anybody's: nobody in doubt is created beside it.
    unclear = Outcome(ok=False, reason="NO_ANSWER", text="Salesforce gave a record of the address in no readable form.")
    found = {
        number: Outcome(ok=True, id=ids[address]) if address in ids else unclear
        for number, (address, doubt) in enumerate(zip(emails, doubtful, strict=True))
        if doubt
    }
    odd = len(rows) > sum(is_id(row.get("Id")) and pd.notna(email) for row, email in zip(rows, addresses, strict=True))
    return {number: outcome for number, outcome in found.items() if outcome.ok or odd}
