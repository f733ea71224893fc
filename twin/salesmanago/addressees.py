"""Whom a call is about: lists of `{addresseeType, value}`."""

from __future__ import annotations

from twin.salesmanago.api import Call
from twin.salesmanago.refusal import RefusalError
from twin.salesmanago.store import Contact, email_key


def addressed(call: Call) -> list[Contact]:
    """Return the contacts that `contacts` of the call names by e-mail, id or tag; funnels and stages hold nobody here.

    Raises:
        RefusalError: `contacts` is not a list of addressees.
    """
    addressees = call.body.get("contacts")
    if not isinstance(addressees, list) or not all(isinstance(entry, dict) for entry in addressees):
        raise RefusalError("No contacts specified")
    wanted = {_spelled(str(entry.get("addresseeType")).upper(), str(entry.get("value"))) for entry in addressees}
    return [contact for contact in call.contacts.everyone() if _names(contact) & wanted]


def _names(contact: Contact) -> set[tuple[str, str]]:
    tags = {("TAG", tag) for tag in contact.tags}
    return tags | {("EMAIL", email_key(contact.email)), ("CONTACT_ID", contact.id)}


def _spelled(kind: str, value: str) -> tuple[str, str]:
    return kind, value.upper() if kind == "TAG" else email_key(value)
