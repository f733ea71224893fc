from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import uvicorn
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from starlette.applications import Starlette

from twin.salesforce import Org, create_tables, routes
from twin.state import State


class Rewrite(HTTPAdapter):
    """Sends https requests of a client to a plain local server."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit(("http", f"127.0.0.1:{self.port}", parts.path, parts.query, ""))
        return super().send(request, *args, **kwargs)


@pytest.fixture
def state() -> Iterator[State]:
    made = State()
    create_tables(made)
    yield made
    made.db.close()


@pytest.fixture
def org(state: State) -> Org:
    return Org(state)


@pytest.fixture
def port(state: State) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        config = uvicorn.Config(Starlette(routes=routes(state)), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.fixture
def session(port: int) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.mount("https://", Rewrite(port))
        yield made


@pytest.fixture
def client(session: requests.Session, state: State) -> Salesforce:
    token = state.credentials.salesforce.access_token
    return Salesforce(session_id=token, instance="twin.example.com", session=session, version="66.0")
