"""Protection against cross-site forging: a form must come from a page of ours that this very user was shown.

Two checks that fail in different ways: the browser says which site a request comes from, and the form carries a token
that is signed with Airflow's own key and bound to the user.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.tokens import get_signing_key
from airflow.api_fastapi.core_api.security import GetUserDep, resolve_user_from_token
from airflow.configuration import conf
from fastapi import Form, HTTPException, Request, status
from itsdangerous import BadSignature, URLSafeTimedSerializer

SALT = "salesmanago_sync.ui"
# A page that was left open longer must be loaded again.
LIFETIME_SECONDS = 12 * 3600
REFUSED = (
    "This form did not come from a page that was shown to you, or is too old. Go back, reload the page, try again."
)

UNPROVED = (
    "Send the token of Airflow's API in the header Authorization (Bearer …). With the cookie of a browser alone, what "
    "changes something is taken from our own pages only."
)


def token_for(user_id: str) -> str:
    """Sign a token for a user."""
    return str(_signer().dumps(user_id))


def same_site(request: Request, user: GetUserDep, token: Annotated[str, Form()] = "") -> None:
    """Refuse a form of another site, another user, or a page that was left open too long.

    Raises:
        HTTPException: With 403.
    """
    if _is_foreign(request) or not _is_signed_for(token, user.get_id()):
        raise HTTPException(status.HTTP_403_FORBIDDEN, REFUSED)


async def deliberate(request: Request, user: GetUserDep) -> None:
    """Refuse a JSON request that another site may have had a browser send.

    A browser adds the cookie of Airflow to what another site asks for, and the password of a proxy in front of it, but
    never a token: that is proof enough, if it is one of the user whom Airflow takes this for. Without one, the request
    must name our own site as where it comes from, and be JSON, which a form of another site cannot send.

    Raises:
        HTTPException: With 403, or 401 where Airflow does not know the token.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        # Airflow 3.3.1 goes by a cookie beside it, whatever the token is.
        if (await resolve_user_from_token(token)).get_id() != user.get_id():
            raise HTTPException(status.HTTP_403_FORBIDDEN, UNPROVED)
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or not _is_own(request):
        raise HTTPException(status.HTTP_403_FORBIDDEN, UNPROVED)


def _is_own(request: Request) -> bool:
    """Whether the browser says that one of our pages asks; nothing said is not enough."""
    origin = request.headers.get("origin")
    named = request.headers.get("sec-fetch-site") == "same-origin" or origin is not None
    return named and not _is_foreign(request)


def _is_foreign(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    # Browsers leave that header out on plain HTTP, and programs leave out both: for those the token decides.
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc not in _own_hosts(request)


def _own_hosts(request: Request) -> set[str]:
    return {request.url.netloc, urlsplit(conf.get("api", "base_url", fallback="")).netloc} - {""}


def _is_signed_for(token: str, user_id: str) -> bool:
    try:
        return bool(_signer().loads(token, max_age=LIFETIME_SECONDS) == user_id)
    except BadSignature:
        return False


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(get_signing_key("api", "secret_key"), salt=SALT)
