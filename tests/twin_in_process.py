"""The twin in the same process as a test, for the many runs where the wire is not the point.

The real applications answer, from memory; only sockets, TLS and the parsing of HTTP are left out. The real HTTP of
`twin_server` stays the way of every test that is about requests.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Coroutine
from datetime import UTC, datetime
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from starlette.types import ASGIApp, Message, Scope
from urllib3 import HTTPHeaderDict, HTTPResponse

from tests.control_port import ControlPort
from twin.app import Twin, systems
from twin.clock import Clock
from twin.control import control_app
from twin.state import State

HOST = "twin.test"
BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)


class CutOffError(requests.ConnectionError):
    """The twin cut the connection."""


class Exchange:
    """One request to an ASGI application and what came back, without an event loop.

    Nothing in the twin waits for anything but the request, so that its coroutines run through at once.

    Attributes:
        status: Of the answer; 0 where none came.
        cut: Whether the connection ended before the answer did.
    """

    def __init__(self, app: ASGIApp, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status, self.cut = 0, False
        self.headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._sent, self._body = False, body
        _run_through(app(self._scope(method, url, headers), self._receive, self._send))

    @property
    def body(self) -> bytes:
        """The body of the answer, as far as it came."""
        return b"".join(self._parts)

    def abort(self) -> None:
        """Cut the connection; `twin.wire` calls this and the next."""
        self.cut = True

    def close(self) -> None:
        """Cut the connection after what was written."""
        self.cut = True

    def _scope(self, method: str, url: str, headers: list[tuple[bytes, bytes]]) -> Scope:
        parts = urlsplit(url)
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "path": unquote(parts.path) or "/",
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 0),
            "server": (HOST, 0),
            "twin.transport": self,
        }

    async def _receive(self) -> Message:
        if self._sent:
            return {"type": "http.disconnect"}
        self._sent = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self._parts.append(message.get("body", b""))


def _run_through(answering: Awaitable[None] | Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits.

    Raises:
        RuntimeError: It does.
    """
    running = answering.__await__()
    try:
        next(running)
    except StopIteration:
        return
    raise RuntimeError("the twin waited for something, and there is no event loop")


ONE_AT_A_TIME = Lock()


class InProcessAdapter(HTTPAdapter):
    """Carries requests to the twin of this process."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request; an adapter of requests."""
        headers = [(_bytes(name).lower(), _bytes(value)) for name, value in request.headers.items()]
        url = str(request.url)
        headers.append((b"host", urlsplit(url).netloc.encode()))
        # A client reads cards in threads; the twin answers one request at a time.
        with ONE_AT_A_TIME:
            exchange = Exchange(self._app, str(request.method), url, headers, _bytes(request.body or b""))
        if exchange.cut:
            raise CutOffError("the connection was closed", request=request)
        answer = HTTPHeaderDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.headers)
        raw = HTTPResponse(
            BytesIO(exchange.body), answer, exchange.status, preload_content=False, request_method=request.method
        )
        made: requests.Response = self.build_response(request, raw)  # type: ignore[no-untyped-call]
        return made


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1" if isinstance(value, str) else "utf-8")


class InProcessControl(ControlPort):
    """The control port, called without HTTP."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def _call(self, method: str, path: str, body: object = None) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        exchange = Exchange(self._app, method, f"http://{HOST}{path}", [], sent)
        if exchange.status >= 400:
            raise RuntimeError(f"{method} {path}: {exchange.status} {exchange.body.decode()}")
        return json.loads(exchange.body)


class TwinInProcess:
    """A twin that lives in this process, with the interface of `twin_server.TwinServer` that runs need.

    The same calls get the same answers each time, ids and times included: time passes only when it is told to, and an
    answer that comes late moves the clock.
    """

    def __init__(self) -> None:
        self.twin = Twin(State(clock=Clock(standing=BEGIN), seed=1))
        self.control = InProcessControl(control_app(self.twin))
        self.http, self.https, self.ca = f"http://{HOST}", f"https://{HOST}", ""
        self._app = systems(self.twin.state, self._wait)

    @property
    def salesforce(self) -> dict[str, str]:
        """Credentials of Salesforce."""
        return {"access_token": self.twin.state.credentials.salesforce.access_token}

    @property
    def salesmanago(self) -> dict[str, str]:
        """Credentials of SALESmanago."""
        known = self.twin.state.credentials.salesmanago
        return {
            "endpoint": self.http,
            "client_id": known.client_id,
            "api_secret": known.api_secret,
            "owner": known.owner,
            "account_name": known.account_name,
        }

    def now(self) -> datetime:
        """The clock of both systems."""
        return self.twin.state.clock.now()

    def adapter(self) -> HTTPAdapter:
        """Make what carries requests to it."""
        return InProcessAdapter(self._app)

    async def _wait(self, seconds: float) -> None:
        self.twin.state.clock.advance(seconds)
