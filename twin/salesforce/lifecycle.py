"""What happens to people in an org besides edits: undelete, hard delete, merge, lead conversion."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twin.salesforce import ids, persons
from twin.salesforce.errors import ApiError, missing

if TYPE_CHECKING:
    from twin.salesforce.org import Org

MOST_LOSERS = 2
CONVERTED = "Closed - Converted"
# The references that follow a record when it is merged into another.
CHILDREN = {"Account": [("Contact", "AccountId"), ("Account", "ParentId")], "Contact": [("Contact", "ReportsToId")]}
PARTS = (
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "StateCode",
    "CountryCode",
    "Latitude",
    "Longitude",
    "GeocodeAccuracy",
)
# Lead field -> field of the contact and of the account that the standard conversion makes.
TO_CONTACT = {
    **{name: name for name in ("FirstName", "LastName", "Salutation", "Title", "Phone", "MobilePhone", "Fax", "Email")},
    **{name: name for name in ("LeadSource", "Description", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")},
    "OwnerId": "OwnerId",
    **{part: f"Mailing{part}" for part in PARTS},
}
TO_ACCOUNT = {
    **{name: name for name in ("Phone", "Fax", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees", "Rating")},
    **{part: f"Billing{part}" for part in PARTS},
    "Company": "Name",
    "OwnerId": "OwnerId",
}


def undelete(org: Org, sobject: str, identifier: str, by_user: str) -> None:
    """Take a record out of the recycle bin; the contacts that went with an account return with it."""
    row = _row(org, sobject, identifier)
    if not row["IsDeleted"]:
        raise ApiError("UNDELETE_FAILED", "Entity is not in the recycle bin", ())
    back: dict[str, Any] = {"IsDeleted": 0, "MasterRecordId": None}
    org.change(sobject, row["Id"], back, by_user)
    if sobject == "Account":
        children = org.db.execute('SELECT Id FROM "sf_Contact" WHERE AccountId = ? AND IsDeleted = 1', (row["Id"],))
        for (contact,) in children.fetchall():
            org.change("Contact", contact, back, by_user)


def purge(org: Org, sobject: str, identifier: str) -> None:
    """Remove a record for good, also from the recycle bin: no query and no feed knows of it any more.

    The contacts of an account go with it, and of a person account both rows, whichever is named.
    """
    row = _row(org, sobject, identifier)
    if sobject == "Contact" and row["IsPersonAccount"]:
        sobject, row = "Account", _row(org, "Account", row["AccountId"])
    if sobject == "Account":
        org.db.execute('DELETE FROM "sf_Contact" WHERE AccountId = ?', (row["Id"],))
    org.db.execute(f'DELETE FROM "sf_{sobject}" WHERE Id = ?', (row["Id"],))


def merge(
    org: Org, sobject: str, winner: str, losers: Sequence[str], changes: Mapping[str, Any] | None, by_user: str
) -> None:
    """Merge up to two records into another: they are deleted and name it, their children follow it."""
    if not 0 < len(losers) <= MOST_LOSERS:
        raise ApiError("INVALID_NUM_1_ARGUMENT", f"a merge takes one to {MOST_LOSERS} records", ())
    kept = org.existing(sobject, winner)
    if changes:
        org.edit(sobject, kept["Id"], changes, by_user)
    for loser in losers:
        gone = org.existing(sobject, loser)
        if bool(gone.get("IsPersonAccount")) != bool(kept.get("IsPersonAccount")):
            raise ApiError("INVALID_FIELD", "a person account merges with person accounts alone", ())
        _bury(org, sobject, gone, kept, by_user)
    org.change(sobject, kept["Id"], {}, by_user)


def _bury(org: Org, sobject: str, gone: Mapping[str, Any], kept: Mapping[str, Any], by_user: str) -> None:
    org.change(sobject, gone["Id"], {"IsDeleted": 1, "MasterRecordId": kept["Id"]}, by_user)
    if sobject == "Account" and gone.get("IsPersonAccount"):
        contact = {"IsDeleted": 1, "MasterRecordId": kept["PersonContactId"]}
        org.change("Contact", gone["PersonContactId"], contact, by_user)
    for child, name in CHILDREN.get(sobject, []):
        rows = org.db.execute(f'SELECT Id FROM "sf_{child}" WHERE "{name}" = ? AND IsDeleted = 0', (gone["Id"],))
        for (identifier,) in rows.fetchall():
            org.change(child, identifier, {name: kept["Id"]}, by_user)


def convert(org: Org, lead: str, account: str | None, contact: str | None, by_user: str) -> dict[str, str]:
    """Turn a lead into a contact of an account, or without a company into a person account; return both ids.

    Give the id of an account, or of it and a contact, to convert into them; their own values stay.
    """
    row = org.existing("Lead", lead)
    if row["IsConverted"]:
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    if contact is not None:
        account = account or org.existing("Contact", contact)["AccountId"]
    elif row["Company"] is None and account is None:
        account, contact = _person(org, row, by_user)
    else:
        account = account or org.put("Account", _copied(row, TO_ACCOUNT), by_user)
        known = org.existing("Account", account)
        contact = known["PersonContactId"] or org.put(
            "Contact", _copied(row, TO_CONTACT) | {"AccountId": account}, by_user
        )
    converted = {"ConvertedAccountId": account, "ConvertedContactId": contact}
    marks = {"IsConverted": 1, "Status": CONVERTED, "ConvertedDate": org.now()[:10]}
    org.change("Lead", row["Id"], {**marks, **converted}, by_user)
    return {"account": str(account), "contact": str(contact)}


def _person(org: Org, row: Mapping[str, Any], by_user: str) -> tuple[str, str]:
    there = {contact: account for account, contact in persons.pairs(org).items()}
    copied = {there[name]: value for name, value in _copied(row, TO_CONTACT).items() if name in there}
    account = persons.insert(org, copied, by_user)
    return account, str(org.existing("Account", account)["PersonContactId"])


def _copied(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {there: row[here] for here, there in names.items() if row[here] is not None}


def _row(org: Org, sobject: str, identifier: str) -> dict[str, Any]:
    row = org.row(sobject, ids.full(identifier) or "")
    if row is None:
        raise missing()
    return row
