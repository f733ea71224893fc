"""A service that answers as a function says: an adapter to be mounted on a session."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce as Connection
from urllib3.response import HTTPResponse

DATE = "Sun, 15 Nov 2026 12:00:00 GMT"


class Call:
    """A request as it arrived."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        parts = urlsplit(str(request.url))
        self.line = f"{request.method} {parts.path}"
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.headers = dict(request.headers)
        self.url = str(request.url)
        told = str(self.headers.get("Content-Type", ""))
        # XML and parts of a form stay as they were sent.
        self.body: Any = json.loads(request.body) if request.body and "json" in told else request.body

    @property
    def soql(self) -> str:
        return self.query["q"]


class Reply:
    """What to answer."""

    def __init__(self, body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.status = status
        self.headers = {"Date": DATE, **(headers or {})}


Answer = Reply | Exception


class Service(BaseAdapter):
    """Answers by a function or by a list; an answer that nobody prepared is an error of the test."""

    def __init__(self, answer: Callable[[Call], Answer] | list[Answer]) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._answer = answer

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        call = Call(request)
        self.calls.append(call)
        reply = self._answer(call) if callable(self._answer) else self._next(call)
        if isinstance(reply, Exception):
            raise reply
        response = requests.Response()
        response.status_code = reply.status
        response.headers.update(reply.headers)
        response.raw = HTTPResponse(io.BytesIO(reply.content), preload_content=False)
        response.url = str(request.url)
        response.request = request
        return response

    def _next(self, call: Call) -> Answer:
        assert self._answer, f"unexpected {call.line}"
        return self._answer.pop(0)

    def close(self) -> None:
        """There is nothing to close."""

    @property
    def lines(self) -> list[str]:
        return [call.line for call in self.calls]

    def session(self, *_: Any, **__: Any) -> requests.Session:
        session = requests.Session()
        session.mount("https://", self)
        session.mount("http://", self)
        return session

    def connection(self, name: str = "me") -> Connection:
        return Connection(
            session_id=name, instance_url="https://org.example.com", version="66.0", session=self.session()
        )


def refusal(code: str, message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply([{"errorCode": code, "message": message}], status, headers)
