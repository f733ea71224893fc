from __future__ import annotations

import json
import time
from pathlib import Path

import jwt
import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceRefusedRequest,
)

from twin.salesforce import Org
from twin.state import State


def test_soap_wants_the_password_with_the_token(session: requests.Session, state: State) -> None:
    known = state.credentials.salesforce
    client = Salesforce(
        username=known.username,
        password=known.password,
        security_token=known.security_token,
        version="60.0",
        session=session,
    )
    assert client.query("SELECT Id FROM Organization")["records"][0]["Id"] == known.organization_id
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(
            username=known.username, password=known.password, security_token="x", version="60.0", session=session
        )


def test_soap_is_gone_from_version_65(session: requests.Session, state: State) -> None:
    known = state.credentials.salesforce
    with pytest.raises(SalesforceAuthenticationFailed, match="UNSUPPORTED_API_VERSION"):
        Salesforce(
            username=known.username,
            password=known.password,
            security_token=known.security_token,
            version="65.0",
            session=session,
        )


def test_jwt_is_checked_with_the_public_key(session: requests.Session, state: State, tmp_path: Path) -> None:
    known = state.credentials.salesforce
    client = Salesforce(
        username=known.username, consumer_key=known.consumer_key, privatekey=known.private_key, session=session
    )
    assert client.session_id in known.sessions
    other = tmp_path / "other.pem"
    other.write_text(type(known)().private_key)
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
        Salesforce(
            username=known.username, consumer_key=known.consumer_key, privatekey_file=str(other), session=session
        )


@pytest.mark.parametrize(
    ("claim", "value", "error"),
    [
        ("iss", "other", "invalid_client_id"),
        ("sub", "other@example.com", "invalid_grant"),
        ("exp", "1000000000", "invalid_grant"),
    ],
)
def test_jwt_claims_are_checked(session: requests.Session, state: State, claim: str, value: str, error: str) -> None:
    known = state.credentials.salesforce
    good = {
        "iss": known.consumer_key,
        "sub": known.username,
        "aud": "https://login.salesforce.com",
        "exp": str(int(time.time()) + 180),
    }
    answers = []
    for claims in (good, {**good, claim: value}):
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": _signed(claims, known.private_key),
        }
        answers.append(session.post("https://login.salesforce.com/services/oauth2/token", data=form))
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == error


def _signed(claims: dict[str, str], key: str) -> str:
    return jwt.api_jws.encode(json.dumps(claims).encode(), key, algorithm="RS256")


def test_client_credentials_open_a_session(session: requests.Session, state: State) -> None:
    known = state.credentials.salesforce
    client = Salesforce(
        consumer_key=known.consumer_key, consumer_secret=known.consumer_secret, domain="acme.my", session=session
    )
    assert client.sf_instance == "acme.my.salesforce.com"
    assert client.query("SELECT count() FROM Lead")["totalSize"] == 0
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(consumer_key=known.consumer_key, consumer_secret="x", domain="acme.my", session=session)


def test_password_opens_a_session(session: requests.Session, state: State) -> None:
    known = state.credentials.salesforce
    form = {
        "grant_type": "password",
        "client_id": known.consumer_key,
        "client_secret": known.consumer_secret,
        "username": known.username,
        "password": known.password,
    }
    url = "https://login.salesforce.com/services/oauth2/token"
    answer = session.post(url, data=form).json()
    assert answer["access_token"].startswith(known.organization_id[:15] + "!")
    refused = session.post(url, data={**form, "password": "x"})
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "authentication failure"},
    )


def test_a_closed_session_is_refused(client: Salesforce, state: State) -> None:
    state.credentials.salesforce.sessions.clear()
    with pytest.raises(SalesforceExpiredSession, match="Session expired or invalid"):
        client.restful("limits/", method="GET")


def test_an_org_without_api_says_so(client: Salesforce, org: Org) -> None:
    org.settings["api_enabled"] = False
    with pytest.raises(SalesforceRefusedRequest, match="API_DISABLED_FOR_ORG"):
        client.query("SELECT Id FROM Lead")


def test_userinfo_names_the_user(client: Salesforce, session: requests.Session, state: State) -> None:
    known = state.credentials.salesforce
    answer = session.get("https://x.salesforce.com/services/oauth2/userinfo", headers=client.headers).json()
    assert (answer["user_id"], answer["organization_id"]) == (known.user_id, known.organization_id)
    assert client.User.get(answer["user_id"])["Username"] == answer["preferred_username"]  # type: ignore[index]


def test_calls_are_counted_and_run_out(client: Salesforce, org: Org, state: State) -> None:
    org.settings["daily_limit"] = 2
    client.query("SELECT Id FROM Lead")
    assert client.api_usage["api-usage"].used == 1  # type: ignore[union-attr]
    assert client.limits()["DailyApiRequests"] == {"Max": 2, "Remaining": 0}
    with pytest.raises(SalesforceRefusedRequest, match=r"TotalRequests Limit exceeded\."):
        client.query("SELECT Id FROM Lead")
    state.clock.advance(25 * 3600)
    client.query("SELECT Id FROM Lead")
