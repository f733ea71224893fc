from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from salesmanago_sync.clients.http import (
    Replay,
    RetryPolicy,
    json_body,
    retry_after,
    send,
    status_error,
)
from salesmanago_sync.clients.session import new_session
from salesmanago_sync.errors import FatalError, OwnFaultError, RetriableError, SyncError, UnknownOutcomeError
from tests.unit.clients.service import Reply, Service


@pytest.mark.parametrize(
    ("body", "path", "field", "kind"),
    [
        ({"records": [{"Age__c": 1}, {"Age__c": float("nan")}]}, "records.1.Age__c", "Age__c", "nan"),
        ({"contact": {"name": float("-inf")}}, "contact.name", "name", "-inf"),
        ({"properties": {"when": datetime(2026, 1, 1, tzinfo=UTC)}}, "properties.when", "when", "datetime"),
        ([float("inf")], "0", "body", "inf"),
        (float("nan"), "the body", "body", "nan"),
    ],
)
@pytest.mark.parametrize("replay", list(Replay))
def test_what_is_no_json_is_our_own_fault_and_is_never_sent(
    body: object, path: str, field: str, kind: str, replay: Replay
) -> None:
    service = Service([])
    with pytest.raises(OwnFaultError) as caught:
        send(service.session(), "POST", "https://s.example.com/", where="Service", replay=replay, json=body)
    assert caught.value.field == field
    assert f"{path} is {kind}" in str(caught.value)
    assert "2026" not in str(caught.value), "a value never gets into an error"
    assert not replay.allows(caught.value)


def test_a_body_is_sent_as_json() -> None:
    service = Service([Reply({})])
    body = {"a": None, "b": 0, "c": "ł \U0001f600"}
    send(service.session(), "POST", "https://s.example.com/", where="Service", replay=Replay.READ, json=body)
    assert service.calls[0].body == body
    assert service.calls[0].headers["Content-Type"] == "application/json"


@contextmanager
def listening(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A machine that reads a request and sends raw bytes, one connection an answer."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.4)
    received: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = server.accept()
            except TimeoutError:  # nobody asks again
                return
            with connection:
                received.append(connection.recv(65_536))
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", received
    finally:
        thread.join(5)
        server.close()


def ask(url: str, replay: Replay, method: str = "POST") -> None:
    with new_session(connect=0.5, read=0.5) as session:
        send(session, method, f"{url}/path?q=jan@example.com", where="Service path", replay=replay, json={"a": 1})


@pytest.mark.parametrize(
    ("replay", "kind"),
    [(Replay.READ, RetriableError), (Replay.REPEATABLE, UnknownOutcomeError), (Replay.NEVER, UnknownOutcomeError)],
)
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"], ids=["reset", "half"])
def test_a_lost_answer_is_a_retry_for_reads_and_unknown_for_writes(
    answer: bytes, replay: Replay, kind: type[SyncError]
) -> None:
    with listening(answer, answer) as (url, received), pytest.raises(kind) as caught:
        ask(url, replay, "GET")
    assert len(received) == 1, "urllib3 must not send it again by itself"
    assert "example.com" not in str(caught.value)
    assert caught.value.__suppress_context__, "the library's error holds the address with its query"


def test_a_silent_service_is_not_waited_for_for_ever() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    with server, pytest.raises(UnknownOutcomeError, match="ReadTimeout"):
        ask(f"http://127.0.0.1:{server.getsockname()[1]}", Replay.NEVER)


def test_a_connection_that_was_never_made_is_safe_to_repeat_even_for_a_create() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(RetriableError, match="no connection"):
        ask(f"http://127.0.0.1:{port}", Replay.NEVER)


def test_an_address_that_is_none_says_so() -> None:
    with pytest.raises(FatalError, match="not usable"):
        ask("http://", Replay.READ)


def failing(*errors: Exception) -> tuple[list[Exception], object]:
    left = list(errors)

    def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return left, attempt


@pytest.mark.parametrize(
    ("error", "replay", "repeated"),
    [
        (RetriableError("busy"), Replay.NEVER, True),
        (RetriableError("busy"), Replay.READ, True),
        (UnknownOutcomeError("lost"), Replay.REPEATABLE, True),
        (UnknownOutcomeError("lost"), Replay.NEVER, False),
        (FatalError("no"), Replay.READ, False),
        (ValueError("a bug"), Replay.READ, False),
    ],
)
def test_only_what_may_be_repeated_is(error: Exception, replay: Replay, repeated: bool, policy: RetryPolicy) -> None:
    _, attempt = failing(error)
    if repeated:
        assert policy.run(attempt, replay) == "done"
    else:
        with pytest.raises(type(error)):
            policy.run(attempt, replay)


def test_repetition_ends(policy: RetryPolicy, waits: list[float]) -> None:
    left, attempt = failing(*[RetriableError("busy")] * 10)
    with pytest.raises(RetriableError):
        policy.run(attempt, Replay.READ)
    assert (len(left), len(waits)) == (6, 3)
    assert max(waits) <= 4.0


def test_what_the_service_asks_to_wait_is_waited(policy: RetryPolicy, waits: list[float]) -> None:
    _, attempt = failing(RetriableError("busy", retry_after=7))
    policy.run(attempt, Replay.READ)
    assert 7 <= waits[0] <= 8


def test_a_long_wait_is_left_to_the_task(policy: RetryPolicy, waits: list[float]) -> None:
    _, attempt = failing(RetriableError("busy", retry_after=3_600))
    with pytest.raises(RetriableError) as caught:
        policy.run(attempt, Replay.READ)
    assert (caught.value.retry_after, waits) == (3_600, [])


@pytest.mark.parametrize(
    ("status", "replay", "kind"),
    [
        (429, Replay.NEVER, RetriableError),
        (420, Replay.NEVER, RetriableError),
        (503, Replay.NEVER, RetriableError),
        (500, Replay.READ, RetriableError),
        (502, Replay.NEVER, UnknownOutcomeError),
        (504, Replay.REPEATABLE, UnknownOutcomeError),
        (301, Replay.READ, FatalError),
    ],
)
def test_what_a_status_means(status: int, replay: Replay, kind: type[SyncError]) -> None:
    assert type(status_error(answered(Reply({}, status)), "Service", replay)) is kind


@pytest.mark.parametrize("status", [200, 201, 400, 404])
def test_where_the_body_decides(status: int) -> None:
    assert status_error(answered(Reply({}, status)), "Service", Replay.READ) is None


def test_a_redirect_is_not_followed() -> None:
    assert answered(Reply(status=302, headers={"Location": "https://elsewhere.example.com/"})).status_code == 302


def test_html_is_no_answer() -> None:
    with pytest.raises(UnknownOutcomeError, match="not JSON"):
        json_body(answered(Reply(b"<html>jan@example.com</html>")), "Service", Replay.REPEATABLE)


@pytest.mark.parametrize(("value", "seconds"), [("12", 12.0), ("soon", None)])
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}) == seconds


def answered(reply: Reply):
    session = Service([reply]).session()
    return send(session, "GET", "https://service.example.com/", where="Service", replay=Replay.READ)
