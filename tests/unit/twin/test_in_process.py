"""The twin in the same process answers as it does over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.twin_in_process import TwinInProcess
from tests.twin_server import TwinServer
from tests.unit.twin.conftest import Api

QUERY = "SELECT Id, LastName, Email FROM Lead ORDER BY Id"
# What differs by itself: ids of contacts, addresses of the servers, and the time.
OWN = {"requestId", "contactId", "id", "Date", "CreatedDate", "createdOn", "modifiedOn"}


@pytest.fixture
def inner() -> TwinInProcess:
    return TwinInProcess()


@pytest.fixture
def both(twin: TwinServer, inner: TwinInProcess) -> Iterator[list[Api]]:
    callers = [Api(twin), Api(inner)]
    callers[0].session.verify = twin.ca
    for scheme in ("http://", "https://"):
        callers[1].session.mount(scheme, inner.adapter())
    yield callers
    for caller in callers:
        caller.session.close()


def salesforce(api: Api, method: str, path: str, **how: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {api.twin.salesforce['access_token']}"}
    return api.session.request(method, f"{api.twin.https}/services/data/v66.0/{path}", headers=headers, **how)


def alike(answer: requests.Response) -> tuple[int, str, Any]:
    body = answer.json() if answer.content else None
    return answer.status_code, answer.headers.get("Content-Type", ""), plain(body)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key not in OWN}
    return [plain(one) for one in value] if isinstance(value, list) else value


def test_both_answer_alike(both: list[Api]) -> None:
    told = []
    for api in both:
        made = api.twin.control.post(
            "/salesforce/Lead", {"LastName": "Łoś", "Company": "Acme", "Email": "a@example.com"}
        )
        row = {"contact": {"email": "a@example.com", "name": "Łoś"}, "properties": {"note": "ą & b"}}
        told.append(
            [
                made,
                alike(salesforce(api, "GET", "query", params={"q": QUERY})),
                alike(salesforce(api, "GET", "query", params={"q": "SELECT Nothing FROM Lead"})),
                alike(salesforce(api, "POST", "sobjects/Lead", json={"Company": "Acme"})),
                alike(salesforce(api, "PATCH", f"sobjects/Lead/{made['ids'][0]}", json={"LastName": "Maj"})),
                alike(salesforce(api, "GET", "sobjects/Lead/describe")),
                alike(api.post("contact/upsert", api.credentials | row)),
                alike(api.post("contact/list", api.credentials | {"email": ["a@example.com"]})),
                plain(api.twin.control.get("/salesmanago/contacts")),
            ]
        )
    assert told[0] == told[1]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "truncate", "status"])
def test_faults_strike_alike(both: list[Api], kind: str) -> None:
    told = []
    for api in both:
        fault = {"system": "salesmanago", "kind": kind, "status": 429, "retry_after": 3, "body": {"wait": True}}
        api.twin.control.post("/faults", fault)
        try:
            answer = api.post("contact/upsert", api.credentials | {"contact": {"email": "a@example.com"}})
            found: object = (answer.status_code, answer.headers["Retry-After"], answer.json())
        except requests.RequestException as error:
            found = (
                "no answer"
                if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError))
                else error
            )
        cards = len(api.twin.control.get("/salesmanago/contacts"))
        told.append((found, cards, api.twin.control.get("/calls")["log"][-1]["status"]))
    assert told[0] == told[1]


def test_an_answer_that_comes_late_takes_no_time_here(inner: TwinInProcess) -> None:
    session = requests.Session()
    session.mount("http://", inner.adapter())
    inner.control.post("/faults", {"system": "salesforce", "kind": "latency", "seconds": 3600})
    before = inner.twin.state.clock.now()
    assert session.get(f"{inner.http}/services/data").ok
    assert (inner.twin.state.clock.now() - before).total_seconds() == 3600


def test_the_same_calls_get_the_same_answers_again(inner: TwinInProcess) -> None:
    seen = []
    for _ in range(2):
        inner.control.post("/reset")
        inner.control.post("/salesmanago/contacts", {"email": "a@example.com"})
        inner.control.post("/clock", {"advance": 60})
        inner.control.post("/salesforce/Lead", {"LastName": "Maj", "Company": "Acme"})
        seen.append((inner.control.get("/salesmanago/contacts"), inner.control.get("/salesforce/Lead")))
    assert seen[0] == seen[1]
    assert seen[0][0][0]["id"]
