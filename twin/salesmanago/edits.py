"""Edits of contacts by a person in the user interface: no signature, no validation, but clocks move."""

from __future__ import annotations

from copy import deepcopy

from twin.orders import ContactEdit
from twin.salesmanago.store import Contact, Contacts, email_key
from twin.salesmanago.upsert import moves_clock
from twin.state import State

PLAIN = {
    "email": "email",
    "name": "name",
    "phone": "phone",
    "fax": "fax",
    "company": "company",
    "externalId": "external_id",
    "state": "state",
    "province": "province",
    "birthday": "birthday",
    "optedOut": "opted_out",
    "optedOutPhone": "opted_out_phone",
    "score": "score",
    "deleted": "deleted",
    "invalid": "invalid",
}
ADDRESS = {"streetAddress": "street", "zipCode": "zip_code", "city": "city", "country": "country"}


def found(state: State, contact_id: str) -> Contact:
    """Return a contact by its id.

    Raises:
        LookupError: Nobody has it.
    """
    contacts = Contacts(state).by_id([contact_id])
    if not contacts:
        raise LookupError(contact_id)
    return contacts[0]


def insert(state: State, order: ContactEdit) -> Contact:
    """Store a new contact."""
    now = state.clock.seconds()
    owner = order.mainContactOwner or state.credentials.salesmanago.owner
    contact = Contact(id=state.new_id(), email=order.email, owners=[owner], created_on=now, modified_on=now)
    _apply(state, contact, order)
    _set_clocks(contact, order)
    return _stored(state, contact)


def edit(state: State, contact_id: str, order: ContactEdit) -> Contact:
    """Change a contact and move its clock as the service would."""
    before = found(state, contact_id)
    contact = deepcopy(before)
    _apply(state, contact, order)
    if order.mainContactOwner:
        contact.owners = [order.mainContactOwner, *(one for one in contact.owners if one != order.mainContactOwner)]
    if moves_clock(state.settings["salesmanago"], before, contact):
        contact.modified_on = state.clock.seconds()
    _set_clocks(contact, order)
    return _stored(state, contact)


def _apply(state: State, contact: Contact, order: ContactEdit) -> None:
    given = order.model_fields_set
    for key, attribute in PLAIN.items():
        if key in given:
            setattr(contact, attribute, getattr(order, key))
    for key, attribute in ADDRESS.items():
        if key in order.address.model_fields_set:
            setattr(contact, attribute, getattr(order.address, key))
    for name, value in order.properties.items():
        contact.properties.pop(name, None)
        contact.properties |= {} if value is None else {name: value}
    if "tags" in given:
        now = state.clock.seconds()
        upper = state.settings["salesmanago"]["tag_case"] == "upper"
        names = [tag.upper() if upper else tag for tag in order.tags]
        contact.tags = {tag: contact.tags.get(tag, {"score": 1, "createdOn": now}) for tag in names}


def _set_clocks(contact: Contact, order: ContactEdit) -> None:
    if order.createdOn is not None:
        contact.created_on = order.createdOn // 1000
    if order.modifiedOn is not None:
        contact.modified_on = order.modifiedOn // 1000


def _stored(state: State, contact: Contact) -> Contact:
    contacts = Contacts(state)
    if not email_key(contact.email):
        raise ValueError("email: a contact needs an address")
    other = contacts.one(contact.email)
    if other is not None and other.id != contact.id:
        raise ValueError("email: another contact has this address")
    contacts.save([contact])
    return contact
