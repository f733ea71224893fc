"""What happens to every request before and after the systems see it: prefix, faults, clock, call log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from twin.calls import Call
from twin.faults import Fault
from twin.state import State

PREFIX = (
    "/sb.salesforce.com"  # `domain: localhost:8543/sb` makes clients call https://localhost:8543/sb.salesforce.com/…
)
SALESMANAGO_PATHS = ("/api/", "/ms/", "/files/")

Wait = Callable[[float], Awaitable[object]]

_transports: dict[Any, asyncio.Transport] = {}


class Connection(H11Protocol):
    """An HTTP connection that a fault can cut."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport under both its addresses."""
        super().connection_made(transport)
        _transports[self.server, self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport."""
        _transports.pop((self.server, self.client), None)
        super().connection_lost(exc)


@dataclass
class Answer:
    """A complete response, collected so that it can be changed before it is sent."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def collect(self, message: Message) -> None:
        """Take one ASGI message of the response."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.body += message.get("body", b"")

    def set_header(self, name: str, value: str) -> None:
        """Set a header, replacing one that is there."""
        key = name.lower().encode()
        self.headers = [(other, old) for other, old in self.headers if other.lower() != key]
        self.headers.append((key, value.encode()))

    async def send(self, send: Send, *, keep: int | None = None) -> None:
        """Send the response, or only the first bytes of its body."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        cut = keep is not None
        await send({"type": "http.response.body", "body": self.body[:keep], "more_body": cut})


class Wire:
    """Middleware around both systems.

    Args:
        app: Both systems.
        state: The twin's state.
        wait: How an answer is delayed.
    """

    def __init__(self, app: ASGIApp, state: State, wait: Wait = asyncio.sleep) -> None:
        self._app = app
        self._state = state
        self._wait = wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or misbehave as planted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _straighten_path(scope)
        system = "salesmanago" if scope["path"].startswith(SALESMANAGO_PATHS) else "salesforce"
        body = ""
        if self._state.faults.mind_bodies:
            body, receive = await _read(receive)
        fault = self._state.faults.take(system, scope["method"], scope["path"], body)
        if fault and fault.kind == "latency":
            await self._wait(fault.seconds)
        answer = await self._answer(scope, receive, fault)
        if answer is not None and self._state.lies.about(system):
            answer.body = self._state.lies.distort(system, answer.body)
            answer.set_header("content-length", str(len(answer.body)))
        self._log(system, scope, answer.status if answer else 0)
        if answer is None:
            await _cut(scope, receive)
        elif fault and fault.kind == "truncate":
            await answer.send(send, keep=fault.keep)
            await _cut(scope, receive, flush=True)
        else:
            await answer.send(send)

    async def _answer(self, scope: Scope, receive: Receive, fault: Fault | None) -> Answer | None:
        if fault and fault.kind == "reset_before":
            return None
        answer = _fixed(fault) if fault and fault.kind == "status" else Answer()
        if not answer.headers:
            await self._app(scope, receive, answer.collect)
        answer.set_header("date", self._state.clock.http_date())
        return answer if fault is None or fault.kind != "reset_after" else None

    def _log(self, system: str, scope: Scope, status: int) -> None:
        self._state.calls.add(
            Call(
                at=self._state.clock.now().isoformat(timespec="milliseconds"),
                system=system,
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"].decode("latin-1"),
                status=status,
                rows=scope.get("twin.rows"),
            )
        )


async def _read(receive: Receive) -> tuple[str, Receive]:
    """Read the body of a request, and give what lets it be read again."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    text = b"".join(message.get("body", b"") for message in messages).decode(errors="replace")

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return text, again


def _straighten_path(scope: Scope) -> None:
    # The Salesforce CLI ends its instance URL with a slash and so asks for //services; the real service takes both.
    for prefix in (PREFIX, "/"):
        if scope["path"].startswith(f"{prefix}/"):
            scope["path"] = scope["path"].removeprefix(prefix)
            scope["raw_path"] = scope["raw_path"].removeprefix(prefix.encode())


def _fixed(fault: Fault) -> Answer:
    text = isinstance(fault.body, str)
    body = str(fault.body) if text else json.dumps(fault.body)
    answer = Answer(fault.status, [], body.encode())
    answer.set_header("content-type", "text/plain" if text else "application/json")
    answer.set_header("content-length", str(len(answer.body)))
    if fault.retry_after is not None:
        answer.set_header("retry-after", str(fault.retry_after))
    return answer


async def _cut(scope: Scope, receive: Receive, *, flush: bool = False) -> None:
    """Close the connection: at once, so that the client sees a reset, or after what is written has gone out."""
    # A request that came over no socket brings something else that can be cut.
    transport = scope.get("twin.transport") or _transports[scope["server"], scope["client"]]
    if flush:
        transport.close()
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass  # what is left of the request
