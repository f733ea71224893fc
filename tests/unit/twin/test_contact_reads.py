from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.twin.conftest import Api

Refused = Callable[..., str]

FULL = {
    *("id", "name", "email", "phone", "fax", "score", "state", "optedOut", "optedOutPhone", "deleted", "invalid"),
    *("company", "externalId", "address", "birthdayYear", "birthdayMonth", "birthdayDay", "province"),
    *("mainContactOwner", "contactVisits", "contactTags", "contactEvents", "emailMessages", "properties"),
    *("contactFunnels", "contactNotes", "contactTasks", "incomingEmailMessages", "contactExtEvents", "coupons"),
    *("smsMessages", "modifiedOn", "createdOn"),
}
BASIC = {
    *("name", "email", "phone", "fax", "score", "state", "optedOut", "optedOutPhone", "deleted", "invalid", "company"),
    *("externalId", "address", "contactId", "birthdayYear", "birthdayMonth", "birthdayDay", "modifiedOn", "createdOn"),
    "lastVisit",
}
DAY = 86_400


def now(api: Api) -> int:
    from datetime import datetime

    moment = datetime.fromisoformat(api.twin.control.get("/clock")["now"])
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize("method", ["list", "listAll"])
def test_full_cards_by_address(api: Api, method: str) -> None:
    number = api.upsert("jan@example.com", tags=["crm"])
    envelope = api.call(f"contact/{method}", email=["JAN@example.com", "nobody@example.com"])
    (card,) = envelope["contacts"]
    assert (set(card), card["id"], envelope["message"]) == (FULL, number, [])
    (tag,) = card["contactTags"]
    assert set(tag) == {"tag", "tagName", "score", "createdOn", "tagWithScore"}


@pytest.mark.parametrize("method", ["listById", "listAllById"])
def test_full_cards_by_id(api: Api, method: str) -> None:
    number = api.upsert("jan@example.com")
    (card,) = api.call(f"contact/{method}", contactId=["no-such-id", number])["contacts"]
    assert (set(card), card["email"]) == (FULL, "jan@example.com")


def test_light_cards(api: Api) -> None:
    number = api.upsert("jan@example.com", {"address": {"city": "Warsaw"}})
    bare = api.upsert("ewa@example.com")
    (card,) = api.call("contact/basic", email=["jan@example.com"])["contacts"]
    assert (set(card), card["contactId"], card["address"]["city"]) == (BASIC, number, "Warsaw")
    assert api.call("contact/basicById", id=[bare])["contacts"][0]["address"] is None


@pytest.mark.parametrize(
    ("method", "key"),
    [("list", "email"), ("listById", "contactId"), ("listAll", "email"), ("listAllById", "contactId")],
)
def test_more_than_fifty_are_refused(api: Api, refusal: Refused, method: str, key: str) -> None:
    assert api.call(f"contact/{method}", **{key: ["x"] * 50})["success"] is True
    assert refusal(f"contact/{method}", **{key: ["x"] * 51}) == "Too many contacts: the limit is 50"


def test_contacts_of_another_owner_are_seen_by_the_all_methods_only(api: Api) -> None:
    number = api.upsert("jan@example.com", owner="marketing@example.com")
    assert api.call("contact/listById", contactId=[number])["contacts"] == []
    assert (
        api.call("contact/listAllById", contactId=[number])["contacts"][0]["mainContactOwner"]
        == "marketing@example.com"
    )
    assert api.call("contact/hasContact", email="jan@example.com")["contactId"] == number
    api.upsert("jan@example.com")
    assert api.card(number)["mainContactOwner"] == "marketing@example.com"


def test_clocks_are_whole_seconds(api: Api) -> None:
    card = api.card(api.upsert("jan@example.com"))
    assert card["createdOn"] == card["modifiedOn"]
    assert card["createdOn"] % 1000 == 0
    assert abs(card["createdOn"] - now(api)) < 5000


@pytest.mark.parametrize(
    ("switches", "change", "moves"),
    [
        ({}, {"contact": {"name": "New"}}, True),
        ({}, {"contact": {"name": "Jan"}}, False),
        ({}, {"properties": {"k": "new"}}, True),
        ({}, {"birthday": "19800101"}, True),
        ({}, {"tags": ["new"]}, False),
        ({"tags_move_clock": True}, {"tags": ["new"]}, True),
        ({}, {"forceOptOut": True}, True),
        ({"optout_moves_clock": False}, {"forceOptOut": True}, False),
    ],
)
def test_what_moves_the_clock(api: Api, switches: dict[str, bool], change: dict[str, Any], moves: bool) -> None:
    api.settings(**switches)
    number = api.upsert("jan@example.com", {"name": "Jan"})
    before = api.card(number)
    api.twin.control.post("/clock", {"advance": 60})
    api.upsert(
        "jan@example.com",
        **{"contact": {}} | change | {"contact": {"email": "jan@example.com", **change.get("contact", {})}},
    )
    after = api.card(number)
    assert after["createdOn"] == before["createdOn"]
    assert (after["modifiedOn"] - before["modifiedOn"] >= 60_000) is moves


def test_windows_of_changes(api: Api) -> None:
    first = api.upsert("jan@example.com")
    start = api.card(first)["createdOn"]
    api.twin.control.post("/clock", {"advance": 3600})
    second = api.upsert("ewa@example.com")
    api.upsert("jan@example.com", {"name": "Jan"})
    window = {"from": start, "to": start + 1000}
    assert api.call("contact/createdContacts", **window)["createdContacts"] == [
        {"id": first, "email": "jan@example.com"}
    ]
    assert api.call("contact/modifiedContacts", **window)["modifiedContacts"] == []
    everything = api.call("contact/modifiedContacts", **{"from": start, "to": now(api)})["modifiedContacts"]
    assert {one["id"] for one in everything} == {first, second}


def test_windows_may_be_iso_times(api: Api, refusal: Refused) -> None:
    number = api.upsert("jan@example.com")
    window = {"from": "2020-01-01T00:00:00+01:00", "to": "2099-01-01T00:00:00Z"}
    assert api.call("contact/createdContacts", **window)["createdContacts"][0]["id"] == number
    assert refusal("contact/createdContacts", **{"from": "yesterday", "to": 1}) == "from is not a time"


def test_modified_contacts_page_by_page(api: Api, refusal: Refused) -> None:
    for number in range(5):
        api.upsert(f"p{number}@example.com")
    window = {"from": 0, "to": now(api) + 1000}
    pages = [api.call("contact/paginatedModifiedContacts", page=page, size=2, **window) for page in (1, 2, 3, 4)]
    assert [len(page["modifiedContacts"]) for page in pages] == [2, 2, 1, 0]
    assert [page["hasMore"] for page in pages] == [True, True, False, False]
    assert len({one["id"] for page in pages for one in page["modifiedContacts"]}) == 5
    assert refusal("contact/paginatedModifiedContacts", page=0, size=2, **window) == "page is not valid"
    assert refusal("contact/paginatedModifiedContacts", page=1, size=1001, **window).startswith("Page is too large")


def test_short_pages_lose_nobody(api: Api) -> None:
    for number in range(3):
        api.upsert(f"p{number}@example.com")
    api.twin.control.post("/faults", {"system": "salesmanago", "kind": "short_pages", "times": None, "size": 1})
    window = {"from": 0, "to": now(api) + 1000, "size": 1000}
    pages = [api.call("contact/paginatedModifiedContacts", page=page, **window) for page in (1, 2, 3)]
    assert [page["hasMore"] for page in pages] == [True, True, False]
    assert len({page["modifiedContacts"][0]["id"] for page in pages}) == 3


def test_everybody_page_by_page(api: Api) -> None:
    for number in range(3):
        api.upsert(f"p{number}@example.com")
    pages = [api.call("contact/paginatedListById", page=page, size=2)["contacts"] for page in (1, 2)]
    assert [len(page) for page in pages] == [2, 1]
    assert set(pages[0][0]) == FULL


def finished(api: Api, request_id: int) -> Any:
    envelope = api.call("job/status", requestId=request_id)
    assert envelope["message"] == []
    return api.session.get(envelope["fileUrl"], timeout=30).json()


def test_a_job_is_pending_then_has_a_file(api: Api) -> None:
    number = api.upsert("jan@example.com", {"name": "Jan", "phone": "1", "address": {"country": "PL"}})
    api.twin.control.post("/faults", {"system": "salesmanago", "kind": "job_pending", "polls": 2})
    started = api.call("contact/paginatedContactList/export", page=1, size=1000)
    assert set(started) == {"success", "message", "requestId"}
    for _ in range(2):
        pending = api.call("job/status", requestId=started["requestId"])
        assert (bool(pending["message"]), "fileUrl" in pending) == (True, False)
    row = {"success": True, "email": "jan@example.com", "exists": True, "id": number}
    row |= {"name": "Jan", "country": "PL", "phone": "1"}
    assert finished(api, started["requestId"]) == {"contacts": [row]}


def test_a_page_beyond_the_last_is_an_empty_file(api: Api) -> None:
    api.settings(job_polls=0)
    started = api.call("contact/paginatedContactList/export", page=7, size=1000)
    assert finished(api, started["requestId"]) == {"contacts": []}


def test_an_export_of_sections(api: Api) -> None:
    api.settings(job_polls=0)
    number = api.upsert("jan@example.com", tags=["crm"], properties={"k": "v"})
    api.upsert("ewa@example.com")
    order = {"contacts": [{"addresseeType": "tag", "value": "CRM"}]}
    order["data"] = [{"dataType": kind} for kind in ("CONTACT", "TAG", "PROPERTIES")]
    (entry,) = finished(api, api.call("contact/export/data", **order)["requestId"])
    assert set(entry[number]) == {"contactData", "tagData", "contactPropertiesData"}
    api.settings(null_contact_data=True)
    (entry,) = finished(api, api.call("contact/export/data", **order)["requestId"])
    assert entry[number]["contactData"] is None


def test_an_unknown_job_is_refused(refusal: Refused) -> None:
    assert refusal("job/status", requestId=1) == "Request does not exist"


@pytest.mark.parametrize("path", ["contact/tags", "v2/contact/tags"])
def test_tags_are_counted(api: Api, path: str) -> None:
    api.upsert("jan@example.com", tags=["a", "b"])
    api.upsert("ewa@example.com", tags=["b"])
    assert api.call(path)["tags"] == [{"tag": "A", "numberOfTagged": 1}, {"tag": "B", "numberOfTagged": 2}]


@pytest.mark.parametrize("clock", ["created", "modified"])
def test_an_account_may_cut_its_lists_or_mention_everybody_twice(api: Api, clock: str) -> None:
    for number in range(3):
        api.upsert(f"p{number}@example.com")
    window = {"from": 0, "to": 4_000_000_000_000}
    answer = f"{clock}Contacts"
    everybody = [one["email"] for one in api.call(f"contact/{answer}", **window)[answer]]
    assert sorted(everybody) == ["p0@example.com", "p1@example.com", "p2@example.com"]
    api.settings(list_limit=2)
    assert [one["email"] for one in api.call(f"contact/{answer}", **window)[answer]] == everybody[:2]
    api.settings(list_limit=None, list_twice=True)
    assert [one["email"] for one in api.call(f"contact/{answer}", **window)[answer]] == everybody * 2


def test_a_page_may_be_cut_inside(api: Api) -> None:
    for number in range(5):
        api.upsert(f"p{number}@example.com")
    api.settings(page_limit=2)
    pages = [api.call("contact/paginatedListById", page=page, size=4)["contacts"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 1, 0]
    window = {"from": 0, "to": 4_000_000_000_000, "page": 2, "size": 3}
    answer = api.call("contact/paginatedModifiedContacts", **window)
    assert (len(answer["modifiedContacts"]), answer["hasMore"]) == (2, False)
