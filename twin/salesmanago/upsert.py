"""The rules of writing one contact: what a row of `upsert` or `batchupsert` does to the card."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal

from email_validator import EmailNotValidError, validate_email

from twin.salesmanago.api import Call, Payload
from twin.salesmanago.refusal import RefusalError
from twin.salesmanago.store import Contact

Mode = Literal["upsert", "insert", "update"]

STATES = frozenset({"CUSTOMER", "PROSPECT", "PARTNER", "OTHER", "UNKNOWN"})
CONTACT_FIELDS = {"name": "name", "phone": "phone", "fax": "fax", "company": "company", "externalId": "external_id"}
ADDRESS_FIELDS = {"streetAddress": "street", "zipCode": "zip_code", "city": "city", "country": "country"}
TOP_FIELDS = {"province": "province", "lang": "lang"}
UNCHANGED = frozenset({"externalId", "birthday"})
CONSENTS = ("opted_out", "opted_out_phone")
CLOCKLESS = frozenset({"modified_on", "created_on", "tags", *CONSENTS})


def write(call: Call, row: Payload, mode: Mode = "upsert") -> Contact:
    """Add or change the contact of one row and return it as stored.

    Raises:
        RefusalError: The row cannot be written; nothing of it is.
    """
    details = _object(row, "contact")
    email = usable_email(details.get("email") if mode != "update" else row.get("email") or details.get("email"))
    before = call.contacts.one(email)
    _check_presence(before, mode)
    contact = deepcopy(before) if before else _new(call, email)
    contact.deleted = False
    _set_email(call, contact, row)
    _set_fields(call, contact, row, details)
    _set_tags(call, contact, row)
    _set_consents(contact, row)
    if call.owner not in contact.owners:
        contact.owners.append(call.owner)
    stamp(call, before, contact)
    call.contacts.save([contact])
    if call.settings["shown_after"]:
        call.state.unshown[contact.id] = [before, call.settings["shown_after"]]
    return contact


def usable_email(value: object) -> str:
    """Return the address without surrounding blanks.

    Raises:
        RefusalError: There is none, or the service would not accept it.
    """
    if not isinstance(value, str) or not value.strip():
        raise RefusalError("No email specified")
    try:
        validate_email(value.strip(), check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise RefusalError("Email is not valid") from None
    return value.strip()


def stamp(call: Call, before: Contact | None, contact: Contact) -> None:
    """Move `modifiedOn` if the change is one that moves it."""
    if before is None or moves_clock(call.settings, before, contact):
        contact.modified_on = call.state.clock.seconds()


def moves_clock(settings: Mapping[str, Any], before: Contact, contact: Contact) -> bool:
    """Tell whether the service counts the difference between two states of a contact as a modification."""
    watched = [column.name for column in fields(Contact) if column.name not in CLOCKLESS]
    if settings["tags_move_clock"]:
        watched.append("tags")
    if settings["optout_moves_clock"]:
        watched.extend(CONSENTS)
    return any(getattr(before, name) != getattr(contact, name) for name in watched)


def _check_presence(before: Contact | None, mode: Mode) -> None:
    # What the service does in these two cases is not known; refusing shows a client that relies on either.
    if mode == "insert" and before is not None:
        raise RefusalError("Contact already exists")
    if mode == "update" and before is None:
        raise RefusalError("Contact does not exist")


def _new(call: Call, email: str) -> Contact:
    now = call.state.clock.seconds()
    out = call.settings["new_opted_out"]
    return Contact(id=call.state.new_id(), email=email, opted_out=out, created_on=now, modified_on=now)


def _set_email(call: Call, contact: Contact, row: Payload) -> None:
    new = row.get("newEmail")
    if not new or call.contacts.key(str(new)) == call.contacts.key(contact.email):
        return
    address = usable_email(new)
    if call.contacts.one(address) is not None:
        raise RefusalError("Email already exists")
    contact.email = address


def _set_fields(call: Call, contact: Contact, row: Payload, details: Payload) -> None:
    for source, names in (
        (details, CONTACT_FIELDS),
        (_object(details, "address"), ADDRESS_FIELDS),
        (row, TOP_FIELDS),
    ):
        for name, attribute in names.items():
            setattr(contact, attribute, _written(call, name, source, getattr(contact, attribute)))
    _empty_what_is_left_out(call, contact, details)
    contact.birthday = _birthday(_written(call, "birthday", row, contact.birthday))
    contact.state = _state(details.get("state"), contact.state)
    for name, value in _object(row, "properties").items():
        _set_property(call, contact, name, value)
    for entry in row.get("dictionaryProperties") or []:
        contact.dictionary[str(entry["name"])] = {"type": str(entry.get("type")), "value": _text(entry.get("value"))}


def _set_property(call: Call, contact: Contact, name: str, value: object) -> None:
    kept = _kept(call, name, value, contact.properties.get(name))
    if kept is None:
        contact.properties.pop(name, None)
    else:
        contact.properties[name] = kept


def _empty_what_is_left_out(call: Call, contact: Contact, details: Payload) -> None:
    """Empty the parts that an address does not name, in an account that takes each address for a whole one."""
    address = _object(details, "address")
    if address and call.settings["address_parts"] == "emptied":
        for name, attribute in ADDRESS_FIELDS.items():
            if name not in address:
                setattr(contact, attribute, None)


def _written(call: Call, name: str, source: Payload, present: str | None) -> str | None:
    """Return what a field holds afterwards; what is not named is kept."""
    return _kept(call, name, source[name], present) if name in source else present


def _kept(call: Call, name: str, value: object, present: str | None) -> str | None:
    """Return what a field holds after a write: which of an empty text and null clears it is a switch."""
    if value is None:
        return None if call.settings["clear"] == "null" else present
    text = _text(value)
    if text == "":
        return None if call.settings["clear"] == "clears" else present
    if len(text) > call.settings["max_length"]:
        raise RefusalError(f"Field {name} is too long: the limit is {call.settings['max_length']}")
    return _on_the_way_in(call, name, text)


def _on_the_way_in(call: Call, name: str, text: str) -> str:
    """Change a text as some accounts do; what a client reads by is left alone."""
    if name in UNCHANGED:
        return text
    changed = {"as_sent": text, "trimmed": text.strip(), "upper": text.upper()}[call.settings["keeps"]]
    return changed[: call.settings["cut_at"]]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        raise RefusalError("A value is not a text")
    return str(value)


def _state(value: object, present: str) -> str:
    if value is None or value == "":
        return present
    if value not in STATES:
        raise RefusalError("State is not valid")
    return str(value)


def _birthday(value: str | None) -> str | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) in (4, 8)):
        raise RefusalError("Birthday is not valid")
    try:
        # 2000 was a leap year, so that 0229 without a year is a day.
        datetime.strptime(value if len(value) == 8 else f"2000{value}", "%Y%m%d")  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        raise RefusalError("Birthday is not valid") from None
    return value


def _set_tags(call: Call, contact: Contact, row: Payload) -> None:
    change_tags(call, contact, row.get("tags"), row.get("removeTags"), scoring=row.get("tagScoring") is True)


def change_tags(call: Call, contact: Contact, added: object, removed: object, *, scoring: bool = False) -> None:
    """Add and remove tags; the service keeps them in upper case, unless the switch says otherwise."""
    for tag in _tags(call, added):
        known = contact.tags.get(_present(call, contact, tag))
        if known is None:
            contact.tags[tag] = {"score": 1, "createdOn": call.state.clock.seconds()}
        elif scoring:
            known["score"] += 1
    for tag in _tags(call, removed):
        contact.tags.pop(_present(call, contact, tag), None)


def _present(call: Call, contact: Contact, tag: str) -> str:
    """Return a tag as the contact has it, where case does not count."""
    if call.settings["tag_case"] != "folds":
        return tag
    return next((one for one in contact.tags if one.upper() == tag.upper()), tag)


def _tags(call: Call, value: object) -> list[str]:
    listed = [value] if isinstance(value, str) else value or []
    if not isinstance(listed, list):
        raise RefusalError("Tags are not a list")
    names = [str(tag).strip() for tag in listed if str(tag).strip()]
    return [name.upper() for name in names] if call.settings["tag_case"] == "upper" else names


def _set_consents(contact: Contact, row: Payload) -> None:
    # An opt-out wins over a contradictory opt-in; with no flag at all the status stays as it is.
    for attribute, opt_in, opt_out in (
        ("opted_out", "forceOptIn", "forceOptOut"),
        ("opted_out_phone", "forcePhoneOptIn", "forcePhoneOptOut"),
    ):
        if row.get(opt_out) is True:
            setattr(contact, attribute, True)
        elif row.get(opt_in) is True:
            setattr(contact, attribute, False)


def _object(holder: Payload, key: str) -> dict[str, Any]:
    value = holder.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RefusalError(f"{key} is not an object")
    return value
