"""Standard duplicate rules. They are off; the setting `duplicate_rules` switches one on for an object."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.salesforce.errors import ApiError
from twin.salesforce.org import Org
from twin.salesforce.schema import SObject

RIGHT, WRONG = "duplicateResult", "duplicateResut"
# Later API versions spell the key right; the setting `duplicate_key` says which spelling an answer has.
FIRST_RIGHT_SPELLING = 57


def check(
    org: Org,
    sobject: SObject,
    stored: Mapping[str, Any],
    known: Mapping[str, Any] | None,
    *,
    allow_save: bool,
    version: float,
) -> None:
    """Refuse a record that looks like another one, as `alert` (a header lets it pass) or `block` rules do."""
    rule = (org.settings.get("duplicate_rules") or {}).get(sobject.name)
    if rule is None or (rule == "alert" and allow_save):
        return
    found = _alike(org, sobject, {**(known or {}), **stored}, None if known is None else known["Id"])
    if not found:
        return
    key = org.settings.get("duplicate_key") or (RIGHT if version >= FIRST_RIGHT_SPELLING else WRONG)
    body = _result(sobject, found, version, allow_save=rule == "alert")
    raise ApiError("DUPLICATES_DETECTED", "Use one of these records?", extra={key: body})


def _alike(org: Org, sobject: SObject, record: Mapping[str, Any], own: str | None) -> list[str]:
    """Return the records with the same e-mail address, or without one the same full name."""
    email = "PersonEmail" if sobject.name == "Account" else "Email"
    name = email if record.get(email) else "Name" if sobject.name == "Account" else "LastName"
    value = record.get(name)
    if not value:
        return []
    rows = org.db.execute(
        f'SELECT Id FROM "sf_{sobject.name}" WHERE sf_fold("{name}") = ? AND IsDeleted = 0 AND Id IS NOT ? ORDER BY Id',
        (str(value).lower(), own),
    )
    return [row[0] for row in rows]


def _result(sobject: SObject, found: list[str], version: float, *, allow_save: bool) -> dict[str, Any]:
    base = f"/services/data/v{version:.1f}/sobjects/{sobject.name}"
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": sobject.name, "url": f"{base}/{one}"}, "Id": one},
        }
        for one in found
    ]
    match = {
        "entityType": sobject.name,
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": records,
        "rule": f"Standard_{sobject.name}_Match_Rule_v1_1",
        "size": len(records),
        "success": True,
    }
    return {
        "allowSave": allow_save,
        "duplicateRule": f"Standard_{sobject.name}_Duplicate_Rule",
        "duplicateRuleEntityType": sobject.name,
        "errorMessage": "Use one of these records?",
        "matchResults": [match],
    }
