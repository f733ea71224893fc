"""A client from PyPI that is not of this project talks to the twin as it talks to the service."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.twin_server import TwinServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its regular expressions have invalid escapes
    from salesmanago_python_api.services import SalesManagoClientService


@pytest.fixture
def client(twin: TwinServer) -> Iterator[Any]:
    known = twin.salesmanago
    service = SalesManagoClientService("any-salt", known["client_id"], known["api_secret"], "app3.salesmanago.com")
    service.serverDomain = twin.https.removeprefix("https://")  # it accepts only names without a port
    service._requestsSession.verify = twin.ca
    service._requestsSession.trust_env = False
    yield service
    service._requestsSession.close()


def person(client: Any, **details: Any) -> Any:
    return client.ClientData(**{"email": "jan@example.com", "owner": "sync@example.com"} | details)


def cards(twin: TwinServer) -> list[dict[str, Any]]:
    return list(twin.control.get("/salesmanago/contacts"))


def test_insert_update_upsert_and_delete(client: Any, twin: TwinServer) -> None:
    inserted = client.insert(person(client, name="Jan", birthday=date(1980, 10, 17), tags=["crm"])).json()
    assert (inserted["success"], inserted["message"]) == (True, [])
    updated = client.update(person(client, phone="+48123456789", address_city="Warsaw")).json()
    upserted = client.upsert(person(client, company="Example Ltd", properties={"k": "v"}, forceOptOut=True)).json()
    assert inserted["contactId"] == updated["contactId"] == upserted["contactId"]
    (card,) = cards(twin)
    told = {key: card[key] for key in ("name", "phone", "company", "birthdayYear", "optedOut")}
    assert told == {
        "name": "Jan",
        "phone": "+48123456789",
        "company": "Example Ltd",
        "birthdayYear": "1980",
        "optedOut": True,
    }
    assert card["address"]["city"] == "Warsaw"
    assert client.delete(person(client)).json()["success"] is True
    assert cards(twin)[0]["deleted"] is True


def test_a_wrong_secret_is_told_with_http_200(twin: TwinServer, client: Any) -> None:
    client._authData.apiSecret = "other"
    answer = client.upsert(person(client))
    assert (answer.status_code, answer.json()) == (200, {"success": False, "message": ["Not authenticated"]})
    assert cards(twin) == []


def test_a_foreign_owner_is_refused(client: Any) -> None:
    answer = client.upsert(person(client, owner="stranger@example.com"))
    assert answer.json()["message"] == ["Not authenticated, invalid owner"]
