"""Requests to Salesforce: log-in, sessions that run out, the daily limit, errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers.expat import ExpatError

import requests
from simple_salesforce.api import Salesforce as Connection
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from salesmanago_sync.clients.clock import told_time
from salesmanago_sync.clients.http import (
    Gate,
    Replay,
    RetryPolicy,
    ServiceAnswer,
    failure,
    json_body,
    retry_after,
    send,
    status_error,
)
from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.clients.salesforce_errors import is_known, request_error
from salesmanago_sync.clients.salesforce_soap import Value, envelope, fault_code, fault_error, parse
from salesmanago_sync.clients.session import Session
from salesmanago_sync.domain.carriage import decoded
from salesmanago_sync.errors import AuthenticationError, ReserveError, RetriableError, SyncError

# Beside the usage of the org there may be that of one application, `per-app-api-usage` (REST API: Sforce-Limit-Info).
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")
# What simple-salesforce raises over an answer that is no JSON, XML or text, nests without end, or lacks what belongs
# there.
_MALFORMED = (
    requests.exceptions.InvalidJSONError,
    AttributeError,
    LookupError,
    ExpatError,
    UnicodeDecodeError,
    RecursionError,
)
_BUSY_LOGIN = {"LOGIN_RATE_EXCEEDED", "SERVER_UNAVAILABLE"}


class SalesforceWire:
    """Sends requests with a connection of simple-salesforce, and none of its own request methods.

    Those wait for ever and log in again without end.

    Attributes:
        calls: Requests sent, log-ins not counted.
        usage: API calls used today and allowed, as Salesforce last said.
        most: Gives how many of the allowed calls may be used; what is above is kept for others.
        heard_at: The clock of Salesforce in its last answer, a log-in's too.
        gate: What writes pass.
    """

    def __init__(self, connect: Callable[[], Connection], policy: RetryPolicy) -> None:
        self._connect = connect
        self._policy = policy
        self._connection: Connection | None = None
        self.calls = 0
        self.usage: tuple[int, int] | None = None
        self.most: Callable[[int], int] | None = None
        self.heard_at: datetime | None = None
        self.gate = Gate()
        self._lock = Lock()

    @property
    def address(self) -> str | None:
        """Scheme and host of the org, once logged in."""
        return None if self._connection is None else f"https://{self._connection.sf_instance.rstrip('/')}"

    def request(
        self,
        method: str,
        path: str,
        *,
        replay: Replay = Replay.READ,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        files: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[requests.Response, str, Replay], Any] = json_body,
    ) -> ServiceAnswer:
        """Send a request and check its answer.

        Args:
            method: HTTP method.
            path: Path below the versioned address, or from the root when it starts with a slash.
            replay: Whether it may be sent again when its answer is lost.
            params: Query of the address; never in an error.
            body: JSON body.
            files: Parts of a multipart body, as requests takes them.
            headers: Headers beside those of the session.
            read: How to read the body of a good answer.

        Returns:
            The answer.

        Raises:
            SyncError: As the tables of `salesforce_errors` say.
        """
        where = f"Salesforce {method} {path.partition('?')[0]}"

        def once() -> requests.Response:
            # Headers are made anew: a second log-in has a second token.
            sf = self._session()
            root = f"https://{sf.sf_instance.rstrip('/')}"
            url = f"{root}{path}" if path.startswith("/") else f"{sf.base_url}{path}".rstrip("/")
            self._keep_reserve(where)
            self.gate.passes(replay)
            with self._lock:
                self.calls += 1
            own = dict(sf.headers)
            if files is not None:
                del own["Content-Type"]  # requests names it, with the boundary of the parts
            return send(
                sf.session, method, url, where=where, replay=replay, params=params, json=body, files=files,
                headers={**own, **(headers or {})},
            )  # fmt: skip

        def attempt() -> ServiceAnswer:
            response = once()
            if response.status_code == 401:  # refused before any work was done, whatever the method
                self._connection = None
                response = once()
            return self._checked(response, where, replay, read)

        return self._policy.run(attempt, replay)

    def soap(self, call: str, arguments: Mapping[str, Value]) -> ET.Element:
        """Call a method of the Metadata API that reads.

        Args:
            call: Its name.
            arguments: Its arguments, in the order of the WSDL.

        Returns:
            The element of the answer.

        Raises:
            SyncError: As the tables of `salesforce_errors` and `salesforce_soap` say.
        """
        where = f"Salesforce {call}"

        def once() -> ET.Element:
            sf = self._session()
            self.calls += 1
            url = f"https://{sf.sf_instance.rstrip('/')}/services/Soap/m/{sf.sf_version}"
            response = send(
                sf.session, "POST", url, where=where, replay=Replay.READ, data=envelope(sf.session_id, call, arguments),
                headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
            )  # fmt: skip
            # A fault comes with status 500, which alone would say that the service failed.
            if response.status_code in {200, 500}:
                return parse(response.content, where)
            raise self._error(response, where, Replay.READ)

        def attempt() -> ET.Element:
            answer = once()
            if fault_code(answer) == "INVALID_SESSION_ID":
                self._connection = None
                answer = once()
            if fault_code(answer) is not None:
                raise fault_error(answer, where)
            return answer

        return self._policy.run(attempt, Replay.READ)

    def version(self) -> str:
        """API version of the connection, as `66.0`."""
        return str(self._session().sf_version)

    def log_in(self) -> datetime | None:
        """Log in now, so that wrong credentials show before anything else.

        Returns:
            The clock of Salesforce, where it was told just now.

        Raises:
            AuthenticationError: Salesforce refuses the credentials.
            RetriableError: Salesforce does not answer.
        """
        if self._connection is not None:
            return None
        self._policy.run(self._session, Replay.READ)
        return self.heard_at

    def _session(self) -> Connection:
        if self._connection is None:
            self._connection = self._logged_in()
        return self._connection

    def _logged_in(self) -> Connection:
        try:
            connection = self._connect()
        except SalesforceAuthenticationFailed as error:
            raise _login_error(error) from None
        except _MALFORMED:
            raise RetriableError("Salesforce log-in: the answer cannot be read. Check the domain.") from None
        except requests.RequestException as error:
            raise failure(error, "Salesforce log-in", Replay.READ) from None
        if isinstance(connection.session, Session):
            self.heard_at = connection.session.heard_at
        return connection

    def _checked(
        self,
        response: requests.Response,
        where: str,
        replay: Replay,
        read: Callable[[requests.Response, str, Replay], Any],
    ) -> ServiceAnswer:
        self._note_usage(response.headers)
        self.heard_at = told_time(response.headers)
        if response.status_code < 300:
            return ServiceAnswer(read(response, where, replay) if response.content else None, response.headers)
        raise self._error(response, where, replay)

    def _error(self, response: requests.Response, where: str, replay: Replay) -> SyncError:
        try:
            body = decoded(response.content)
        except ValueError:
            body = None
        # A code says more than a status: a 500 may be a lock, a 403 a limit.
        busy = None if is_known(body) else status_error(response, where, replay)
        error = busy or request_error(response.status_code, body, where)
        if isinstance(error, RetriableError) and error.retry_after is None:
            error.retry_after = retry_after(response.headers)
        return error

    def _keep_reserve(self, where: str) -> None:
        if self.usage is None or self.most is None:
            return
        used, allowed = self.usage
        if used >= self.most(allowed):
            raise ReserveError(
                f"{where}: not sent. {used:,} of the {allowed:,} API calls that Salesforce allows the org in 24 hours "
                "are used, and the rest is kept for whoever else needs it."
            )

    def _note_usage(self, headers: Mapping[str, str]) -> None:
        found = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
        # An org that may ask at all is allowed some calls: none at all says nothing.
        if found and int(found[2]) > 0:
            self.usage = int(found[1]), int(found[2])


def _login_error(error: SalesforceAuthenticationFailed) -> SyncError:
    code, words = str(error.code), str(error.auth_message)
    if code in _BUSY_LOGIN or code == "429" or (code.isdigit() and int(code) >= 500):
        return RetriableError(f"Salesforce log-in: the service is busy ({code}).")
    told = "" if code.isdigit() else f": {mask(words)}"  # with a status for a code, the words are a whole page
    return AuthenticationError(
        f"Salesforce log-in was refused: {code}{told}. Check user, keys and domain of the salesforce connection."
    )
