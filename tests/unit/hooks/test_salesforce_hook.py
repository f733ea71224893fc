from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from salesmanago_sync.clients.session import TimedAdapter
from salesmanago_sync.errors import AuthenticationError, ConfigurationError
from salesmanago_sync.hooks import salesforce as module
from salesmanago_sync.hooks.salesforce import salesforce_client
from tests.unit.clients.service import Answer, Call, Reply, Service

CREDENTIALS = {"domain": "acme.my", "consumer_key": "key", "consumer_secret": "secret", "version": "66.0"}


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch):
    def make(extra: dict[str, Any], **fields: Any) -> None:
        value = {"conn_type": "salesforce", **fields, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", json.dumps(value))

    return make


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch):
    """An org behind the session that the hook makes."""
    sessions: list[requests.Session] = []

    def make(*answers: Answer) -> tuple[Service, list[requests.Session]]:
        service = Service(list(answers))

        def session(*_: Any, **__: Any) -> requests.Session:
            sessions.append(service.session())
            return sessions[-1]

        monkeypatch.setattr(module, "new_session", session)
        return service, sessions

    return make


class Form(Service):
    """A service whose log-in takes a form, not JSON."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        request.body = None
        return super().send(request)


TOKEN = Reply({"access_token": "tok", "instance_url": "https://acme.my.salesforce.com"})


def test_the_providers_own_log_in_is_used(connection, monkeypatch) -> None:
    service = Form([TOKEN, Reply({"limits": 1})])
    monkeypatch.setattr(module, "new_session", service.session)
    connection(CREDENTIALS)
    client = salesforce_client()
    assert service.calls == [], "making a client logs nobody in"
    assert client.limits() == {"limits": 1}
    assert [call.url for call in service.calls] == [
        "https://acme.my.salesforce.com/services/oauth2/token",
        "https://acme.my.salesforce.com/services/data/v66.0/limits",
    ]
    assert service.calls[1].headers["Authorization"] == "Bearer tok"


def test_a_second_log_in_is_a_real_one(connection, monkeypatch) -> None:
    expired = Reply([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], 401)
    other = Reply({"access_token": "other", "instance_url": "https://acme.my.salesforce.com"})
    service = Form([TOKEN, expired, other, Reply({"limits": 1})])
    monkeypatch.setattr(module, "new_session", service.session)
    connection(CREDENTIALS)
    salesforce_client().limits()
    assert service.calls[-1].headers["Authorization"] == "Bearer other"


def test_refused_keys_are_told(connection, monkeypatch) -> None:
    service = Form([Reply({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)])
    monkeypatch.setattr(module, "new_session", service.session)
    connection(CREDENTIALS)
    with pytest.raises(AuthenticationError, match="invalid_client: invalid client credentials"):
        salesforce_client().limits()


@pytest.mark.parametrize("version", [None, "", "v66.0", "66", "latest"])
def test_the_version_is_said_explicitly(connection, version: str | None) -> None:
    connection({**CREDENTIALS, "version": version})
    with pytest.raises(ConfigurationError, match="API Version"):
        salesforce_client()


def test_the_old_names_of_extras_are_read(connection) -> None:
    connection({"extra__salesforce__version": "66.0"})
    salesforce_client()


def test_no_complete_way_to_log_in_is_told(connection, org) -> None:
    org()
    connection({"version": "66.0", "security_token": ""}, login="me", password="pw")
    with pytest.raises(ConfigurationError, match="no way to log in is complete"):
        salesforce_client().limits()


@pytest.mark.parametrize("proxies", [{"https": "http://p.example.com:3128"}, '{"https": "http://p.example.com:3128"}'])
def test_proxies_are_used_although_the_session_is_ours(connection, org, proxies: Any, caplog) -> None:
    _, sessions = org()
    connection({**CREDENTIALS, "proxies": proxies, "domain": "login"})
    with pytest.raises(AuthenticationError):
        salesforce_client().limits()
    assert sessions[0].proxies == {"https": "http://p.example.com:3128"}


def test_proxies_that_are_no_json_are_a_fault(connection) -> None:
    connection({**CREDENTIALS, "proxies": "p.example.com:3128"})
    with pytest.raises(ConfigurationError, match="Proxies"):
        salesforce_client()


def test_the_session_never_waits_for_ever() -> None:
    adapter = module.new_session().get_adapter("https://acme.my.salesforce.com")
    assert isinstance(adapter, TimedAdapter)
    assert all(0 < seconds <= 120 for seconds in adapter.timeout)


def test_a_call_is_what_arrived() -> None:
    assert Call(requests.Request("GET", "https://x.example.com/a?q=1").prepare()).query == {"q": "1"}
