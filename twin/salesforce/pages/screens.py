"""The addresses that a browser opens, behind the cookie of a session."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from twin.salesforce import access, ids
from twin.salesforce.apex.values import ApexError
from twin.salesforce.metadata.sites import framed
from twin.salesforce.org import Org
from twin.salesforce.pages import cards, visualforce

if TYPE_CHECKING:
    from twin.state import State

COOKIE = "sid"


class Screens:
    """Answers browsers."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._org = Org(state)

    async def front_door(self, request: Request) -> Response:
        """Turn a session's token into a cookie and go on to `retURL`."""
        token, onward = request.query_params.get("sid", ""), request.query_params.get("retURL", "/")
        if token not in self._state.credentials.salesforce.sessions:
            return _told(401, "Your session has expired.")
        if not onward.startswith("/") or onward.startswith("//"):
            return _told(400, "retURL leads elsewhere.")
        answer = RedirectResponse(onward, 302)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="lax")
        return answer

    async def card(self, request: Request) -> Response:
        """Show a record."""

        def draw(user: str) -> Response:
            sobject, identifier = request.path_params["sobject"], ids.full(request.path_params["id"]) or ""
            drawn = cards.draw(self._org, user, sobject, identifier)
            return HTMLResponse(drawn) if drawn else _told(404, "The record you are looking for is not there.")

        return self._answer(request, draw)

    async def page(self, request: Request) -> Response:
        """Show a Visualforce page of a record."""

        def draw(user: str) -> Response:
            name, identifier = request.path_params["page"], ids.full(request.query_params.get("id", "")) or ""
            if not access.may_open(self._org, user, "page", name):
                return _told(403, "Insufficient Privileges")
            try:
                drawn = visualforce.draw(self._org, user, name, identifier)
            except ApexError as error:
                return _told(500, str(error))
            allowed = " ".join(["'self'", *framed(self._org)])
            policy = {"Content-Security-Policy": f"frame-src {allowed}; frame-ancestors 'self'"}
            return HTMLResponse(drawn, headers=policy) if drawn else _told(404, f"Page {name} does not exist")

        return self._answer(request, draw)

    def _answer(self, request: Request, draw: Callable[[str], Response]) -> Response:
        user = self._state.credentials.salesforce.sessions.get(request.cookies.get(COOKIE, ""))
        if user is None:
            return _told(401, "Log in first: /secur/frontdoor.jsp?sid=TOKEN&retURL=/…")
        with self._state.transaction():
            return draw(user)


def _told(status: int, text: str) -> Response:
    return HTMLResponse(f"<!doctype html><title>{status}</title><h1>{escape(text)}</h1>", status)


def routes_of(state: State) -> list[Route]:
    """Return the routes of the browser's side."""
    screens = Screens(state)
    table: list[tuple[str, Callable[[Request], Coroutine[Any, Any, Response]]]] = [
        ("/secur/frontdoor.jsp", screens.front_door),
        ("/lightning/r/{sobject}/{id}/view", screens.card),
        ("/apex/{page}", screens.page),
    ]
    return [Route(path, answer, methods=["GET"]) for path, answer in table]
