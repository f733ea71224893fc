"""Log-in by SOAP, password, JWT bearer and client credentials, and who is logged in."""

from __future__ import annotations

import base64
import re
import secrets
import time
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jwt
from lxml import etree  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from twin.salesforce.errors import ApiError

if TYPE_CHECKING:
    from twin.credentials import SalesforceCredentials
    from twin.state import State

SOAP_GONE = 65  # the first version without SOAP login()
AUDIENCE = re.compile(r"https?://\S+")
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" {more}>'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)


class LoginError(Exception):
    """An OAuth refusal: its error and description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class Login:
    """Opens sessions and tells whose they are."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def _known(self) -> SalesforceCredentials:
        return self._state.credentials.salesforce

    def open(self) -> str:
        """Open a session and return its token."""
        token = f"{self._known.organization_id[:15]}!AQ{secrets.token_urlsafe(48)}"
        self._known.sessions[token] = self._known.user_id
        return token

    def user(self, request: Request) -> str:
        """Return the user of a request's token, or refuse it."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self._known.sessions.get(token.strip()) if scheme.lower() in {"bearer", "oauth"} else None
        if user is None:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        return user

    # -- OAuth

    async def token(self, request: Request) -> Response:
        """Answer the token endpoint."""
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True)) | dict(request.query_params)
        try:
            self._grant(form, request)
        except LoginError as refused:
            return JSONResponse({"error": refused.error, "error_description": refused.description}, 400)
        known = self._known
        origin = _origin(request)
        answer = {
            "access_token": self.open(),
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": "api",
            "instance_url": origin,
            "id": f"{origin}/id/{known.organization_id}/{known.user_id}",
            "token_type": "Bearer",
            "issued_at": str(self._state.clock.seconds() * 1000),
        }
        return JSONResponse(answer)

    def _grant(self, form: dict[str, str], request: Request) -> None:
        grants = {
            "password": self._password,
            JWT_BEARER: self._jwt,
            "client_credentials": self._client,
            "refresh_token": self._refresh,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise LoginError("unsupported_grant_type", "grant type not supported")
        grant(form, request)

    def _check_client(self, key: str | None, secret: str | None) -> None:
        if key != self._known.consumer_key:
            raise LoginError("invalid_client_id", "client identifier invalid")
        if secret != self._known.consumer_secret:
            raise LoginError("invalid_client", "invalid client credentials")

    def _password(self, form: dict[str, str], request: Request) -> None:
        self._check_client(form.get("client_id"), form.get("client_secret"))
        good = {self._known.password, self._known.password + self._known.security_token}
        if form.get("username") != self._known.username or form.get("password") not in good:
            raise LoginError("invalid_grant", "authentication failure")

    def _client(self, form: dict[str, str], request: Request) -> None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        key, secret = form.get("client_id"), form.get("client_secret")
        if scheme.lower() == "basic":
            try:
                key, _, secret = base64.b64decode(encoded).decode().partition(":")
            except ValueError as error:
                raise LoginError("invalid_client_id", "client identifier invalid") from error
        self._check_client(key, secret)

    def _refresh(self, form: dict[str, str], request: Request) -> None:
        self._check_client(form.get("client_id"), form.get("client_secret"))
        if not form.get("refresh_token"):
            raise LoginError("invalid_grant", "expired access/refresh token")

    def _jwt(self, form: dict[str, str], request: Request) -> None:
        try:
            # Real clients send `exp` as text and any of several audiences: both are checked below.
            claims = jwt.decode(
                form.get("assertion", ""),
                self._known.public_key,
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError as error:
            raise LoginError("invalid_grant", "invalid assertion") from error
        self._check_claims(claims)

    def _check_claims(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != self._known.consumer_key:
            raise LoginError("invalid_client_id", "client identifier invalid")
        if claims.get("sub") != self._known.username:
            raise LoginError("invalid_grant", "user hasn't approved this consumer")
        if not AUDIENCE.match(str(claims.get("aud", ""))):
            raise LoginError("invalid_grant", "audience is invalid")
        # Clients sign by the clock of their machine, which the twin's clock may have left behind.
        if not str(claims.get("exp", "")).isdigit() or int(claims["exp"]) < int(time.time()):
            raise LoginError("invalid_grant", "expired authorization code")

    # -- who is it

    async def userinfo(self, request: Request) -> Response:
        """Answer who is logged in."""
        try:
            user = self.user(request)
        except ApiError:
            return Response("Bad_OAuth_Token", 403)
        known, origin = self._known, _origin(request)
        urls = {
            "rest": f"{origin}/services/data/v{{version}}/",
            "sobjects": f"{origin}/services/data/v{{version}}/sobjects/",
            "query": f"{origin}/services/data/v{{version}}/query/",
            "partner": f"{origin}/services/Soap/u/{{version}}/{known.organization_id[:15]}",
            "metadata": f"{origin}/services/Soap/m/{{version}}/{known.organization_id[:15]}",
        }
        answer = {
            "sub": f"{origin}/id/{known.organization_id}/{user}",
            "user_id": user,
            "organization_id": known.organization_id,
            "preferred_username": known.username,
            "username": known.username,
            "nickname": "integration",
            "name": "Integration",
            "email": known.username,
            "email_verified": True,
            "zoneinfo": "Europe/Warsaw",
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "pl_PL",
            "urls": urls,
        }
        return JSONResponse(answer)

    # -- SOAP

    async def soap(self, request: Request) -> Response:
        """Answer SOAP `login()` of the partner and enterprise endpoints."""
        version = request.path_params["version"]
        if not version.split(".")[0].isdigit() or int(version.split(".")[0]) >= SOAP_GONE:
            return _fault("UNSUPPORTED_API_VERSION", f"SOAP login is not available in API version {version}")
        try:
            # Neither entities nor the network: the text comes from outside.
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            tree = etree.fromstring(await request.body(), parser)
        except etree.XMLSyntaxError as error:
            return _fault("UNKNOWN_EXCEPTION", str(error))
        username, password = (_text(tree, name) for name in ("username", "password"))
        known = self._known
        if username != known.username or password != known.password + known.security_token:
            message = "Invalid username, password, security token; or user locked out."
            return _fault("INVALID_LOGIN", message)
        return Response(self._logged_in(_origin(request), version), media_type="text/xml")

    def _logged_in(self, origin: str, version: str) -> str:
        known = self._known
        organization = known.organization_id
        body = (
            "<loginResponse><result>"
            f"<metadataServerUrl>{origin}/services/Soap/m/{version}/{organization}</metadataServerUrl>"
            "<passwordExpired>false</passwordExpired><sandbox>false</sandbox>"
            f"<serverUrl>{origin}/services/Soap/u/{version}/{organization}</serverUrl>"
            f"<sessionId>{escape(self.open())}</sessionId><userId>{known.user_id}</userId>"
            f"<userInfo><organizationId>{organization}</organizationId>"
            f"<organizationName>Example Trading</organizationName><userId>{known.user_id}</userId>"
            f"<userName>{escape(known.username)}</userName><userFullName>Integration</userFullName></userInfo>"
            "</result></loginResponse>"
        )
        return ENVELOPE.format(more='xmlns="urn:partner.soap.sforce.com"', body=body)


def _text(tree: Any, name: str) -> str:
    found = tree.find(f".//{{*}}{name}")
    return (found.text or "") if found is not None else ""


def _fault(code: str, message: str) -> Response:
    body = (
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(message)}</faultstring><detail>"
        f'<sf:LoginFault xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="sf:LoginFault">'
        f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>"
        "</sf:LoginFault></detail></soapenv:Fault>"
    )
    content = ENVELOPE.format(more='xmlns:sf="urn:fault.partner.soap.sforce.com"', body=body)
    return Response(content, 500, media_type="text/xml")


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
