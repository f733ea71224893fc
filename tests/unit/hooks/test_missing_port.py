"""A port of 0 is left out where a connection of ours is tested, and nowhere else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from salesmanago_sync.hooks.missing_port import PATH, MissingPort

OURS = {"conn_type": "salesmanago", "host": "app2.example.com", "port": 0}


async def echo(request: Request) -> JSONResponse:
    return JSONResponse({"body": (await request.body()).decode()})


def heard(path: str, body: object, method: str = "POST") -> Any:
    """What the application behind hears of a request."""
    routes = [Route(one, echo, methods=["POST", "PATCH"]) for one in (PATH, f"/below{PATH}", "/api/v2/connections")]
    transport = httpx.ASGITransport(MissingPort(Starlette(routes=routes)))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def ask() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return str((await client.request(method, path, content=content)).json()["body"])

    text = asyncio.run(ask())
    return text.encode() if isinstance(body, bytes) else json.loads(text)


@pytest.mark.parametrize("path", [PATH, f"/below{PATH}"])
def test_a_port_that_is_not_there_is_left_out(path: str) -> None:
    assert heard(path, OURS) == {"conn_type": "salesmanago", "host": "app2.example.com"}


@pytest.mark.parametrize(
    "body", [{**OURS, "port": 8443}, {**OURS, "port": None}, {**OURS, "conn_type": "http"}, [0], b"no json", b""]
)
def test_everything_else_passes_as_it_is(body: object) -> None:
    assert heard(PATH, body) == body


def test_other_requests_pass_as_they_are() -> None:
    assert heard("/api/v2/connections", OURS) == OURS
    assert heard(PATH, OURS, method="PATCH") == OURS
