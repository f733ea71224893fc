"""The Salesforce side as Starlette routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from twin.salesforce import bulk, many, rows, searches, usage, versions
from twin.salesforce.call import Call, Entry, Reply, Router
from twin.salesforce.composite import Composite
from twin.salesforce.errors import ApiError
from twin.salesforce.login import Login
from twin.salesforce.metadata import rest as metadata_rest
from twin.salesforce.metadata.soap import routes_of as metadata_paths
from twin.salesforce.org import Org
from twin.salesforce.pages.screens import routes_of as screens

if TYPE_CHECKING:
    from twin.state import State

# Address and headers together, roughly, of one request.
LONGEST_ADDRESS = 16_384
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
SINGLE: list[Entry] = [
    ("GET", "", versions.resources),
    *searches.ENTRIES,
    *usage.ENTRIES,
    *many.ENTRIES,
    *rows.ENTRIES,
    *bulk.ENTRIES,
    *metadata_rest.ENTRIES,
]


class Api:
    """Everything below `/services/data`: session, allowance, and the answer of the router."""

    def __init__(self, state: State) -> None:
        self._org = Org(state)
        self._login = Login(state)
        composite = Composite(Router(SINGLE))
        self._router = Router(
            [("POST", "composite", composite.composite), ("POST", "composite/batch", composite.batch), *SINGLE]
        )

    async def versions(self, _: Request) -> Response:
        """Answer which versions there are; needs no session."""
        return JSONResponse(versions.versions())

    async def call(self, request: Request) -> Response:
        """Answer one call."""
        if _address_length(request) > LONGEST_ADDRESS:
            return Response("URI Too Long", 414, media_type="text/plain")
        try:
            version = versions.check(request.path_params["version"])
            user = self._login.user(request)
            self._check_enabled()
            usage.spend(self._org)
        except ApiError as error:
            return self._respond(Reply([error.single()], error.status))
        call = Call(
            org=self._org,
            user=user,
            version=version,
            method=request.method,
            path=request.path_params.get("rest", "").strip("/"),
            query=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.body(),
            origin=f"{request.url.scheme}://{request.url.netloc}",
        )
        return self._respond(self._router.answer(call))

    def _check_enabled(self) -> None:
        if not self._org.settings.get("api_enabled", True):
            raise ApiError("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", status=403)

    def _respond(self, reply: Reply) -> Response:
        headers = {"Sforce-Limit-Info": usage.info(self._org), **reply.headers}
        if reply.raw is None and reply.status != 204:
            headers.setdefault("Content-Type", "application/json;charset=UTF-8")
        return Response(reply.content, reply.status, headers)


def _address_length(request: Request) -> int:
    headers = sum(len(name) + len(value) for name, value in request.headers.raw)
    return len(request.scope["path"]) + len(request.scope["query_string"]) + headers


def routes(state: State) -> list[Route]:
    """Return the routes of the Salesforce side."""
    api, login = Api(state), Login(state)
    return [
        Route("/services/oauth2/token", login.token, methods=["POST"]),
        Route("/services/oauth2/userinfo", login.userinfo, methods=["GET", "POST"]),
        Route("/id/{organization}/{user}", login.userinfo, methods=["GET", "POST"]),
        Route("/services/Soap/u/{version}", login.soap, methods=["POST"]),
        Route("/services/Soap/c/{version}", login.soap, methods=["POST"]),
        *screens(state),
        *(Route(path, answer, methods=["POST"]) for path, answer in metadata_paths(state)),
        Route("/services/data", api.versions, methods=["GET"]),
        Route("/services/data/", api.versions, methods=["GET"]),
        Route("/services/data/{version}", api.call, methods=METHODS),
        Route("/services/data/{version}/{rest:path}", api.call, methods=METHODS),
    ]
