"""Which pair of accounts a page is about: `/salesmanago/pairs/NAME/issues` is the page `issues` of that pair.

The first pair has no such part in its addresses. Below it every link and form stays in its pair, because pages make
their addresses from the root of the app, which is moved here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, HTTPException, Request, status

from salesmanago_sync.hooks.known_pairs import known_names, named_pair
from salesmanago_sync.pair import FIRST_NAME, NAME, Pair

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# Where the name is kept in the scope of a request, and how an address spells it.
KEY = "salesmanago_pair"
FOLDER = "pairs"
# What `/pairs/NAME` is split into; a page comes behind it.
ROOT_PARTS = 3


class OfPair:
    """Takes the pair out of the address.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            root = str(scope.get("root_path", ""))
            parts = str(scope["path"]).removeprefix(root).split("/")
            if len(parts) > ROOT_PARTS and parts[1] == FOLDER and NAME.fullmatch(parts[2]):
                name = parts[2]
                scope = {**scope, "root_path": f"{root}/{FOLDER}/{name}", KEY: name}
        await self._app(scope, receive, send)


def name_of(request: Request) -> str:
    """Give the name of the pair that the address names; nobody knows yet whether there is one."""
    return str(request.scope.get(KEY, FIRST_NAME))


def base_of(request: Request) -> str:
    """Give the root of the pages of the first pair."""
    root = str(request.scope.get("root_path", "")).rstrip("/")
    return root.removesuffix(f"/{FOLDER}/{name_of(request)}")


def pair_of(request: Request) -> Pair:
    """Give the pair that the address names.

    Raises:
        HTTPException: With 404 where there is none.
        ConfigurationError: Its file has faults.
    """
    name = name_of(request)
    if name != FIRST_NAME and name not in known_names():
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no pair of accounts {name}.")
    return named_pair(name)


PairDep = Annotated[Pair, Depends(pair_of)]
