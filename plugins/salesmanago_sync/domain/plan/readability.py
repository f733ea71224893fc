"""Readability: people of whom a service gave something that cannot be read.

A single field is left out of the merge and becomes an issue (`field_issues`). Where it decides who the person is, or
whether the person takes part, nothing but consent is written until it can be read (`hold`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from salesmanago_sync.domain.converters.boolean import WORDS
from salesmanago_sync.domain.criteria.language import Criterion, fields_of
from salesmanago_sync.domain.frames import (
    NO_ID,
    SALESFORCE_FLAGS,
    TEXT,
    UNREADABLE_COLUMN,
    has_unreadable,
    unreadable,
)
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.merge.canonical import Column
from salesmanago_sync.domain.merge.pairs import SALESFORCE_CLOCK, SALESMANAGO_CLOCK, UNREADABLE_VALUE, Pairs
from salesmanago_sync.domain.people.identities import ObjectInput
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, ISSUE, PAIR, Identities
from salesmanago_sync.domain.plan.changes import EXTERNAL_ID
from salesmanago_sync.domain.plan.findings import issues, stack
from salesmanago_sync.domain.staged_frames import FOUND_ISSUES, RECORDS

NAMES = {"salesforce": "Salesforce", "salesmanago": "SALESmanago"}
# What people are, or were skipped for, that may be otherwise once the value can be read.
CREATES = (CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO)
IN_DOUBT = ("PAUSED", "DELETED", "MERGED", "OUT_OF_CRITERIA", "CREATE_OFF", "NO_EMAIL")


def hold(people: pd.DataFrame, objects: Sequence[ObjectInput], contacts: pd.DataFrame) -> pd.DataFrame:
    """Hold back people of whom something cannot be read that decides about the whole person.

    Args:
        people: The people frame.
        objects: Every enabled object.
        contacts: The SALESmanago frame.

    Returns:
        The people frame; whoever is held has the status issue and the reason UNREADABLE_VALUE.
    """
    text = pd.Series(None, index=people.index, dtype=TEXT)
    for side, frame, key, columns, mine in _decisive(people, objects, contacts):
        if named := _named(frame, key, columns):
            text = text.fillna(people[f"{side}_id"].map(named).where(mine).astype(TEXT))
    if text.isna().all():
        return people
    in_doubt = people["status"].isin([PAIR, *CREATES]) | people["reason"].isin(IN_DOUBT)
    # Somebody else may have the address of whoever cannot tell an id, but is no duplicate of that one.
    unnamed = nameless(people["salesforce_id"]) | nameless(people["salesmanago_id"])
    held = text.notna() & (in_doubt | (unnamed & people["status"].eq(ISSUE)))
    return people.assign(
        status=people["status"].mask(held, ISSUE),
        reason=people["reason"].mask(held, UNREADABLE_VALUE),
        text=people["text"].mask(held, text),
    )


def nameless(ids: pd.Series) -> pd.Series:
    """Where an id is of the frames' own making, because that of the record could not be read."""
    return ids.str.startswith(NO_ID).fillna(False).astype(bool)


def nameable(found: Identities) -> Identities:
    """Leave out whoever cannot tell an id: no binding goes there."""
    s, m = found.salesforce, found.salesmanago
    return replace(found, salesforce=s[~nameless(s["salesforce_id"])], salesmanago=m[~nameless(m["salesmanago_id"])])


Decisive = tuple[str, pd.DataFrame, str, set[str], pd.Series]


def _decisive(people: pd.DataFrame, objects: Sequence[ObjectInput], contacts: pd.DataFrame) -> Iterator[Decisive]:
    """For both sides and each object, the columns that decide about its people, and about which of them."""
    bound = people["matched_by"].eq("binding").fillna(False).astype(bool)
    for item in objects:
        mapping, records = item.mapping, item.records
        mine = people["object"].eq(mapping.object).fillna(False).astype(bool)
        always = {"Id", "MasterRecordId", *SALESFORCE_FLAGS, *_fields(mapping.criteria.salesforce)}
        yield "salesforce", records, "Id", always, mine
        # Somebody who is bound is known without an address, and nobody else without consent.
        yield "salesforce", records, "Id", {mapping.email_line.salesforce[0], *_consents(mapping)}, mine & ~bound
        yield "salesforce", _odd_flags(records, _consents(mapping)), "Id", _consents(mapping), mine & ~bound
        yield "salesmanago", contacts, "contactId", _of_contacts(mapping), mine | people["object"].isna()
        newcomers = {"optedOut", "optedOutPhone", *_wanted(mapping)}
        yield "salesmanago", contacts, "contactId", newcomers, (mine | people["object"].isna()) & ~bound


def _of_contacts(mapping: Mapping) -> set[str]:
    return {"contactId", "email", "deleted", *_fields(mapping.criteria.salesmanago)}


def _fields(criterion: Criterion | None) -> set[str]:
    return set() if criterion is None else fields_of(criterion)


def _consents(mapping: Mapping) -> set[str]:
    return {line.salesforce[0] for line in mapping.lines if line.convert == "consent"}


def _odd_flags(records: pd.DataFrame, flags: set[str]) -> pd.DataFrame:
    """Records with a flag that is neither true nor false, laid out as what could not be read."""
    parts = []
    for flag in sorted(flags & set(records)):
        odd = records.loc[records[flag].notna() & ~records[flag].str.lower().isin(WORDS), ["Id"]]
        parts.append(odd.assign(**{UNREADABLE_COLUMN: json.dumps([flag])}))
    return stack(parts, RECORDS)[["Id", UNREADABLE_COLUMN]]


def _wanted(mapping: Mapping) -> set[str]:
    create = mapping.create.in_salesforce
    return set() if isinstance(create, bool) else fields_of(create)


def _named(frame: pd.DataFrame, key: str, columns: set[str]) -> dict[str, str]:
    """For each record with unreadable values in some columns, which."""
    if not has_unreadable(frame).any():
        return {}
    told = frame[[key, UNREADABLE_COLUMN]].dropna()
    side = "SALESmanago" if key == "contactId" else "Salesforce"
    found = {
        identifier: sorted(set(json.loads(names)) & columns)
        for identifier, names in zip(told[key], told[UNREADABLE_COLUMN], strict=True)
    }
    return {identifier: f"{side}: {', '.join(names)}" for identifier, names in found.items() if names}


def field_issues(pairs: Pairs) -> pd.DataFrame:
    """Report the fields that take no part because a side gave them in no readable form, or as no value of the mapping.

    Args:
        pairs: The people of one object.

    Returns:
        `staged_frames.FOUND_ISSUES`, one row a person and field.
    """
    part = pairs.people["status"].isin([PAIR, *CREATES])
    found = [_told(pairs, key, side, odd & part) for key, side, odd in _odd(pairs)]
    found += [_unlisted(pairs, column, side, part) for column in pairs.columns() for side in NAMES]
    return stack(found, FOUND_ISSUES)


def _unlisted(pairs: Pairs, column: Column, side: str, part: pd.Series) -> pd.DataFrame:
    odd = pairs.unlisted(column, side) & part
    if not odd.any():
        return FOUND_ISSUES.empty()
    text = f"{NAMES[side]} holds a value that is none of the line's values; it is neither carried nor overwritten"
    return issues(pairs.people[odd], "VALUE_NOT_ALLOWED", field=column.key, text=text)


def _odd(pairs: Pairs) -> Iterator[tuple[str, str, pd.Series]]:
    seen: set[tuple[str, str]] = set()
    for column in pairs.columns():
        for side in NAMES:
            if (column.line.key, side) not in seen:
                seen.add((column.line.key, side))
                yield column.line.key, side, pairs.unreadable(column, side)
    yield SALESFORCE_CLOCK, "salesforce", unreadable(pairs.records, [SALESFORCE_CLOCK])
    yield SALESMANAGO_CLOCK, "salesmanago", unreadable(pairs.contacts, [SALESMANAGO_CLOCK])
    yield EXTERNAL_ID, "salesmanago", unreadable(pairs.contacts, [EXTERNAL_ID])


def _told(pairs: Pairs, key: str, side: str, odd: pd.Series) -> pd.DataFrame:
    if not odd.any():
        return FOUND_ISSUES.empty()
    return issues(pairs.people[odd], UNREADABLE_VALUE, field=key, text=f"{NAMES[side]} gave it in no readable form")
