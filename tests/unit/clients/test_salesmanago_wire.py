from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import requests

from salesmanago_sync.clients.http import RetryPolicy
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.clients.salesmanago_errors import AUTHENTICATION, BUSY, ROWS, RefusedError, refused_contact
from salesmanago_sync.clients.salesmanago_wire import Credentials
from salesmanago_sync.clients.session import new_session
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError
from tests.unit.clients.service import Reply, Service

SECRET = "secret0secret0secret0"
ACCOUNT = Credentials("https://app2.salesmanago.com", "abcd1234efgh5678", SECRET, "owner@example.com")
USERS = Reply({"success": True, "message": [], "users": ["owner@example.com", {"email": "other@example.com"}]})


def no(*message: str) -> Reply:
    return Reply({"success": False, "message": list(message)})


def test_the_signature_is_the_vendors() -> None:
    assert ACCOUNT.sign("testkey1", 1_700_000_000.123) == {
        "clientId": "abcd1234efgh5678",
        "apiKey": "testkey1",
        "requestTime": 1_700_000_000_123,
        "sha": "0101a060b1ec46a6aba1dfd22bea68ce6dfc36db",
    }


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(ACCOUNT)


def test_users_come_as_texts_or_objects(salesmanago) -> None:
    client, service = salesmanago([USERS])
    assert client.users() == ["owner@example.com", "other@example.com"]
    call = service.calls[0]
    assert call.url == "https://app2.salesmanago.com/api/user/listByClient"
    assert call.body["owner"] == "owner@example.com"
    assert abs(call.body["requestTime"] / 1000 - time.time()) < 60
    assert SECRET not in str(call.body)


def test_it_says_who_asks() -> None:
    # A firewall before the vendor's hosts refuses the names of bare libraries.
    assert new_session().headers["User-Agent"] == "salesmanago-sync"


def test_the_clock_is_the_servers(salesmanago) -> None:
    client, _ = salesmanago([USERS])
    assert client.server_time() == datetime(2026, 11, 15, 12, tzinfo=UTC)


def test_each_request_is_signed_anew_even_a_repeated_one(salesmanago) -> None:
    client, service = salesmanago([requests.exceptions.ReadTimeout(), Reply(b"plain text", 500), USERS])
    client.users()
    assert len({call.body["apiKey"] for call in service.calls}) == 3
    assert len({call.body["sha"] for call in service.calls}) == 3
    assert client.calls == 3


@pytest.mark.parametrize("start", AUTHENTICATION)
def test_refused_credentials_stop_the_run_and_say_what_to_do(salesmanago, start: str) -> None:
    client, service = salesmanago([no(f"{start.capitalize()} for jan@example.com")])
    with pytest.raises(AuthenticationError) as caught:
        client.users()
    assert AUTHENTICATION[start] in str(caught.value)
    assert "example.com" not in str(caught.value)
    assert len(service.calls) == 1


def test_a_wrong_owner_is_told_from_a_wrong_secret(salesmanago) -> None:
    client, _ = salesmanago([no("Not authenticated, invalid owner")])
    with pytest.raises(AuthenticationError, match="Set Data Owner"):
        client.users()


@pytest.mark.parametrize("words", BUSY)
def test_a_rate_limit_in_words_is_waited_for(salesmanago, words: str) -> None:
    client, service = salesmanago([no(f"Your {words} was reached"), USERS])
    assert client.users()
    assert len(service.calls) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_service_asks_to_wait_is_waited(salesmanago, waits, status: int) -> None:
    client, _ = salesmanago([Reply(status=status, headers={"Retry-After": "9"}), USERS])
    client.users()
    assert 9 <= waits[0] <= 10


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (no("Strange things"), RefusedError, "was refused."),
        (Reply({"success": False, "message": "a text"}), RefusedError, "was refused."),
        (Reply({"success": "true"}), RefusedError, "no reason"),
        (Reply({}), RefusedError, "no reason"),
        (Reply({"success": False, "values": {"phone": "jan@example.com"}}), RefusedError, "was refused."),
        (Reply({"error": 1}, 400), FatalError, "HTTP 400"),
        (Reply(b"<html>", 404), FatalError, "Check the Endpoint"),
        (Reply(status=301, headers={"Location": "https://x.example.com"}), FatalError, "points elsewhere"),
        (Reply([1]), RetriableError, "not a JSON object"),
        (Reply(b"<html>"), RetriableError, "not JSON"),
        (Reply(status=500), RetriableError, "HTTP 500"),
    ],
)
def test_what_is_no_success(salesmanago, reply: Reply, kind: type[Exception], told: str) -> None:
    client, _ = salesmanago(lambda _: reply)
    with pytest.raises(kind) as caught:
        client.users()
    assert type(caught.value) is kind
    assert told in str(caught.value)
    assert "user/listByClient" in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (no("Sorry Jan, +48 601 657 778"), "Sorry Jan, +48 601 657 778"),
        (no("not authenticated, Jan"), "not authenticated, Jan"),
        (Reply({"success": False, "values": {"phone": "jan@example.com"}}), "(phone)"),
    ],
)
def test_the_words_of_a_refusal_are_beside_its_message(salesmanago, reply: Reply, words: str) -> None:
    client, _ = salesmanago(lambda _: reply)
    with pytest.raises(FatalError) as caught:
        client.users()
    assert caught.value.words == words
    assert "Jan" not in str(caught.value)
    assert "phone" not in str(caught.value)


def test_a_success_may_carry_a_message(salesmanago) -> None:
    client, _ = salesmanago([Reply({"success": True, "message": ["Welcome"], "users": []})])
    assert client.users() == []


@pytest.mark.parametrize(("words", "reason"), ROWS.items())
def test_what_is_said_about_a_contact(words: str, reason: str) -> None:
    outcome = refused_contact(RefusedError("SALESmanago contact/upsert", f"Sorry: {words.capitalize()} a@example.com"))
    assert (outcome.ok, outcome.reason) == (False, reason)
    assert "example.com" not in outcome.text
    assert reason in ISSUES


def test_what_nobody_has_heard_before_is_a_refusal() -> None:
    assert refused_contact(RefusedError("SALESmanago", "Strange")).reason == "REFUSED_BY_SALESMANAGO"


def test_nothing_that_signs_reaches_a_log(salesmanago, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    client, service = salesmanago([Reply(status=500), USERS])
    client.users()
    body = service.calls[-1].body
    assert caplog.text, "the retry is told"
    assert all(body[name] not in caplog.text for name in ("sha", "apiKey", "clientId"))


def test_every_request_waits_for_its_turn() -> None:
    service = Service(lambda _: USERS)
    client = Salesmanago(ACCOUNT, service.session(), pace=Pace(4))
    start = time.monotonic()
    for _ in range(5):
        client.users()
    assert time.monotonic() - start > 0.9


@pytest.mark.parametrize(
    ("status", "asked", "paused"),
    [(429, "7", 7.0), (420, None, 1.0), (503, "90", 60.0), (500, "7", None), (200, "7", None)],
)
def test_a_busy_service_holds_everybody_back(status: int, asked: str | None, paused: float | None) -> None:
    turns, headers = Given(), {} if asked is None else {"Retry-After": asked}
    service = Service([Reply(USERS.content, status, headers=headers)])
    client = Salesmanago(ACCOUNT, service.session(), RetryPolicy(attempts=1), Pace(1000, turns))
    with suppress(RetriableError):
        client.users()
    assert turns.paused == ([] if paused is None else [paused])


class Given:
    """Gives every turn at once, and notes how long nobody was to ask."""

    def __init__(self) -> None:
        self.paused: list[float] = []

    def reserve(self, count: int, every: float) -> float:
        return 0.0

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
