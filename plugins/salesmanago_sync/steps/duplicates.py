"""Duplicates: a new person whom Salesforce recognises is bound to the record it names, if it names exactly one.

A duplicate rule is never overruled: what is in doubt becomes an issue with the candidates.
"""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.domain.converters.email import spellings
from salesmanago_sync.domain.frames import full_id
from salesmanago_sync.steps.reading import KEY_PREFIX, Reading, Source

DUPLICATE_RULE = "duplicate_rule"


def bind_matches(reading: Reading, source: Source, people: pd.DataFrame, outcomes: list[Outcome]) -> pd.Series:
    """Bind new people whose create was refused to the one record that Salesforce offers instead.

    Args:
        reading: What was read; it learns the records.
        source: The object that was to be created.
        people: The people who were sent.
        outcomes: What Salesforce answered, in order.

    Returns:
        Who is bound now.
    """
    found = {
        person: record
        for (person, row), outcome in zip(people.iterrows(), outcomes, strict=True)
        if outcome.reason == "DUPLICATE" and pd.isna(row["salesforce_id"])
        for record in [_only_match(reading, source, str(row["email"]), outcome)]
        if record is not None
    }
    bound = pd.Series(False, index=people.index)
    if not found:
        return bound
    ports = reading.ports
    rows = people.loc[list(found), ["salesmanago_id"]].copy()
    rows["object"] = [name for name, _ in found.values()]
    rows["salesforce_id"] = [identifier for _, identifier in found.values()]
    rows["matched_by"] = DUPLICATE_RULE
    ids = ports.ledger.bindings.add(rows, ports.run.id, ports.now())
    bound.loc[ids.index[~ids["refused"]]] = True
    return bound


def _only_match(reading: Reading, source: Source, email: str, outcome: Outcome) -> tuple[str, str] | None:
    """Name the object and id of the one candidate that lives and that nobody is bound to."""
    candidates = {full_id(identifier) for identifier in outcome.candidates} or _by_address(reading, source, email)
    if len(candidates) != 1:
        return None
    (identifier,) = candidates
    if len(reading.ports.ledger.bindings.read(salesforce_ids=[identifier])):
        return None
    for name in reading.sources:
        if identifier.startswith(KEY_PREFIX[name]):
            reading.fetch_records(name, [identifier], in_scope=True)
            records = reading.records[name]
            mine = records[records["Id"].eq(identifier) & records["IsDeleted"].ne("true")]
            return (name, identifier) if len(mine) else None
    return None


def _by_address(reading: Reading, source: Source, email: str) -> set[str]:
    """Look a duplicate up that Salesforce does not name: it answers `<unknown>` for records of others."""
    fields = ["Id", source.email_field]
    wanted = spellings([email])
    rows = reading.ports.salesforce.find(source.mapping.sobject, source.email_field, wanted, fields, source.kind)
    return {str(row.get("Id")) for row in rows}
