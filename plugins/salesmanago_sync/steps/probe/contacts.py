"""Contact questions: what a write does to a contact, seen on its card."""

from __future__ import annotations

from typing import Any

from salesmanago_sync.clients.salesmanago_errors import RefusedError
from salesmanago_sync.domain.probe import judging
from salesmanago_sync.domain.probe.answers import Conclusion, unclear
from salesmanago_sync.domain.probe.judging import DETAIL, TAG, Card, is_blank
from salesmanago_sync.domain.probe.people import LONGEST_LOCAL_PART, NAME
from salesmanago_sync.steps.probe.throw_aways import ThrowAways

STREET, ZIP, CITY = "Long Street 1", "00-001", "Warsaw"


def ask_emptying(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Fill a contact, send an empty text, then null, and leave parts of the address out."""
    role = "card"
    filled = contacts.make(role, **_filled("1", ZIP))
    emptied = contacts.write(role, "p2", **_filled("", ""))
    nulled = (
        contacts.write(role, "p3", **_filled(None, None))
        if any(not is_blank(one) for one in _places(emptied))
        else emptied
    )
    first, second, third = (_places(card) for card in (filled, emptied, nulled))
    verdicts = [judging.emptying(*three) for three in zip(first, second, third, strict=True)]
    return {
        "empty_field": _agreed(verdicts[:3]),
        "empty_address": verdicts[3],
        "empty_detail": verdicts[4],
        "address_parts": _address_parts(contacts, role, nulled),
    }


def _filled(text: str | None, zip_code: str | None) -> dict[str, Any]:
    """Write the same into every kind of place; the whole address, so that nothing of it is left out."""
    address = {"streetAddress": STREET, "zipCode": zip_code, "city": CITY}
    return {
        "contact": {"phone": text, "company": text, "address": address},
        "province": text,
        "properties": {DETAIL: text},
    }


def _places(card: Card) -> list[object]:
    return [
        card.get("phone"),
        card.get("company"),
        card.get("province"),
        judging.part(card, "zipCode"),
        judging.detail(card),
    ]


def _agreed(verdicts: list[Conclusion]) -> Conclusion:
    """Take the verdict on phone, company and province, where it is one."""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    return unclear(f"phone: {verdicts[0].answer}, company: {verdicts[1].answer}, province: {verdicts[2].answer}")


def _address_parts(contacts: ThrowAways, role: str, before: Card) -> Conclusion:
    """Change the city and leave the street out, by either method that the sync writes by."""
    many = contacts.write(role, "p4", {"address": {"city": "Krakow"}})
    if is_blank(judging.part(many, "streetAddress")):
        contacts.write(role, "p5", {"address": {"streetAddress": STREET, "city": "Krakow"}})
    one = contacts.write_alone(role, "p6", {"address": {"city": "Lublin"}})
    return judging.address_parts(*(judging.part(card, "streetAddress") for card in (before, many, one)))


def ask_consent(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Make a contact as the sync does, and look how it stands."""
    return {"new_consent": judging.new_consent(contacts.make("new"))}


def ask_refused_rows(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Send a batch with an address that is too long."""
    good, bad = contacts.name("good"), contacts.name("x" * (LONGEST_LOCAL_PART - len(NAME)))
    try:
        named = contacts.requests.write([{"contact": {"email": email, "name": "p1"}} for email in (good, bad)])
    except RefusedError:
        named = None
    return {"refused_rows": judging.refused_rows(named, good.lower(), bad.lower())}


def ask_tag_case(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Add a tag of mixed case, and remove it in upper case."""
    contacts.make("tags", tags=[TAG])
    spelled = judging.tags(contacts.shown("tags", lambda card: bool(judging.tags(card))))
    left = judging.tags(contacts.write("tags", "p2", removeTags=[TAG.upper()]))
    return {"tag_case": judging.tag_case(spelled, left)}


def ask_address_case(contacts: ThrowAways) -> dict[str, Conclusion]:
    """Write one address in two spellings."""
    lower = contacts.name("case")
    mixed = lower.replace(NAME, NAME.title())
    contacts.note(mixed)
    ids = [contacts.requests.write_alone({"contact": {"email": email, "name": "p1"}}) for email in (mixed, lower)]
    return {"address_case": judging.address_case(*ids)}
