from __future__ import annotations

from xml.parsers.expat import ExpatError

import pytest
import requests
from simple_salesforce.api import Salesforce as Connection
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from salesmanago_sync.clients.http import RetryPolicy
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError
from tests.unit.clients.service import Answer, Reply, Service, refusal

EXPIRED = refusal("INVALID_SESSION_ID", "Session expired or invalid", 401)
GOOD = Reply({"ok": 1})


class Door:
    """Counts log-ins; each gives a new token, unless an error is waiting."""

    def __init__(self, service: Service, *errors: Exception) -> None:
        self.service, self.errors, self.opened = service, list(errors), 0

    def __call__(self) -> Connection:
        self.opened += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.service.connection(f"token-{self.opened}")


def opened(policy: RetryPolicy, answers: list[Answer], *errors: Exception) -> tuple[Salesforce, Door]:
    door = Door(Service(answers), *errors)
    return Salesforce(door, policy), door


def test_nothing_is_sent_before_the_first_request(policy: RetryPolicy) -> None:
    _, door = opened(policy, [])
    assert door.opened == 0


@pytest.mark.parametrize("expired", [EXPIRED, Reply(b"<html>", 401), Reply({"error": "x"}, 401)])
def test_a_session_that_ran_out_is_made_again_once(policy: RetryPolicy, expired: Reply) -> None:
    client, door = opened(policy, [GOOD, expired, GOOD])
    client.limits()
    assert client.limits() == {"ok": 1}
    tokens = [call.headers["Authorization"] for call in door.service.calls]
    assert tokens == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_write_keeps_its_body_and_headers_over_a_new_log_in(policy: RetryPolicy) -> None:
    client, door = opened(policy, [EXPIRED, Reply([{"success": True, "id": "003A", "errors": []}])])
    assert client.create("Contact", [{"LastName": "A"}])[0].ok
    first, second = door.service.calls
    assert first.body == second.body
    assert second.headers["Sforce-Auto-Assign"] == "FALSE"


def test_a_storm_of_401_ends(policy: RetryPolicy) -> None:
    client, door = opened(policy, [EXPIRED] * 50)
    with pytest.raises(AuthenticationError, match="INVALID_SESSION_ID"):
        client.limits()
    assert (door.opened, len(door.service.calls)) == (2, 2)


@pytest.mark.parametrize("code", ["INVALID_LOGIN", "invalid_grant", 400])
def test_refused_credentials_stop_the_run(policy: RetryPolicy, code: str | int) -> None:
    client, door = opened(policy, [], SalesforceAuthenticationFailed(code, "no jan@example.com <body>"))
    with pytest.raises(AuthenticationError) as caught:
        client.limits()
    assert door.opened == 1
    assert str(code) in str(caught.value)
    assert ("no <e-mail>" in str(caught.value)) is isinstance(code, str), "a page instead of words is not told"
    assert "example.com" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "error",
    [
        SalesforceAuthenticationFailed("SERVER_UNAVAILABLE", "later"),
        SalesforceAuthenticationFailed("LOGIN_RATE_EXCEEDED", "later"),
        SalesforceAuthenticationFailed(503, "<html>"),
        SalesforceAuthenticationFailed(429, "<html>"),
        requests.exceptions.ReadTimeout("https://x?jan@example.com"),
    ],
)
def test_a_busy_log_in_is_tried_again(policy: RetryPolicy, error: Exception) -> None:
    client, door = opened(policy, [GOOD], error)
    assert client.limits() == {"ok": 1}
    assert door.opened == 2


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.JSONDecodeError("no JSON of jan@example.com", "", 0),
        KeyError("access_token"),
        AttributeError("'list' object has no attribute 'get'"),
        ExpatError("not well-formed"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        RecursionError("maximum recursion depth exceeded"),
    ],
)
def test_an_answer_to_the_log_in_that_cannot_be_read_is_our_own_error(policy: RetryPolicy, error: Exception) -> None:
    client, door = opened(policy, [], *[error] * 50)
    with pytest.raises(RetriableError, match="log-in: the answer cannot be read"):
        client.limits()
    assert door.opened == 4


def test_a_certificate_that_is_not_trusted_is_told_at_once(policy: RetryPolicy) -> None:
    client, door = opened(policy, [], requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED for x?q=1"))
    with pytest.raises(FatalError, match="REQUESTS_CA_BUNDLE"):
        client.limits()
    assert door.opened == 1


def test_a_log_in_that_stays_busy_ends(policy: RetryPolicy) -> None:
    client, door = opened(policy, [], *[requests.exceptions.ConnectTimeout("x")] * 50)
    with pytest.raises(RetriableError, match="log-in"):
        client.limits()
    assert door.opened == 4
