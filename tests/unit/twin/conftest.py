"""A caller of the contact API, written from the API reference alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.twin_server import TwinServer

SALT = "testkey1"


class Api:
    """Calls methods of the contact API; `call` gives the parsed envelope."""

    def __init__(self, twin: TwinServer) -> None:
        self.twin = twin
        self.known = twin.salesmanago
        self.session = requests.Session()
        self.session.trust_env = False

    @property
    def credentials(self) -> dict[str, Any]:
        """Authentication for a body."""
        text = SALT + self.known["client_id"] + self.known["api_secret"]
        return {
            "clientId": self.known["client_id"],
            "apiKey": SALT,
            "requestTime": 1_700_000_000_000,
            "sha": hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
            "owner": self.known["owner"],
        }

    def post(self, path: str, body: object) -> requests.Response:
        """Send a body as it is."""
        return self.session.post(f"{self.known['endpoint']}/api/{path}", json=body, timeout=30)

    def call(self, path: str, **body: Any) -> dict[str, Any]:
        """Call a method and return the envelope; HTTP must be 200."""
        answer = self.post(path, self.credentials | body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def upsert(self, email: str, contact: dict[str, Any] | None = None, **body: Any) -> str:
        """Write one contact and return its id."""
        envelope = self.call("contact/upsert", contact={"email": email} | (contact or {}), **body)
        assert envelope["success"] is True, envelope
        return str(envelope["contactId"])

    def card(self, contact_id: str) -> dict[str, Any]:
        """Return a full card."""
        (card,) = self.call("contact/listById", contactId=[contact_id])["contacts"]
        return dict(card)

    def settings(self, **changes: Any) -> None:
        """Change switches of SALESmanago."""
        self.twin.control.post("/salesmanago/settings", changes)


@pytest.fixture
def api(twin: TwinServer) -> Iterator[Api]:
    caller = Api(twin)
    yield caller
    caller.session.close()


@pytest.fixture
def refusal(api: Api) -> Callable[..., str]:
    """Call a method that must refuse, and return its only message."""

    def call(path: str, **body: Any) -> str:
        envelope = api.call(path, **body)
        assert envelope["success"] is False
        (message,) = envelope["message"]
        return str(message)

    return call
