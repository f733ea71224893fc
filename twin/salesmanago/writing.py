"""Methods that add, change and delete contacts."""

from __future__ import annotations

from twin.salesmanago.addressees import addressed
from twin.salesmanago.api import Call, Method, Payload
from twin.salesmanago.jobs import start_job
from twin.salesmanago.refusal import RefusalError
from twin.salesmanago.store import Contact
from twin.salesmanago.upsert import Mode, change_tags, stamp, usable_email, write


def upsert(call: Call) -> Payload:
    """Add the contact, or change the one with its e-mail."""
    return _single(call, "upsert")


def insert(call: Call) -> Payload:
    """Add the contact."""
    return _single(call, "insert")


def update(call: Call) -> Payload:
    """Change the contact with the e-mail at the top level."""
    return _single(call, "update")


def _single(call: Call, mode: Mode) -> Payload:
    contact = write(call, call.body, mode)
    if call.body.get("useApiDoubleOptIn") is True:
        _confirm(call, contact)
    return {"contactId": contact.id, "externalId": contact.external_id}


def batch_upsert(call: Call) -> Payload:
    """Write many rows at once; how bad ones are reported is a switch, because no source settles it."""
    ids: dict[str, str | None] = {}
    dropped = call.state.faults.take_kind("salesmanago", "drop_row", call.path)
    for number, row in enumerate(_rows(call)):
        if dropped and dropped.row == number:
            continue
        email, contact_id = _batch_row(call, row)
        if contact_id is not None or (email and call.settings["bad_rows"] == "null"):
            ids[email] = contact_id
    return {"contactIds": ids}


def batch_upsert_queued(call: Call) -> Payload:
    """Write many rows and tell only the number of the job."""
    for row in _rows(call):
        _batch_row(call, row)
    return {"requestId": start_job(call, None)}


def _rows(call: Call) -> list[Payload]:
    rows = call.body.get("upsertDetails")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RefusalError("No upsertDetails specified")
    return rows


def _batch_row(call: Call, row: Payload) -> tuple[str, str | None]:
    details = row.get("contact")
    email = str(details.get("email") or "") if isinstance(details, dict) else ""
    try:
        contact = write(call, row)
    except RefusalError:
        if call.settings["bad_rows"] == "refuse_all":
            raise
        return email, None
    # The batch methods send confirmation mails unless they are told not to.
    if call.body.get("useApiDoubleOptIn", row.get("useApiDoubleOptIn")) is not False:
        _confirm(call, contact)
    return email, contact.id


def _confirm(call: Call, contact: Contact) -> None:
    call.state.db.execute(
        "INSERT INTO sm_confirmation (email, at) VALUES (?, ?)", (contact.email, call.state.clock.seconds())
    )


def delete(call: Call) -> Payload:
    """Delete one contact, for good or so that it can be restored."""
    contact = existing(call)
    _delete(call, contact)
    return {"result": "Contact deleted"}


def batch_delete(call: Call) -> Payload:
    """Delete everyone who is addressed."""
    for contact in addressed(call):
        _delete(call, contact)
    return {"result": None}


def _delete(call: Call, contact: Contact) -> None:
    if call.body.get("permanently") is True:
        call.contacts.remove(contact.id)
        return
    contact.deleted = True
    contact.modified_on = call.state.clock.seconds()
    call.contacts.save([contact])


def manage_tags(call: Call) -> Payload:
    """Add and remove tags of one contact."""
    return _tagged(call, call.body.get("tags"), call.body.get("removeTags"))


def add_tag(call: Call) -> Payload:
    """Add one tag to one contact."""
    return _tagged(call, [_tag(call)], None)


def delete_tag(call: Call) -> Payload:
    """Remove one tag of one contact."""
    return _tagged(call, None, [_tag(call)])


def _tag(call: Call) -> str:
    tag = call.body.get("tag")
    if not isinstance(tag, str) or not tag.strip():
        raise RefusalError("No tag specified")
    return tag


def _tagged(call: Call, added: object, removed: object) -> Payload:
    contact, before = existing(call), existing(call)
    change_tags(call, contact, added, removed)
    stamp(call, before, contact)
    call.contacts.save([contact])
    return {"contactId": contact.id}


def set_main_owner(call: Call) -> Payload:
    """Give a contact, named by its address, another main owner; those it has stay."""
    contact = call.contacts.one(usable_email(call.body.get("contact")))
    if contact is None:
        raise RefusalError("Contact does not exist")
    wanted = str(call.body.get("newOwner") or "").strip().lower()
    found = [user for user in call.settings["users"] if user.lower() == wanted]
    if not found:
        raise RefusalError("Invalid newOwner")
    contact.owners = [*found, *(owner for owner in contact.owners if owner not in found)]
    call.contacts.save([contact])
    return {}


def add_note(call: Call) -> Payload:
    """Add a note; it does not move the contact's clock."""
    contact = existing(call)
    note = {"note": str(call.body.get("note") or ""), "priv": call.body.get("priv") is True}
    contact.notes.append(note | {"createdOn": call.state.clock.seconds() * 1000})
    call.contacts.save([contact])
    return {"message": ["Note added"]}


def existing(call: Call) -> Contact:
    """Return the contact that `email` or `contactId` of the call names.

    Raises:
        RefusalError: Nobody has it.
    """
    contact_id = call.body.get("contactId")
    found = call.contacts.by_id([str(contact_id)]) if contact_id else []
    found = found or call.contacts.by_email([usable_email(call.body.get("email"))] if not contact_id else [])
    if not found:
        raise RefusalError("Contact does not exist")
    return found[0]


METHODS = (
    Method("contact/upsert", upsert),
    Method("contact/insert", insert),
    Method("contact/update", update),
    Method("contact/batchupsert", batch_upsert),
    Method("contact/batchupsertv2", batch_upsert_queued),
    Method("contact/delete", delete),
    Method("contact/batchDelete", batch_delete),
    Method("contact/managetags", manage_tags),
    Method("contact/addTag", add_tag),
    Method("contact/deleteTag", delete_tag),
    Method("contact/setMainOwner", set_main_owner),
    Method("contact/addNote", add_note),
)
