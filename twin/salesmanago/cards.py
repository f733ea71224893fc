"""The shapes in which SALESmanago shows a contact."""

from __future__ import annotations

from typing import Any

from twin.salesmanago.store import Contact

Card = dict[str, Any]
EXPORT_SECTIONS = {"CONTACT": "contactData", "TAG": "tagData", "PROPERTIES": "contactPropertiesData"}
UNUSED_LISTS = (
    "contactFunnels",
    "contactTasks",
    "incomingEmailMessages",
    "contactExtEvents",
    "coupons",
    "smsMessages",
)


def full_card(contact: Contact) -> Card:
    """Return the card of `contact/list` and `contact/listById`."""
    return {
        "id": contact.id,
        **_person(contact),
        "address": _address(contact),
        **_birthday(contact),
        "province": contact.province,
        "mainContactOwner": contact.owners[0] if contact.owners else None,
        "contactVisits": [],
        "contactTags": [_tag(tag, details) for tag, details in contact.tags.items()],
        "contactEvents": [],
        "emailMessages": [],
        "properties": [{"name": name, "value": value} for name, value in contact.properties.items()],
        "contactNotes": contact.notes,
        **{name: [] for name in UNUSED_LISTS},
        "modifiedOn": contact.modified_on * 1000,
        "createdOn": contact.created_on * 1000,
    }


def basic_card(contact: Contact) -> Card:
    """Return the card of `contact/basic` and `contact/basicById`."""
    address = _address(contact)
    return {
        **_person(contact),
        "address": address if any(part is not None for part in address.values()) else None,
        "contactId": contact.id,
        **_birthday(contact),
        "modifiedOn": contact.modified_on * 1000,
        "createdOn": contact.created_on * 1000,
        "lastVisit": None,
    }


def export_row(contact: Contact) -> Card:
    """Return the row of the file that `contact/paginatedContactList/export` makes."""
    return {
        "success": True,
        "email": contact.email,
        "exists": True,
        "id": contact.id,
        "name": contact.name,
        "country": contact.country,
        "phone": contact.phone,
    }


def export_sections(contact: Contact, types: set[str]) -> Card:
    """Return one entry of the file that `contact/export/data` makes."""
    sections: Card = {
        "contactData": _person(contact) | {"address": _address(contact)},
        "tagData": [_tag(tag, details) for tag, details in contact.tags.items()],
        "contactPropertiesData": [{"name": name, "value": value} for name, value in contact.properties.items()],
    }
    return {
        contact.id: {
            EXPORT_SECTIONS[kind]: sections[EXPORT_SECTIONS[kind]] for kind in EXPORT_SECTIONS if kind in types
        }
    }


def _person(contact: Contact) -> Card:
    return {
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "fax": contact.fax,
        "score": contact.score,
        "state": contact.state,
        "optedOut": contact.opted_out,
        "optedOutPhone": contact.opted_out_phone,
        "deleted": contact.deleted,
        "invalid": contact.invalid,
        "company": contact.company,
        "externalId": contact.external_id,
    }


def _address(contact: Contact) -> Card:
    return {
        "streetAddress": contact.street,
        "zipCode": contact.zip_code,
        "city": contact.city,
        "country": contact.country,
    }


def _birthday(contact: Contact) -> Card:
    year, month, day = _birthday_parts(contact.birthday)
    return {"birthdayYear": year, "birthdayMonth": month, "birthdayDay": day}


def _birthday_parts(birthday: str | None) -> tuple[str | None, str | None, str | None]:
    if not birthday:
        return None, None, None
    year = birthday[:-4] or None
    return year, str(int(birthday[-4:-2])), str(int(birthday[-2:]))  # the service does not pad with zeros


def _tag(tag: str, details: dict[str, int]) -> Card:
    return {
        "tag": tag,
        "tagName": tag,
        "score": details["score"],
        "createdOn": details["createdOn"] * 1000,
        "tagWithScore": f"{tag} ({details['score']})",
    }
