"""How every method of the contact API is called: authentication inside the body, one envelope for all answers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from twin.salesmanago.refusal import RefusalError
from twin.salesmanago.store import Contacts
from twin.state import State

STRICT_TIME_MINUTES = 15
SYSTEM = "salesmanago"

Payload = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One authenticated call.

    Attributes:
        state: The twin's state.
        body: The whole request body.
        owner: The data owner as the account spells it; "" where the method asks for none.
        path: The path of the method.
        base_url: Scheme, host and port under which the caller reached the twin.
    """

    state: State
    body: Payload
    owner: str
    path: str
    base_url: str

    @property
    def contacts(self) -> Contacts:
        """The store."""
        return Contacts(self.state)

    @property
    def settings(self) -> dict[str, Any]:
        """The switches."""
        return self.state.settings[SYSTEM]


Handler = Callable[[Call], Payload]


@dataclass(frozen=True)
class Method:
    """One method of the API.

    Attributes:
        path: Path after `/api/`.
        handler: Makes the payload.
        owner_needed: Whether a call without `owner` is refused.
    """

    path: str
    handler: Handler
    owner_needed: bool = True


def api_routes(state: State, methods: Iterable[Method]) -> list[Route]:
    """Return one POST route a method; other verbs get 405."""
    return [Route(f"/api/{method.path}", _endpoint(state, method), methods=["POST"]) for method in methods]


def _endpoint(state: State, method: Method) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _malformed()
        if not isinstance(body, dict):
            return _malformed()
        if isinstance(body.get("upsertDetails"), list):
            request.scope["twin.rows"] = len(body["upsertDetails"])
        return JSONResponse(_envelope(state, method, body, request))

    return answer


def _malformed() -> Response:
    return PlainTextResponse("[Specified json is not valid]", status_code=400)


def _envelope(state: State, method: Method, body: Payload, request: Request) -> Payload:
    base_url = str(request.base_url).rstrip("/")
    try:
        authenticate(state, body)
        call = Call(state, body, _owner(state, body, needed=method.owner_needed), request.url.path, base_url)
        with state.transaction():
            payload = method.handler(call)
    except RefusalError as refusal:
        return {"success": False, "message": [refusal.message]}
    return {"success": True, "message": [], **payload}


def authenticate(state: State, body: Payload) -> None:
    """Check client id, signature and request time.

    Raises:
        RefusalError: One of them is wrong.
    """
    known = state.credentials.salesmanago
    salted = f"{body.get('apiKey')}{known.client_id}{known.api_secret}"
    signature = hashlib.sha1(salted.encode(), usedforsecurity=False).hexdigest()  # the service's own formula
    signed = isinstance(body.get("apiKey"), str) and hmac.compare_digest(
        str(body.get("sha")).encode(), signature.encode()
    )
    if body.get("clientId") != known.client_id or not signed or not _timely(state, body.get("requestTime")):
        raise RefusalError("Not authenticated")


def _timely(state: State, request_time: object) -> bool:
    if not isinstance(request_time, int) or isinstance(request_time, bool):
        return False
    if not state.settings[SYSTEM]["strict_time"]:
        return True
    return abs(state.clock.seconds() - request_time / 1000) <= STRICT_TIME_MINUTES * 60


def _owner(state: State, body: Payload, *, needed: bool) -> str:
    owner = body.get("owner")
    if not owner:
        if needed:
            raise RefusalError("Not authenticated, not owner specified")
        return ""
    users = {user.lower(): user for user in state.settings[SYSTEM]["users"]}
    if str(owner).strip().lower() not in users:
        raise RefusalError("Not authenticated, invalid owner")
    return str(users[str(owner).strip().lower()])
