from __future__ import annotations

from typing import Any

import pytest
import requests

from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError
from tests.unit.clients.service import Call, Reply

BATCH, SINGLE = "POST /api/contact/batchupsert", "POST /api/contact/upsert"
FLAGS = {"forceOptIn": False, "forceOptOut": False, "forcePhoneOptIn": False, "forcePhoneOptOut": False}


def row(email: str | None, **more: Any) -> dict[str, Any]:
    return {"contact": {"email": email, "name": "N"}, **more}


def rows(count: int) -> list[dict[str, Any]]:
    return [row(f"p{number}@example.com") for number in range(count)]


def no(text: str) -> Reply:
    return Reply({"success": False, "message": [text]})


def ids(call: Call) -> dict[str, str]:
    return {
        detail["contact"]["email"].upper(): f"id-{detail['contact']['email'].strip()}"
        for detail in call.body["upsertDetails"]
    }


def yes(**payload: Any) -> Reply:
    return Reply({"success": True, "message": [], **payload})


def accepting(call: Call) -> Reply:
    return yes(contactIds=ids(call)) if call.line == BATCH else yes(contactId=f"id-{call.body['contact']['email']}")


def test_rows_go_out_by_100_and_come_back_in_order(salesmanago) -> None:
    client, service = salesmanago(accepting)
    outcomes = client.upsert(rows(201))
    assert [outcome.id for outcome in outcomes] == [f"id-p{number}@example.com" for number in range(201)]
    assert all(outcome.ok for outcome in outcomes)
    assert [len(call.body["upsertDetails"]) for call in service.calls] == [100, 100, 1]


def test_nobody_gets_a_confirmation_mail_and_consents_stay(salesmanago) -> None:
    client, service = salesmanago(accepting)
    client.upsert([row("a@example.com", tags=["CRM"], forceOptOut=True, contactless=0)])
    body = service.calls[0].body
    assert (body["useApiDoubleOptIn"], body["async"], body["owner"]) == (False, False, "owner@example.com")
    assert body["upsertDetails"] == [
        {**FLAGS, "contact": {"email": "a@example.com", "name": "N"}, "tags": ["CRM"], "forceOptOut": True,
         "contactless": 0}
    ]  # fmt: skip


def test_one_address_never_comes_twice_in_a_request(salesmanago) -> None:
    client, service = salesmanago(accepting)
    outcomes = client.upsert([row("a@example.com"), row("b@example.com"), row(" A@Example.com ")])
    assert len(outcomes) == 3
    assert [len(call.body["upsertDetails"]) for call in service.calls] == [2, 1]


@pytest.mark.parametrize("gone", ["missing", "null"])
def test_a_row_that_the_batch_does_not_name_is_sent_alone(salesmanago, gone: str) -> None:
    def answer(call: Call) -> Reply:
        if call.line == SINGLE:
            return no("Field phone is longer than 255 characters")
        found: dict[str, Any] = ids(call)
        found.pop("B@EXAMPLE.COM")
        return yes(contactIds={**found, "b@example.com": None} if gone == "null" else found)

    client, service = salesmanago(answer)
    outcomes = client.upsert([row("a@example.com"), row("b@example.com"), row("c@example.com")])
    assert [outcome.reason for outcome in outcomes] == [None, "VALUE_TOO_LONG", None]
    assert service.lines == [BATCH, SINGLE]
    alone = service.calls[1].body
    assert alone["contact"]["email"] == "b@example.com"
    assert {name: alone[name] for name in FLAGS} == FLAGS
    assert (alone["useApiDoubleOptIn"], alone["async"]) == (False, False)


@pytest.mark.parametrize("answer", [no("Bad row"), yes(), yes(contactIds=None), yes(contactIds=[])])
def test_a_batch_refused_as_a_whole_is_sent_row_by_row(salesmanago, answer: Reply) -> None:
    client, service = salesmanago(
        lambda call: (
            answer if call.line == BATCH else accepting(call) if "a@" in str(call.body["contact"]) else no("Hm")
        )
    )
    outcomes = client.upsert([row("a@example.com"), row("b@example.com")])
    assert [outcome.reason for outcome in outcomes] == [None, "REFUSED_BY_SALESMANAGO"]
    assert service.lines == [BATCH, SINGLE, SINGLE]


@pytest.mark.parametrize("bad", [[7], [0, 99], [13, 14]])
def test_one_bad_row_costs_a_logarithm_of_requests_and_is_refused_alone_once(salesmanago, bad: list[int]) -> None:
    wrong = {f"p{number}@example.com" for number in bad}

    def answer(call: Call) -> Reply:
        sent = call.body["upsertDetails"] if call.line == BATCH else [call.body]
        refused = any(detail["contact"]["email"] in wrong for detail in sent)
        return no("Field phone is longer than 255 characters") if refused else accepting(call)

    client, service = salesmanago(answer)
    outcomes = client.upsert(rows(100))
    assert [number for number, outcome in enumerate(outcomes) if not outcome.ok] == bad
    assert {outcomes[number].reason for number in bad} == {"VALUE_TOO_LONG"}
    assert len(service.calls) <= 1 + 2 * 7 * len(bad)
    alone = [call.body["contact"]["email"] for call in service.calls if call.line == SINGLE]
    assert {email: alone.count(email) for email in wrong} == dict.fromkeys(wrong, 1)


def test_what_the_sync_itself_made_unreadable_is_not_sent_and_the_rest_goes(salesmanago) -> None:
    client, service = salesmanago(accepting)
    outcomes = client.upsert([*rows(7), row("n@example.com", properties={"age": float("nan")})])
    assert [outcome.reason for outcome in outcomes] == [None] * 7 + ["OWN_FAULT"]
    assert "n@example.com" not in str([call.body for call in service.calls])


@pytest.mark.parametrize("email", [None, "", "  "])
def test_without_an_address_nothing_is_sent(salesmanago, email: str | None) -> None:
    client, service = salesmanago(accepting)
    outcomes = client.upsert([row(email), row("a@example.com"), {"contact": {}}])
    assert [outcome.reason for outcome in outcomes] == ["NO_EMAIL", None, "NO_EMAIL"]
    assert service.lines == [BATCH]


@pytest.mark.parametrize("key", ["old@example.com", "NEW@example.com"])
def test_a_changed_address_is_found_under_either(salesmanago, key: str) -> None:
    client, service = salesmanago([yes(contactIds={key: "id-1"})])
    assert client.upsert([row("old@example.com", newEmail="new@example.com")])[0].id == "id-1"
    assert len(service.calls) == 1


def test_an_address_that_is_taken_is_told(salesmanago) -> None:
    client, _ = salesmanago([yes(contactIds={}), no("Email is already in use")])
    assert client.upsert([row("a@example.com", newEmail="b@example.com")])[0].reason == "EMAIL_TAKEN"


@pytest.mark.parametrize(
    "lost",
    [requests.exceptions.ReadTimeout(), Reply(b'{"success": tr'), Reply(b"oops", 502)],
    ids=["no", "half", "502"],
)
def test_an_upsert_is_repeated_as_it_was(salesmanago, lost: Any) -> None:
    client, service = salesmanago([lost, lost, yes(contactIds={"p0@example.com": "1"})])
    assert client.upsert(rows(1))[0].ok
    assert [call.body["upsertDetails"] for call in service.calls] == [service.calls[0].body["upsertDetails"]] * 3


def test_an_upsert_that_stays_lost_is_unknown_and_the_next_batch_goes_on(salesmanago) -> None:
    lost = requests.exceptions.ReadTimeout()
    client, service = salesmanago([lost, lost, lost, lost, yes(contactIds={"p100@example.com": "1"})])
    outcomes = client.upsert(rows(101))
    assert {outcome.reason for outcome in outcomes[:100]} == {"NO_ANSWER"}
    assert outcomes[100].ok
    assert len(service.calls) == 5


def test_a_single_upsert_that_is_lost_keeps_the_answers_of_its_batch(salesmanago) -> None:
    lost = requests.exceptions.ReadTimeout()
    client, _ = salesmanago([yes(contactIds={"p0@example.com": "1"}), lost, lost, lost, lost])
    assert [outcome.reason for outcome in client.upsert(rows(2))] == [None, "NO_ANSWER"]


def test_a_refused_log_in_later_keeps_what_is_known(salesmanago) -> None:
    client, _ = salesmanago([yes(contactIds={"p0@example.com": "1"}), no("Not authenticated")])
    assert [outcome.reason for outcome in client.upsert(rows(2))] == [None, "NO_ANSWER"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(no("Not authenticated"), AuthenticationError), (Reply(status=503), RetriableError), (Reply({}, 404), FatalError)],
)
def test_an_error_before_the_first_row_is_raised(salesmanago, reply: Reply, kind: type[Exception]) -> None:
    client, _ = salesmanago(lambda _: reply)
    with pytest.raises(kind):
        client.upsert(rows(2))


def test_a_success_without_an_id_is_not_believed(salesmanago) -> None:
    client, _ = salesmanago([yes(contactIds={}), yes(contactId=None)])
    assert client.upsert(rows(1))[0].reason == "NO_ANSWER"


def test_nothing_to_write_is_no_request(salesmanago) -> None:
    client, _ = salesmanago([])
    assert client.upsert([]) == []


def test_contacts_are_deleted_so_that_a_person_can_restore_them(salesmanago) -> None:
    # The service answers with an envelope, or with nothing at all.
    client, service = salesmanago([yes(result="Contact deleted"), Reply(), no("Contact does not exist")])
    outcomes = client.delete(["a@example.com", "b@example.com", "c@example.com"])
    assert [outcome.ok for outcome in outcomes] == [True, True, False]
    assert outcomes[2].reason == "REFUSED_BY_SALESMANAGO"
    assert service.lines == ["POST /api/contact/delete"] * 3
    assert service.calls[0].body["email"] == "a@example.com"
    assert service.calls[0].body["permanently"] is False
