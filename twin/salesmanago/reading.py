"""Methods that read contacts: by e-mail, by id, by time, page by page and as a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from twin.salesmanago.addressees import addressed
from twin.salesmanago.api import Call, Handler, Method, Payload
from twin.salesmanago.cards import Card, basic_card, export_row, export_sections, full_card
from twin.salesmanago.jobs import start_job
from twin.salesmanago.refusal import RefusalError
from twin.salesmanago.store import Contact
from twin.salesmanago.upsert import usable_email

AT_ONCE = 50
LARGEST_PAGE = 1000


def _lookup(
    key: str, find: Literal["by_id", "by_email"], shape: Callable[[Contact], Card], *, all_owners: bool
) -> Handler:
    def handler(call: Call) -> Payload:
        values = call.body.get(key)
        if not isinstance(values, list):
            raise RefusalError(f"No {key} specified")
        if len(values) > AT_ONCE:
            # Beyond the documented limit the behaviour is unknown; refusing shows a client that relies on more.
            raise RefusalError(f"Too many contacts: the limit is {AT_ONCE}")
        found = _as_shown(call, getattr(call.contacts, find)([str(value) for value in values]))
        mine = [contact for contact in found if all_owners or call.owner in contact.owners]
        return {"contacts": [shape(contact) for contact in _repeated(call, mine)]}

    return handler


def _as_shown(call: Call, contacts: list[Contact]) -> list[Contact]:
    """Show contacts as they were before a write that does not show yet."""
    shown = []
    for contact in contacts:
        before, looks = call.state.unshown.get(contact.id, (None, 0))
        if looks:
            call.state.unshown[contact.id][1] -= 1
        shown.append(before if looks else contact)
    return [contact for contact in shown if contact is not None]


def has_contact(call: Call) -> Payload:
    """Tell whether there is a contact with the address."""
    contact = call.contacts.one(usable_email(call.body.get("email")))
    return {"result": contact is not None, "contactId": contact.id if contact else None}


def _window(clock: str, answer: str) -> Handler:
    def handler(call: Call) -> Payload:
        found = _changed(call, clock)[: call.settings["list_limit"]]
        return {answer: [_mention(contact) for contact in _repeated(call, found)]}

    return handler


def paginated_modified(call: Call) -> Payload:
    """Return one page of those modified within a window, and whether there are more."""
    page, more = _page(call, _changed(call, "modified_on"))
    return {"modifiedContacts": [_mention(contact) for contact in _repeated(call, page)], "hasMore": more}


def paginated_list(call: Call) -> Payload:
    """Return one page of the owner's cards."""
    page, _ = _page(call, _owned(call))
    return {"contacts": [full_card(contact) for contact in page]}


def paginated_export(call: Call) -> Payload:
    """Make a file of one page of the owner's contacts."""
    if call.settings["export"] == "refused":
        raise RefusalError("Not available in this account")
    page, _ = _page(call, _owned(call))
    return {"requestId": start_job(call, {"contacts": [export_row(contact) for contact in page]})}


def export(call: Call) -> Payload:
    """Make a file of the sections asked for, of everyone who is addressed."""
    wanted = call.body.get("data")
    if not isinstance(wanted, list):
        raise RefusalError("No data specified")
    types = {str(entry.get("dataType")).upper() for entry in wanted if isinstance(entry, dict)}
    entries = [export_sections(contact, types) for contact in addressed(call)]
    if call.settings["null_contact_data"] and entries:
        entries[0] = {contact_id: dict.fromkeys(sections) for contact_id, sections in entries[0].items()}
    return {"requestId": start_job(call, entries)}


def tags(call: Call) -> Payload:
    """Return every tag with the number of people who have it."""
    counts: dict[str, int] = {}
    for contact in _owned(call):
        for tag in contact.tags:
            counts[tag] = counts.get(tag, 0) + 1
    return {"tags": [{"tag": tag, "numberOfTagged": number} for tag, number in sorted(counts.items())]}


def users(call: Call) -> Payload:
    """Return the users of the account."""
    return {"users": list(call.settings["users"])}


def _owned(call: Call) -> list[Contact]:
    return [contact for contact in call.contacts.everyone() if call.owner in contact.owners]


def _changed(call: Call, clock: str) -> list[Contact]:
    first, last = (_milliseconds(call.body, key) for key in ("from", "to"))
    # Clocks are whole seconds: a window that begins within a second begins with the next one.
    found = call.contacts.changed(clock, -(-first // 1000), last // 1000)
    return [one for one in found if call.owner in one.owners and _within(call, getattr(one, clock), first, last)]


def _within(call: Call, seconds: int, first: int, last: int) -> bool:
    """Tell whether a moment lies in a window, whose bounds belong to it as the switch says."""
    bounds = call.settings["bounds"]
    return (seconds * 1000 > first or bounds in ("both", "from")) and (
        seconds * 1000 < last or bounds in ("both", "to")
    )


def _repeated(call: Call, contacts: list[Contact]) -> list[Contact]:
    return contacts * 2 if call.settings["list_twice"] else contacts


def _milliseconds(body: Payload, key: str) -> int:
    value = body.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise RefusalError(f"{key} is not a time") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _mention(contact: Contact) -> Card:
    return {"id": contact.id, "email": contact.email}


def _page(call: Call, contacts: list[Contact]) -> tuple[list[Contact], bool]:
    page, size = (_positive(call.body, key) for key in ("page", "size"))
    if size > LARGEST_PAGE:
        raise RefusalError(f"Page is too large: the limit is {LARGEST_PAGE}")
    fault = call.state.faults.take_kind("salesmanago", "short_pages", call.path)
    size = min(size, fault.size) if fault else size
    there = contacts[(page - 1) * size : page * size]
    return there[: call.settings["page_limit"]], len(contacts) > page * size


def _positive(body: Payload, key: str) -> int:
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RefusalError(f"{key} is not valid")
    return value


METHODS = (
    Method("user/listByClient", users, owner_needed=False),
    Method("contact/hasContact", has_contact),
    Method("contact/list", _lookup("email", "by_email", full_card, all_owners=False)),
    Method("contact/listById", _lookup("contactId", "by_id", full_card, all_owners=False)),
    Method("contact/listAll", _lookup("email", "by_email", full_card, all_owners=True)),
    Method("contact/listAllById", _lookup("contactId", "by_id", full_card, all_owners=True)),
    Method("contact/basic", _lookup("email", "by_email", basic_card, all_owners=False)),
    Method("contact/basicById", _lookup("id", "by_id", basic_card, all_owners=False)),
    Method("contact/createdContacts", _window("created_on", "createdContacts")),
    Method("contact/modifiedContacts", _window("modified_on", "modifiedContacts")),
    Method("contact/paginatedModifiedContacts", paginated_modified),
    Method("contact/paginatedListById", paginated_list),
    Method("contact/paginatedContactList/export", paginated_export),
    Method("contact/export/data", export),
    Method("contact/tags", tags),
    Method("v2/contact/tags", tags),
)
