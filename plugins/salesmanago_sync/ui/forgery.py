"""Protection against cross-site forging: a form must come from a page of ours that this very user was shown.

Two checks that fail in different ways: the browser says which site a request comes from, and the form carries a token
that is signed with Airflow's own key and bound to the user.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.tokens import get_signing_key
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from fastapi import Form, HTTPException, Request, status
from itsdangerous import BadSignature, URLSafeTimedSerializer

SALT = "salesmanago_sync.ui"
# A page that was left open longer must be loaded again.
LIFETIME_SECONDS = 12 * 3600
REFUSED = (
    "This form did not come from a page that was shown to you, or is too old. Go back, reload the page, try again."
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
