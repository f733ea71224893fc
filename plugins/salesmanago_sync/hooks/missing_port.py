"""The missing port: what makes the Test button of a saved connection work in Airflow 3.3.1 and 3.3.2.

Their page sends port 0 for a connection without a port, and their API takes that for another destination and answers
400 (https://github.com/apache/airflow/pull/73298 mends it). Until a release with that is the oldest that we support,
the plugin leaves out the 0 on its way in, for our own connection type only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/api/v2/connections/test"
CONNECTION_TYPE = "salesmanago"


class MissingPort:
    """Leaves out a port of 0 where a connection of ours is tested.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(PATH):
            receive = _once(without_port(await _body(receive)), receive)
        await self._app(scope, receive, send)


def without_port(body: bytes) -> bytes:
    """Leave out the port of a connection of ours when it is 0; anything else stays as it is."""
    try:
        asked = json.loads(body)
    except ValueError:
        return body
    if not isinstance(asked, dict) or asked.get("conn_type") != CONNECTION_TYPE or asked.get("port") != 0:
        return body
    return json.dumps({name: value for name, value in asked.items() if name != "port"}).encode()


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        # Who hangs up sends nothing more.
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


def _once(body: bytes, receive: Receive) -> Receive:
    """Give the whole body as the first message; what comes after it comes from the server."""
    waiting = [body]

    async def give() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return give
