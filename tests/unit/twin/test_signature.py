from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.unit.twin.conftest import Api
from twin.salesmanago.api import authenticate
from twin.salesmanago.pages import page_signature
from twin.salesmanago.refusal import RefusalError
from twin.state import State

VECTOR = {"clientId": "abcd1234efgh5678", "apiKey": "testkey1", "requestTime": 1_700_000_000_000}


def test_the_signature_of_the_reference_is_accepted() -> None:
    authenticate(State(), VECTOR | {"sha": "0101a060b1ec46a6aba1dfd22bea68ce6dfc36db"})


def test_another_signature_is_refused() -> None:
    with pytest.raises(RefusalError, match=r"^Not authenticated$"):
        authenticate(State(), VECTOR | {"sha": "1101a060b1ec46a6aba1dfd22bea68ce6dfc36db"})


@pytest.mark.parametrize(
    ("person", "sha"),
    [
        ("00000000-0000-4000-8000-000000000001", "39924195a921908a9e206cbae81b2a2061357c25"),
        ("jan@example.com", "cebe0a7ffd602318af4d7ae8a2dbd49a62f68184"),
        ("", "0acbcdc423d0a9248e93fe7ab0bfdc3f9962b8a7"),
    ],
)
def test_page_signatures_of_the_reference(person: str, sha: str) -> None:
    assert page_signature(State(), person) == sha


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clientId": "zzzz1234efgh5678"}, "Not authenticated"),
        ({"sha": "0" * 40}, "Not authenticated"),
        ({"sha": None}, "Not authenticated"),
        ({"apiKey": None}, "Not authenticated"),
        ({"requestTime": "soon"}, "Not authenticated"),
        ({"owner": None}, "Not authenticated, not owner specified"),
        ({"owner": ""}, "Not authenticated, not owner specified"),
        ({"owner": "stranger@example.com"}, "Not authenticated, invalid owner"),
    ],
)
def test_refused_credentials_are_told_with_http_200(api: Api, change: dict[str, Any], message: str) -> None:
    answer = api.post("contact/tags", api.credentials | change)
    assert answer.status_code == 200
    assert answer.json() == {"success": False, "message": [message]}


def test_a_salt_with_letters_beyond_ascii_is_hashed_as_utf_8(api: Api) -> None:
    salt = "sól"
    text = f"{salt}{api.known['client_id']}{api.known['api_secret']}"
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    assert api.call("contact/tags", apiKey=salt, sha=sha)["success"] is True


def test_owners_are_compared_without_case(api: Api) -> None:
    assert api.call("contact/tags", owner="SYNC@Example.com")["success"] is True


def test_the_users_are_told_without_an_owner(api: Api) -> None:
    envelope = api.post("user/listByClient", {k: v for k, v in api.credentials.items() if k != "owner"}).json()
    assert envelope == {"success": True, "message": [], "users": ["sync@example.com", "marketing@example.com"]}


def test_an_old_request_time_is_refused_in_strict_mode_only(api: Api) -> None:
    assert api.call("contact/tags")["success"] is True
    api.settings(strict_time=True)
    assert api.call("contact/tags")["message"] == ["Not authenticated"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b""])
def test_a_body_that_is_no_json_object_gets_http_400(api: Api, body: bytes) -> None:
    answer = api.session.post(f"{api.known['endpoint']}/api/contact/upsert", data=body, timeout=30)
    assert answer.status_code == 400


def test_only_post_is_served(api: Api) -> None:
    answer = api.session.get(f"{api.known['endpoint']}/api/contact/upsert", timeout=30)
    assert answer.status_code == 405


METHODS = """
user/listByClient job/status contact/upsert contact/insert contact/update contact/batchupsert contact/batchupsertv2
contact/delete contact/batchDelete contact/hasContact contact/list contact/listById contact/listAll contact/listAllById
contact/basic contact/basicById contact/createdContacts contact/modifiedContacts contact/paginatedModifiedContacts
contact/paginatedListById contact/paginatedContactList/export contact/export/data contact/optin contact/optout
contact/phoneoptin contact/phoneoptout contact/batchoptin contact/batchoptout contact/tags contact/managetags
contact/addNote
"""


@pytest.mark.parametrize("method", METHODS.split())
def test_every_method_is_served_and_checks_the_signature(api: Api, method: str) -> None:
    answer = api.post(method, api.credentials | {"sha": "0" * 40})
    assert (answer.status_code, answer.json()) == (200, {"success": False, "message": ["Not authenticated"]})
