from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.twin.conftest import Api

Refused = Callable[..., str]


def test_a_new_contact_is_a_prospect_that_is_opted_in(api: Api) -> None:
    card = api.card(api.upsert("jan@example.com"))
    assert (card["state"], card["score"], card["optedOut"], card["name"]) == ("PROSPECT", 0, False, None)


def test_an_upsert_finds_the_contact_whatever_the_case_of_its_address(api: Api) -> None:
    first = api.upsert("Jan@Example.com", {"name": "Jan"})
    assert api.upsert(" jan@example.COM ", {"phone": "1"}) == first
    card = api.card(first)
    assert (card["email"], card["name"], card["phone"]) == ("Jan@Example.com", "Jan", "1")


def test_everything_that_is_written_is_read_back(api: Api) -> None:
    contact = {
        "name": "Jan Kowalski",
        "phone": "+48123456789",
        "fax": "+48123456780",
        "company": "Example Ltd",
        "externalId": "003XX000004TmiQ",
        "state": "CUSTOMER",
        "address": {"streetAddress": "Long 1", "zipCode": "00-001", "city": "Warsaw", "country": "PL"},
    }
    number = api.upsert(
        "jan@example.com",
        contact,
        properties={"job_title": "CTO", "age": 44, "vip": True},
        birthday="19800107",
        province="Mazowieckie",
        tags=["crm", "Newsletter"],
    )
    card = api.card(number)
    assert {key: card[key] for key in contact} == contact
    assert card["properties"] == [
        {"name": "job_title", "value": "CTO"},
        {"name": "age", "value": "44"},
        {"name": "vip", "value": "true"},
    ]
    assert (card["birthdayYear"], card["birthdayMonth"], card["birthdayDay"]) == ("1980", "1", "7")
    assert card["province"] == "Mazowieckie"
    assert [tag["tag"] for tag in card["contactTags"]] == ["CRM", "NEWSLETTER"]


def test_what_a_request_leaves_out_stays(api: Api) -> None:
    number = api.upsert("jan@example.com", {"phone": "1", "address": {"city": "Warsaw"}}, tags=["A"])
    api.upsert("jan@example.com", {"fax": "2", "address": {"country": "PL"}}, properties={"k": "v"})
    card = api.card(number)
    assert (card["phone"], card["fax"], card["address"]["city"], card["address"]["country"]) == (
        "1",
        "2",
        "Warsaw",
        "PL",
    )
    assert [tag["tag"] for tag in card["contactTags"]] == ["A"]


@pytest.mark.parametrize(("clear", "name", "kept"), [("clears", None, []), ("ignored", "Jan", ["k"])])
def test_an_empty_text_clears_where_the_switch_says_so(api: Api, clear: str, name: str | None, kept: list[str]) -> None:
    api.settings(clear=clear)
    number = api.upsert("jan@example.com", {"name": "Jan"}, properties={"k": "v"})
    api.upsert("jan@example.com", {"name": ""}, properties={"k": ""})
    card = api.card(number)
    assert card["name"] == name
    assert [one["name"] for one in card["properties"]] == kept


def test_null_changes_nothing(api: Api) -> None:
    number = api.upsert("jan@example.com", {"name": "Jan"}, properties={"k": "v"})
    before = api.card(number)
    api.upsert("jan@example.com", {"name": None, "address": None}, properties={"k": None}, birthday=None, tags=None)
    assert api.card(number) == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"contact": {}}, "No email specified"),
        ({"contacts": [{"email": "jan@example.com"}]}, "No email specified"),
        ({"contact": {"email": "  "}}, "No email specified"),
        ({"contact": {"email": "jan"}}, "Email is not valid"),
        ({"contact": {"email": "jan@nowhere"}}, "Email is not valid"),
        ({"contact": {"email": f"{'j' * 65}@example.com"}}, "Email is not valid"),
        ({"contact": {"email": "jan@example.com", "state": "FRIEND"}}, "State is not valid"),
        ({"contact": {"email": "jan@example.com"}, "birthday": "19801301"}, "Birthday is not valid"),
        ({"contact": {"email": "jan@example.com"}, "birthday": "１９８００１０１"}, "Birthday is not valid"),
        ({"contact": {"email": "jan@example.com"}, "birthday": "1980-01-01"}, "Birthday is not valid"),
        ({"contact": {"email": "jan@example.com", "name": "x" * 256}}, "Field name is too long: the limit is 255"),
        (
            {"contact": {"email": "jan@example.com"}, "properties": {"k": "x" * 256}},
            "Field k is too long: the limit is 255",
        ),
        ({"contact": {"email": "jan@example.com", "name": ["x"]}}, "A value is not a text"),
        ({"contact": "jan@example.com"}, "contact is not an object"),
        ({"contact": {"email": "jan@example.com"}, "tags": {"a": 1}}, "Tags are not a list"),
    ],
)
def test_what_cannot_be_written_is_refused_whole(
    api: Api, refusal: Refused, body: dict[str, Any], message: str
) -> None:
    assert refusal("contact/upsert", **body) == message
    assert api.twin.control.get("/salesmanago/contacts") == []


def test_a_birthday_may_lack_the_year(api: Api) -> None:
    card = api.card(api.upsert("jan@example.com", birthday="0229"))
    assert (card["birthdayYear"], card["birthdayMonth"], card["birthdayDay"]) == (None, "2", "29")


def test_a_new_address_keeps_the_id(api: Api) -> None:
    number = api.upsert("jan@example.com", {"name": "Jan"})
    assert api.upsert("jan@example.com", newEmail="jan@example.pl") == number
    assert api.card(number)["email"] == "jan@example.pl"
    assert api.call("contact/hasContact", email="jan@example.com")["result"] is False


@pytest.mark.parametrize("new", ["", None, "JAN@example.com"])
def test_a_new_address_that_is_none_changes_nothing(api: Api, new: str | None) -> None:
    number = api.upsert("jan@example.com")
    assert api.upsert("jan@example.com", newEmail=new) == number
    assert api.card(number)["email"] == "jan@example.com"


def test_a_new_address_of_somebody_else_is_refused(api: Api, refusal: Refused) -> None:
    api.upsert("jan@example.com")
    api.upsert("ewa@example.com")
    row = {"contact": {"email": "jan@example.com"}, "newEmail": "EWA@example.com"}
    assert refusal("contact/upsert", **row) == "Email already exists"


def test_insert_wants_a_new_contact_and_update_a_known_one(api: Api, refusal: Refused) -> None:
    assert refusal("contact/update", email="jan@example.com", contact={"name": "J"}) == "Contact does not exist"
    number = api.call("contact/insert", contact={"email": "jan@example.com"})["contactId"]
    assert refusal("contact/insert", contact={"email": "jan@example.com"}) == "Contact already exists"
    assert api.call("contact/update", email="jan@example.com", contact={"name": "J"})["contactId"] == number
    assert api.card(number)["name"] == "J"


@pytest.mark.parametrize(
    ("flags", "out"),
    [
        ({}, True),
        ({"forceOptIn": False, "forceOptOut": False}, True),
        ({"forceOptIn": True, "forceOptOut": False}, False),
        ({"forceOptIn": True, "forceOptOut": True}, True),
    ],
)
def test_opt_flags_on_somebody_who_is_opted_out(api: Api, flags: dict[str, bool], out: bool) -> None:
    number = api.upsert("jan@example.com", forceOptOut=True)
    api.upsert("jan@example.com", **flags)
    assert api.card(number)["optedOut"] is out
    assert api.card(number)["optedOutPhone"] is False


def test_a_new_contact_without_flags_follows_the_switch(api: Api) -> None:
    api.settings(new_opted_out=True)
    assert api.card(api.upsert("jan@example.com"))["optedOut"] is True
    assert api.card(api.upsert("ewa@example.com", forceOptIn=True))["optedOut"] is False


def test_a_batch_is_answered_by_address(api: Api) -> None:
    rows = [{"contact": {"email": f"p{n}@example.com"}, "tags": ["crm"]} for n in range(3)]
    envelope = api.call("contact/batchupsert", upsertDetails=rows, useApiDoubleOptIn=False)
    assert list(envelope["contactIds"]) == ["p0@example.com", "p1@example.com", "p2@example.com"]
    assert [tag["tag"] for tag in api.card(envelope["contactIds"]["p1@example.com"])["contactTags"]] == ["CRM"]


@pytest.mark.parametrize(("switch", "told"), [("missing", {"a@example.com"}), ("null", {"a@example.com", "bad"})])
def test_bad_rows_of_a_batch_follow_the_switch(api: Api, switch: str, told: set[str]) -> None:
    api.settings(bad_rows=switch)
    rows = [{"contact": {"email": "bad"}}, {"contact": {"email": "a@example.com"}}, {"contact": {}}]
    ids = api.call("contact/batchupsert", upsertDetails=rows)["contactIds"]
    assert set(ids) == told
    assert ids.get("bad") is None


def test_a_batch_may_be_refused_whole(api: Api, refusal: Refused) -> None:
    api.settings(bad_rows="refuse_all")
    rows = [{"contact": {"email": "a@example.com"}}, {"contact": {"email": "bad"}}]
    assert refusal("contact/batchupsert", upsertDetails=rows) == "Email is not valid"
    assert api.twin.control.get("/salesmanago/contacts") == []


def test_the_same_address_twice_in_a_batch_is_one_contact(api: Api) -> None:
    rows = [{"contact": {"email": "a@example.com", "name": name}} for name in ("One", "Two")]
    (number,) = api.call("contact/batchupsert", upsertDetails=rows)["contactIds"].values()
    assert api.card(number)["name"] == "Two"


def test_batches_send_confirmation_mails_unless_told_not_to(api: Api) -> None:
    row = [{"contact": {"email": "a@example.com"}}]
    api.call("contact/batchupsert", upsertDetails=row, useApiDoubleOptIn=False)
    assert api.twin.control.get("/salesmanago/confirmations") == []
    api.call("contact/batchupsert", upsertDetails=row)
    assert api.twin.control.get("/salesmanago/confirmations") == ["a@example.com"]


def test_a_queued_batch_tells_its_number_only(api: Api) -> None:
    envelope = api.call("contact/batchupsertv2", upsertDetails=[{"contact": {"email": "a@example.com"}}])
    assert set(envelope) == {"success", "message", "requestId"}
    assert api.call("contact/hasContact", email="a@example.com")["result"] is True


def test_a_permanent_delete_leaves_nothing(api: Api) -> None:
    number = api.upsert("jan@example.com")
    assert api.call("contact/delete", email="jan@example.com", permanently=True)["success"] is True
    assert api.call("contact/hasContact", email="jan@example.com") == {
        "success": True,
        "message": [],
        "result": False,
        "contactId": None,
    }
    assert api.upsert("jan@example.com") != number


def test_a_soft_delete_marks_the_card_until_it_is_written_again(api: Api) -> None:
    number = api.upsert("jan@example.com")
    api.call("contact/delete", email="jan@example.com", permanently=False)
    assert api.card(number)["deleted"] is True
    assert api.upsert("jan@example.com") == number
    assert api.card(number)["deleted"] is False


def test_many_are_deleted_by_address_id_and_tag(api: Api) -> None:
    ids = [api.upsert(f"p{n}@example.com", tags=["gone"] if n == 2 else []) for n in range(4)]
    addressees = [
        {"addresseeType": "EMAIL", "value": "P0@example.com"},
        {"addresseeType": "contact_id", "value": ids[1]},
        {"addresseeType": "tag", "value": "Gone"},
    ]
    api.call("contact/batchDelete", contacts=addressees, permanently=True)
    assert [card["id"] for card in api.twin.control.get("/salesmanago/contacts")] == [ids[3]]


def test_tags_are_managed_without_the_rest(api: Api) -> None:
    number = api.upsert("jan@example.com", tags=["a", "b"])
    api.call("contact/managetags", email="jan@example.com", tags=["c"], removeTags=["A"])
    assert [tag["tagWithScore"] for tag in api.card(number)["contactTags"]] == ["B (1)", "C (1)"]
    api.upsert("jan@example.com", tags=["c"], tagScoring=True)
    assert api.card(number)["contactTags"][1]["score"] == 2


def test_one_tag_is_added_and_removed(api: Api, refusal: Refused) -> None:
    number = api.upsert("jan@example.com", tags=["a"])
    assert api.call("contact/addTag", email="jan@example.com", tag="New one")["contactId"] == number
    api.call("contact/deleteTag", contactId=number, tag="A")
    assert [tag["tag"] for tag in api.card(number)["contactTags"]] == ["NEW ONE"]
    assert refusal("contact/addTag", email="nobody@example.com", tag="A") == "Contact does not exist"
    assert refusal("contact/addTag", email="jan@example.com", tag=" ") == "No tag specified"


def test_a_contact_gets_another_main_owner(api: Api, refusal: Refused) -> None:
    number = api.upsert("jan@example.com")
    mine, other = api.known["owner"], "second@example.com"
    api.settings(users=[mine, other])
    assert refusal("contact/setMainOwner", contact="jan@example.com", newOwner="nobody@example.com")
    api.call("contact/setMainOwner", contact="jan@example.com", newOwner=other.upper())
    assert api.card(number)["mainContactOwner"] == other


def test_a_task_is_added_changed_and_deleted(api: Api, refusal: Refused) -> None:
    api.upsert("jan@example.com")
    task = {"contactEmail": "jan@example.com", "note": "Call back", "date": 1_700_000_000_000}
    number = api.call("contact/updateTask", smContactTaskReq={**task, "id": False})["taskId"]
    assert api.call("contact/updateTask", smContactTaskReq={**task, "id": number, "note": "x"})["taskId"] == number
    assert api.call("contact/updateTask", smContactTaskReq={"id": number}, finished=True)["taskId"] == number
    assert refusal("contact/updateTask", smContactTaskReq={**task, "id": number}) == "Task does not exist"


def test_who_is_monitored_is_counted(api: Api) -> None:
    for number in range(2):
        api.upsert(f"p{number}@example.com")
    some = [{"addresseeType": "EMAIL", "value": "p0@example.com"}]

    def counts() -> tuple[int, int]:
        told = api.call("contact/recentActivity", **{"from": 0, "to": 1, "allVisits": True})["recentActivity"]
        return told["monitoredContacts"], told["totalContacts"]

    assert counts() == (2, 2)
    api.call("contact/stopMonitoring", contacts=some)
    assert counts() == (1, 2)
    api.call("contact/restoreMonitoring", contacts=some)
    assert counts() == (2, 2)


def test_a_note_is_told_in_the_message(api: Api) -> None:
    number = api.upsert("jan@example.com")
    envelope = api.call("contact/addNote", contactId=number, note="Call back", priv=True)
    assert (envelope["success"], len(envelope["message"])) == (True, 1)
    assert api.card(number)["contactNotes"][0]["note"] == "Call back"


@pytest.mark.parametrize(
    ("method", "field", "out"),
    [
        ("optout", "optedOut", True),
        ("optin", "optedOut", False),
        ("phoneoptout", "optedOutPhone", True),
        ("phoneoptin", "optedOutPhone", False),
    ],
)
def test_consent_methods_need_no_owner(api: Api, method: str, field: str, out: bool) -> None:
    number = api.upsert("jan@example.com", forceOptOut=not out, forcePhoneOptOut=not out)
    anonymous = {key: value for key, value in api.credentials.items() if key != "owner"}
    envelope = api.post(f"contact/{method}", anonymous | {"email": "jan@example.com"}).json()
    assert envelope == {"success": True, "message": [], "contactId": number}
    assert api.card(number)[field] is out


def test_consents_of_many(api: Api) -> None:
    ids = {f"p{n}@example.com": api.upsert(f"p{n}@example.com") for n in range(2)}
    assert api.call("contact/batchoptout", emails=[*ids, "x@example.com"])["contactIds"] == ids
    assert all(api.card(number)["optedOut"] for number in ids.values())
    api.call("contact/batchoptin", emails=list(ids))
    assert not any(api.card(number)["optedOut"] for number in ids.values())


@pytest.mark.parametrize(
    ("switch", "kept"),
    [({}, " ab cd"), ({"keeps": "trimmed"}, "ab cd"), ({"keeps": "upper"}, " AB CD"), ({"cut_at": 3}, " ab")],
)
def test_an_account_may_change_texts_on_the_way_in(api: Api, switch: dict[str, Any], kept: str) -> None:
    api.settings(**switch)
    card = api.card(
        api.upsert("a@example.com", {"externalId": " ab cd", "company": " ab cd"}, properties={"note": " ab cd"})
    )
    assert (card["company"], card["properties"][0]["value"], card["externalId"]) == (kept, kept, " ab cd")
