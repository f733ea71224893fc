from __future__ import annotations

from datetime import UTC, datetime

import pytest
from simple_salesforce.api import Salesforce as Connection

from salesmanago_sync.clients.clock import server_date
from salesmanago_sync.clients.http import RetryPolicy
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.session import Session
from salesmanago_sync.errors import FatalError
from tests.unit.clients.service import Reply, Service


def test_the_clock_is_the_servers() -> None:
    assert server_date({"Date": "Sun, 15 Nov 2026 12:00:00 GMT"}, "S").isoformat() == "2026-11-15T12:00:00+00:00"
    with pytest.raises(FatalError, match="Date"):
        server_date({}, "S")


def test_a_session_notes_what_time_it_was_told() -> None:
    session = Session()
    session.mount("https://", Service([Reply({}), Reply({}, headers={"Date": "yesterday"})]))
    assert session.heard_at is None
    session.get("https://s.example.com/")
    assert session.heard_at == datetime(2026, 11, 15, 12, tzinfo=UTC)
    session.get("https://s.example.com/")
    assert session.heard_at is None, "an answer that tells no time"


def test_a_log_in_tells_the_time_of_salesforce(policy: RetryPolicy) -> None:
    session = Session()
    session.mount("https://", Service([Reply({"access_token": "token"})]))

    def connect() -> Connection:
        session.post("https://s.example.com/services/oauth2/token")
        return Connection(instance_url="https://s.example.com", session_id="token", session=session, version="66.0")

    client = Salesforce(connect, policy)
    assert client.server_time() == datetime(2026, 11, 15, 12, tzinfo=UTC)
    assert client.calls == 0
