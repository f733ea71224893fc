"""Composite and batch: several calls in one request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from twin.salesforce.call import Call, Reply, Router
from twin.salesforce.errors import ApiError

MOST_CALLS = 25
REFERENCE = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")
HALTED = ApiError("BATCH_PROCESSING_HALTED", "Batch processing has been halted due to an earlier failure")
UNDONE = ApiError(
    "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."
)


class _UndoError(Exception):
    """Leaves the transaction of an all-or-none request."""


class Composite:
    """Answers requests that carry other requests, through the router that answers single ones."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def composite(self, call: Call) -> Reply:
        """Answer `composite`: calls in order, later ones may use answers of earlier ones as `@{ref.id}`."""
        body = call.json()
        requests = _listed(body, "compositeRequest")
        answers: list[dict[str, Any]] = []
        try:
            with call.org.state.transaction():
                known: dict[str, Any] = {}
                for request in requests:
                    reply = self._one(call, _filled(request, known), "body")
                    known[str(request.get("referenceId"))] = reply.body
                    answers.append(_composed(request, reply))
                if body.get("allOrNone") and any(one["httpStatusCode"] >= 400 for one in answers):
                    raise _UndoError
        except _UndoError:
            answers = [one if one["httpStatusCode"] >= 400 else _undone(one) for one in answers]
        return Reply({"compositeResponse": answers})

    def batch(self, call: Call) -> Reply:
        """Answer `composite/batch`: independent calls, of which a failure may halt the rest."""
        body = call.json()
        results: list[dict[str, Any]] = []
        failed = False
        for request in _listed(body, "batchRequests"):
            if failed and body.get("haltOnError"):
                results.append({"statusCode": 412, "result": [HALTED.single()]})
                continue
            reply = self._one(call, request, "richInput")
            failed = failed or reply.status >= 400
            results.append({"statusCode": reply.status, "result": reply.body})
        return Reply({"hasErrors": failed, "results": results})

    def _one(self, call: Call, request: Mapping[str, Any], body_key: str) -> Reply:
        """Make one inner call; its URL is absolute (`/services/data/v59.0/…`) or begins with the version."""
        parts = urlsplit(str(request.get("url", "")))
        found = re.match(r"/?(?:services/data/)?v(\d+\.\d)/(.*?)/?$", parts.path)
        if not found:
            raise ApiError("INVALID_INPUT", f"Invalid url: {request.get('url')}")
        headers = {str(name).lower(): str(value) for name, value in (request.get("httpHeaders") or {}).items()}
        inner = replace(
            call,
            version=float(found.group(1)),
            method=str(request.get("method", "GET")).upper(),
            path=unquote(found.group(2)),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=json.dumps(request.get(body_key) or {}).encode(),
        )
        return self._router.answer(inner)


def _listed(body: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    requests = body.get(name)
    if not isinstance(requests, list) or not requests:
        raise ApiError("INVALID_INPUT", f"{name} must be a list of requests")
    if len(requests) > MOST_CALLS:
        raise ApiError("LIMIT_EXCEEDED", f"The request can have at most {MOST_CALLS} subrequests")
    return requests


def _composed(request: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers),
        "httpStatusCode": reply.status,
        "referenceId": request.get("referenceId"),
    }


def _undone(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {**answer, "body": [UNDONE.single()], "httpHeaders": {}, "httpStatusCode": 400}


def _filled(request: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with every `@{ref.path}` replaced by the value it names."""

    def value(found: re.Match[str]) -> str:
        place: Any = known.get(found.group(1))
        for key, index in re.findall(r"(\w+)|\[(\d+)\]", found.group(2)):
            place = place[int(index)] if index else place[key]
        return json.dumps(place)[1:-1] if isinstance(place, str) else json.dumps(place)

    try:
        filled: dict[str, Any] = json.loads(REFERENCE.sub(value, json.dumps(dict(request))))
    except (KeyError, IndexError, TypeError) as error:
        raise ApiError("PROCESSING_HALTED", f"Invalid reference specified: {error}") from error
    return filled
