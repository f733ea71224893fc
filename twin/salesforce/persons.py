"""Person accounts: one Account row and one Contact row that are kept in step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twin.salesforce import ids, schema

if TYPE_CHECKING:
    from twin.salesforce.org import Org


def mirror_name(name: str) -> str:
    """Return the Account name of a custom Contact field: `Note__c` is `Note__pc` there."""
    return f"{name.removesuffix('__c')}__pc"


def mirrored(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of the Account mirror of a custom Contact field."""
    return {**definition, "name": mirror_name(str(definition["name"])), "person": True}


def full_name(row: Mapping[str, Any]) -> str:
    """Return the Name of a person."""
    return " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)


def is_person(row: Mapping[str, Any]) -> bool:
    """Whether an Account row is a person account: by its flag or by its record type."""
    return bool(row.get("IsPersonAccount")) or row.get("RecordTypeId") == ids.PERSON


def pairs(org: Org) -> dict[str, str]:
    """Return Account field -> Contact field, custom mirrors included."""
    custom = {mirror_name(name): name for name, field in org.all_fields("Contact").items() if field.custom}
    return schema.mirror() | custom


def only_persons(name: str) -> bool:
    """Whether an Account field may be written on person accounts alone."""
    lowered = name.lower()
    return (
        lowered in {"firstname", "lastname", "salutation"} or lowered.startswith("person") or lowered.endswith("__pc")
    )


def insert(org: Org, stored: dict[str, Any], by_user: str) -> str:
    """Store both rows of a new person account and return the Account id."""
    record = {"Name": full_name(stored), "RecordTypeId": ids.PERSON, "IsPersonAccount": 1}
    account = org.put("Account", stored | record, by_user)
    contact = {there: stored[here] for here, there in pairs(org).items() if here in stored}
    person = org.put("Contact", contact | {"AccountId": account, "IsPersonAccount": 1}, by_user)
    org.db.execute('UPDATE "sf_Account" SET PersonContactId = ? WHERE Id = ?', (person, account))
    return account


def edit(org: Org, sobject: str, known: Mapping[str, Any], stored: dict[str, Any], by_user: str) -> None:
    """Change a row and, for a person account, the other row of the pair."""
    if not known.get("IsPersonAccount"):
        org.change(sobject, known["Id"], stored, by_user)
        return
    here_to_there = pairs(org)
    account, contact = known, known
    if sobject == "Account":
        on_account = stored
        on_contact = {there: stored[here] for here, there in here_to_there.items() if here in stored}
        contact = {"Id": known["PersonContactId"]}
    else:
        on_contact = stored
        on_account = {here: stored[there] for here, there in here_to_there.items() if there in stored}
        account = {"Id": known["AccountId"]}
    if {"FirstName", "LastName"} & on_account.keys():
        before = org.row("Account", account["Id"]) or {}
        on_account = on_account | {"Name": full_name(before | on_account)}
    org.change("Account", account["Id"], on_account, by_user)
    org.change("Contact", contact["Id"], on_contact, by_user)
