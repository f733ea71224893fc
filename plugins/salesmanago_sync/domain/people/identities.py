"""Identities: what matching looks at, taken from the records and contacts that were read."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.criteria.language import SALESMANAGO_TYPES, Criterion
from salesmanago_sync.domain.criteria.mask import mask
from salesmanago_sync.domain.frames import TEXT, full_ids
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.mapping_files.stand_ins import StandIns
from salesmanago_sync.domain.org.schema import CONTACT_ID_FIELD, Schema, criteria_types, hidden_opt_outs
from salesmanago_sync.domain.people.matching import PREFERENCE, Identities


@dataclass(frozen=True, slots=True)
class ObjectInput:
    """What was read of one object.

    Attributes:
        mapping: Its mapping.
        schema: What describe said of its sObject.
        records: A Salesforce frame with the extra flag `in_scope`: false for records that were only looked up.
        stand_ins: What says nothing about a person: the stand-ins of all mappings, and the Account of newcomers.
    """

    mapping: Mapping
    schema: Schema
    records: pd.DataFrame
    stand_ins: StandIns | None = None


def identities(
    objects: Sequence[ObjectInput], contacts: pd.DataFrame, bindings: pd.DataFrame, now: datetime, seen: pd.DataFrame
) -> Identities:
    """Prepare both sides for matching.

    Args:
        objects: Every enabled object.
        contacts: A SALESmanago frame with the flag `in_scope`.
        bindings: The ledger's bindings of everything that was read.
        now: The moment relative dates in criteria count from.
        seen: For whom the services were asked (`sightings`).
    """
    frames = [_of_records(item, now) for item in objects]
    mappings = [item.mapping for item in objects]
    return Identities(
        salesforce=pd.concat(frames, ignore_index=True) if frames else _of_records_empty(),
        salesmanago=_of_contacts(mappings, contacts, now),
        bindings=bindings[["object", "salesforce_id", "salesmanago_id", "status", "email", "updated_at"]],
        creates_in_salesmanago=frozenset(m.object for m in mappings if m.create.in_salesmanago),
        consent_hidden=frozenset(item.mapping.object for item in objects if _consent_is_hidden(item)),
        seen=seen,
    )


def _consent_is_hidden(item: ObjectInput) -> bool:
    """Whether somebody may be created who has opted out, because nobody can see it."""
    return not item.mapping.accept_hidden_opt_out and bool(hidden_opt_outs(item.mapping, item.schema))


def _of_records_empty() -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(dtype=TEXT) for name in ("object", "salesforce_id", "email", "salesmanago_id")}
        | {name: pd.Series(dtype="bool") for name in ("in_scope", "takes_part", "gone")}
    )


def _of_records(item: ObjectInput, now: datetime) -> pd.DataFrame:
    records, mapping = item.records, item.mapping
    types = criteria_types(mapping, item.schema)
    blank = pd.Series(None, index=records.index, dtype=TEXT)
    return pd.DataFrame(
        {
            "object": pd.Series(mapping.object, index=records.index, dtype=TEXT),
            "salesforce_id": records["Id"],
            "email": normalise_email(records[mapping.email_line.salesforce[0]]),
            "salesmanago_id": records.get(CONTACT_ID_FIELD, blank),
            "in_scope": records["in_scope"],
            "takes_part": _meets(mapping.criteria.salesforce, records, types, now),
            "gone": is_true(records, "IsDeleted") | is_true(records, "IsConverted"),
        }
    )


def is_true(frame: pd.DataFrame, column: str) -> pd.Series:
    """Tell where a flag of a frame is set; one that was not read is not."""
    if column not in frame:
        return pd.Series(False, index=frame.index)
    return frame[column].eq("true").fillna(False).astype(bool)


def _meets(criterion: Criterion | None, frame: pd.DataFrame, types: Dictionary[str, str], now: datetime) -> pd.Series:
    if criterion is None:
        return pd.Series(True, index=frame.index)
    return mask(criterion, frame, types, now=now)


def _of_contacts(mappings: Sequence[Mapping], contacts: pd.DataFrame, now: datetime) -> pd.DataFrame:
    identity = pd.DataFrame(
        {
            "salesmanago_id": contacts["contactId"],
            "email": normalise_email(contacts["email"]),
            "salesforce_id": full_ids(contacts["externalId"]),
            "wanted_by": pd.Series(None, index=contacts.index, dtype=TEXT),
            "in_scope": contacts["in_scope"],
            "gone": is_true(contacts, "deleted"),
        }
    )
    for mapping in sorted(mappings, key=lambda mapping: PREFERENCE.index(mapping.object), reverse=True):
        takes_part = _meets(mapping.criteria.salesmanago, contacts, SALESMANAGO_TYPES, now)
        identity[f"takes_part.{mapping.object}"] = takes_part
        wanted = takes_part & _wanted(mapping, contacts, now)
        identity["wanted_by"] = identity["wanted_by"].mask(wanted, mapping.object)
    return identity


def count_meeting(mappings: Sequence[Mapping], contacts: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Count the contacts that meet criteria, for each mapping.

    Args:
        mappings: Every enabled one.
        contacts: A SALESmanago frame with the flag `in_scope`.
        now: The moment relative dates in criteria count from.

    Returns:
        `object`, the digest of its `mapping`, how many `take_part`, and how many are `wanted` as records.
    """
    found = _of_contacts(mappings, contacts, now)
    alive = found[~found["gone"]]
    return pd.DataFrame(
        {
            "object": [mapping.object for mapping in mappings],
            "mapping": [mapping.digest for mapping in mappings],
            "take_part": [int(alive[f"takes_part.{mapping.object}"].sum()) for mapping in mappings],
            "wanted": [int(alive["wanted_by"].eq(mapping.object).fillna(False).sum()) for mapping in mappings],
        }
    )


def _wanted(mapping: Mapping, contacts: pd.DataFrame, now: datetime) -> pd.Series:
    create = mapping.create.in_salesforce
    if isinstance(create, bool):
        return pd.Series(create, index=contacts.index)
    return _meets(create, contacts, SALESMANAGO_TYPES, now)
