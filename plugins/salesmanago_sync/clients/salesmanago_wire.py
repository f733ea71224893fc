"""Requests to SALESmanago: signature, rate limit, envelope."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1, sha256
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests

from salesmanago_sync.clients.clock import told_time
from salesmanago_sync.clients.endpoint import may_download
from salesmanago_sync.clients.http import (
    BUSY,
    Gate,
    Replay,
    RetryPolicy,
    ServiceAnswer,
    json_body,
    retry_after,
    send,
    status_error,
)
from salesmanago_sync.clients.pace import Pace
from salesmanago_sync.clients.salesmanago_errors import envelope_error
from salesmanago_sync.errors import FatalError, RetriableError, SyncError

DEFAULT_RATE = 5  # requests a second; SALESmanago publishes no limit
# So long nobody asks, where a busy service does not say for how long it is.
BUSY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and the user who owns its contacts.

    Attributes:
        endpoint: Scheme and host.
        client_id: Client Id.
        api_secret: API Secret; never sent, never shown.
        owner: Data Owner, the e-mail address of a SALESmanago user.
    """

    endpoint: str
    client_id: str
    api_secret: str = field(repr=False)
    owner: str

    def sign(self, api_key: str, now: float) -> dict[str, Any]:
        """Make the fields that authenticate one request.

        They stay valid for ever, so they never reach a log.

        Args:
            api_key: Any text; it salts the signature.
            now: Seconds since 1970.
        """
        parts = f"{api_key}{self.client_id}{self.api_secret}"
        digest = sha1(parts.encode(), usedforsecurity=False).hexdigest()  # the vendor's choice
        return {"clientId": self.client_id, "apiKey": api_key, "requestTime": int(now * 1000), "sha": digest}


class SalesmanagoWire:
    """Sends signed requests.

    Attributes:
        owner: Data Owner.
        calls: Requests sent.
        heard_at: The clock of SALESmanago in its last answer.
        gate: What writes pass.
    """

    def __init__(
        self,
        credentials: Credentials,
        session: requests.Session,
        policy: RetryPolicy,
        pace: Pace | None = None,
        now: Callable[[], float] = time.time,
        export_hosts: Collection[str] = (),
    ) -> None:
        self.owner = credentials.owner
        self.policy = policy
        self.calls = 0
        self.heard_at: datetime | None = None
        self.gate = Gate()
        self._credentials = credentials
        self._session = session
        self._pace = Pace(DEFAULT_RATE) if pace is None else pace
        self._now = now
        self._export_hosts = export_hosts
        self._lock = Lock()

    @property
    def account(self) -> str:
        """Which account this is, as a hash: its server and its Client Id."""
        return sha256(f"{self._credentials.endpoint} {self._credentials.client_id}".encode()).hexdigest()

    def call(self, method: str, body: Mapping[str, Any] | None = None, replay: Replay = Replay.READ) -> ServiceAnswer:
        """Call a method and check its envelope.

        Args:
            method: Path below `/api/`.
            body: Body without the fields that authenticate; the owner is added.
            replay: Whether it may be sent again when its answer is lost.

        Returns:
            The answer.

        Raises:
            RefusedError: SALESmanago said no.
            SyncError: As the table of `salesmanago_errors` says.
        """
        return self.ask(method, body, replay, envelope_error)

    def ask(
        self,
        method: str,
        body: Mapping[str, Any] | None = None,
        replay: Replay = Replay.READ,
        judge: Callable[[Mapping[str, Any], str], SyncError | None] = envelope_error,
        *,
        may_be_empty: bool = False,
    ) -> ServiceAnswer:
        """Call a method whose envelope is judged by its own rule; some answer with HTTP 200 and no body at all."""
        where = f"SALESmanago {method}"

        def attempt() -> ServiceAnswer:
            # Signed anew each time: the server may look at the request's age.
            signed = {**self._credentials.sign(uuid4().hex, self._now()), "owner": self.owner, **(body or {})}
            response = self._send("POST", f"{self._credentials.endpoint}/api/{method}", where, replay, json=signed)
            if may_be_empty and response.ok and not response.content:
                return ServiceAnswer({}, response.headers)
            answer = _read(response, where, replay)
            error = judge(answer.body, where)
            if isinstance(error, RetriableError):
                self._pace.pause(BUSY_SECONDS)
            if error is not None:
                raise error
            return answer

        return self.policy.run(attempt, replay)

    def download(self, url: str) -> Any:
        """Fetch the JSON file of a finished export; its address is its only key.

        Raises:
            FatalError: It is on a host that has nothing to do with the account.
        """
        where = "SALESmanago export file"
        if not may_download(self._credentials.endpoint, url, self._export_hosts):
            host = urlsplit(url).hostname
            raise FatalError(
                f"{where}: it is on {host}, which is no host of the Endpoint's domain, or not under https. If that is "
                "right, name the host in SALESMANAGO_SYNC_EXPORT_HOSTS."
            )

        def attempt() -> Any:
            response = self._send("GET", url, where, Replay.READ)
            _check(response, where, Replay.READ)
            return json_body(response, where, Replay.READ)

        return self.policy.run(attempt, Replay.READ)

    def _send(self, method: str, url: str, where: str, replay: Replay, **options: Any) -> requests.Response:
        self._pace.take_turn()
        self.gate.passes(replay)
        with self._lock:
            self.calls += 1
        response = send(
            self._session, method, url, where=where, replay=replay, headers={"Accept": "application/json"}, **options
        )
        self.heard_at = told_time(response.headers)
        if response.status_code in BUSY:
            # Whoever else asks would only be refused, too. One that asks for longer is left to the task's retry.
            asked = retry_after(response.headers)
            self._pace.pause(min(BUSY_SECONDS if asked is None else asked, self.policy.longest))
        return response


def _read(response: requests.Response, where: str, replay: Replay) -> ServiceAnswer:
    _check(response, where, replay)
    body = json_body(response, where, replay)
    if not isinstance(body, dict):
        raise replay.lost(f"{where}: the answer is not a JSON object.")
    return ServiceAnswer(body, response.headers)


def _check(response: requests.Response, where: str, replay: Replay) -> None:
    error = status_error(response, where, replay)
    if error is None and response.status_code >= 400:
        error = FatalError(f"{where}: refused with HTTP {response.status_code}. Check the Endpoint.")
    if error is not None:
        raise error
