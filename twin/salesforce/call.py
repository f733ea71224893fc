"""One API call and its answer, free of the web framework so that composite requests can make calls too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import compile_path

from twin.salesforce.errors import ApiError, RowError, SeveralMatchError, missing
from twin.salesforce.org import Org
from twin.salesforce.writes import Writer


@dataclass(frozen=True)
class Call:
    """A request below `/services/data/vXX.0/`.

    Attributes:
        org: The org.
        user: Id of the running user.
        version: API version, as 66.0.
        method: The HTTP method.
        path: The path below the version, without slashes at its ends.
        query: The query parameters.
        headers: The request headers, lower case.
        body: The raw body.
        origin: Scheme and host the client used.
    """

    org: Org
    user: str
    version: float
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""

    @property
    def base(self) -> str:
        """The path of this API version."""
        return f"/services/data/v{self.version:.1f}"

    @property
    def writer(self) -> Writer:
        """What writes records for this call."""
        header = self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        # Assignment rules run unless the call says FALSE, on updates too.
        assign = self.headers.get("sforce-auto-assign", "TRUE").strip().upper() != "FALSE"
        return Writer(self.org, self.user, self.version, allow_save="allowsave=true" in header, assign=assign)

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object, or refuse it."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            message = f"Unexpected character or end of input: {error}"
            raise ApiError("JSON_PARSER_ERROR", message) from error
        if not isinstance(value, dict):
            raise ApiError("JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
        return value


@dataclass(frozen=True)
class Reply:
    """An answer: JSON, or raw bytes of a content type."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def content(self) -> bytes:
        """The bytes on the wire."""
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()


Handler = Callable[..., Reply]
Entry = tuple[str, str, Handler]
EMPTY = Reply(status=204)


class Router:
    """Finds the handler of a call by method and path template, as `sobjects/{sobject}/{id}`."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = [(method, self._pattern(template), handler) for method, template, handler in entries]

    @staticmethod
    def _pattern(template: str) -> re.Pattern[str]:
        return compile_path(f"/{template}")[0]

    def answer(self, call: Call) -> Reply:
        """Return the answer of a call; every refusal becomes the JSON the API sends for it."""
        try:
            with call.org.state.transaction():
                return self._handle(call)
        except ApiError as error:
            return Reply([error.single()], error.status)
        except RowError as refused:
            return Reply([error.single() for error in refused.errors], 400)
        except SeveralMatchError as several:
            return Reply(several.urls, 300)

    def _handle(self, call: Call) -> Reply:
        known_path = False
        for method, pattern, handler in self._entries:
            found = pattern.match(f"/{call.path}")
            if found and method == call.method:
                return handler(call, **found.groupdict())
            known_path = known_path or bool(found)
        if known_path:
            message = f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE"
            raise ApiError("METHOD_NOT_ALLOWED", message, status=405)
        raise missing()
