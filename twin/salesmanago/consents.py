"""Methods that opt people in and out."""

from __future__ import annotations

from copy import deepcopy

from twin.salesmanago.api import Call, Handler, Method, Payload
from twin.salesmanago.refusal import RefusalError
from twin.salesmanago.store import Contact
from twin.salesmanago.upsert import stamp
from twin.salesmanago.writing import existing


def _one(attribute: str, *, out: bool) -> Handler:
    def handler(call: Call) -> Payload:
        contact = existing(call)
        _set(call, contact, attribute, out=out)
        return {"contactId": contact.id}

    return handler


def _batch(*, out: bool) -> Handler:
    def handler(call: Call) -> Payload:
        emails = call.body.get("emails")
        if not isinstance(emails, list):
            raise RefusalError("No email specified")
        found = call.contacts.by_email([str(email) for email in emails])
        for contact in found:
            _set(call, contact, "opted_out", out=out)
        return {"contactIds": {contact.email: contact.id for contact in found}}

    return handler


def _set(call: Call, contact: Contact, attribute: str, *, out: bool) -> None:
    before = deepcopy(contact)
    setattr(contact, attribute, out)
    stamp(call, before, contact)
    call.contacts.save([contact])


METHODS = (
    Method("contact/optin", _one("opted_out", out=False), owner_needed=False),
    Method("contact/optout", _one("opted_out", out=True), owner_needed=False),
    Method("contact/phoneoptin", _one("opted_out_phone", out=False), owner_needed=False),
    Method("contact/phoneoptout", _one("opted_out_phone", out=True), owner_needed=False),
    Method("contact/batchoptin", _batch(out=False)),
    Method("contact/batchoptout", _batch(out=True)),
)
