"""One request: its session, its time-outs, and when it may be sent again.

Two kinds of fault are repeated in two places. A connection that was never made is tried again by urllib3 for every
method, because nothing left this machine. What happens after that (no answer, 429, 5xx, half a body) is tried again by
`RetryPolicy`, as far as the request's `Replay` allows.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import ConnectTimeoutError, InvalidHeader, MaxRetryError, NewConnectionError
from urllib3.util.retry import Retry

from salesmanago_sync.clients.session import BOUNDS, Bounds, EndlessAnswerError
from salesmanago_sync.domain.carriage import decoded
from salesmanago_sync.errors import FatalError, OwnFaultError, RetriableError, SyncError, UnknownOutcomeError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Replay(Enum):
    """Whether a request may be sent again when its answer is lost, and why."""

    READ = "a read changes nothing"
    REPEATABLE = "writing the same values again leaves the same state"
    NEVER = "a second create would make a second record"

    def lost(self, text: str) -> SyncError:
        """Make the error of a lost answer."""
        return RetriableError(text) if self is Replay.READ else UnknownOutcomeError(text)

    def allows(self, error: BaseException) -> bool:
        """Say whether the request may be sent again after an error."""
        if isinstance(error, RetriableError):  # nothing was applied
            return True
        return self is Replay.REPEATABLE and isinstance(error, UnknownOutcomeError)


class Gate:
    """What every request that writes passes just before it leaves, also one that is sent again after a wait."""

    def __init__(self) -> None:
        self._checks: list[Callable[[], None]] = []

    @contextmanager
    def kept(self, check: Callable[[], None]) -> Iterator[None]:
        """Let nothing pass meanwhile of which a check says otherwise, by an error."""
        self._checks.append(check)
        try:
            yield
        finally:
            self._checks.remove(check)

    def passes(self, replay: Replay) -> None:
        """Let a request pass, or raise what a check says."""
        if replay is not Replay.READ:
            for check in self._checks:
                check()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently one request is repeated.

    Attributes:
        attempts: Attempts in all.
        first: Upper bound in seconds of the first random wait; doubled each time.
        longest: No wait is longer; a service that asks for more is left to the task's retry.
        sleep: How to wait.
    """

    attempts: int = 4
    first: float = 1.0
    longest: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def run(self, attempt: Callable[[], T], replay: Replay) -> T:
        """Call until it succeeds, the error may not be repeated, or the attempts are used up."""
        policy = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=retry_if_exception(lambda error: replay.allows(error) and self._bearable(error)),
            sleep=self.sleep,
            before_sleep=_tell,
            reraise=True,
        )
        return policy(attempt)

    def _bearable(self, error: BaseException) -> bool:
        asked = getattr(error, "retry_after", None)
        return asked is None or asked <= self.longest

    def _wait(self, state: RetryCallState) -> float:
        # Full jitter, so that workers that failed together do not come back together.
        jitter = wait_random_exponential(multiplier=self.first, max=self.longest)(state)
        asked = getattr(state.outcome and state.outcome.exception(), "retry_after", None)
        return jitter if asked is None else float(asked) + min(jitter, 1.0)


def _tell(state: RetryCallState) -> None:
    error = state.outcome and state.outcome.exception()
    log.warning("Attempt %s failed, trying again: %s", state.attempt_number, error)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client waits, and how often it tries.

    Attributes:
        connect: Seconds to wait for a connection.
        read: Seconds to wait for each piece of an answer.
        attempts: Attempts in all, of a connection and of a request.
        whole: Seconds from a request to the last byte of its answer.
    """

    connect: float = 10.0
    read: float = 120.0
    attempts: int = 4
    whole: float = BOUNDS.seconds

    @property
    def reconnects(self) -> int:
        """How often a connection that was not made is tried again."""
        return min(2, self.attempts - 1)

    @property
    def bounds(self) -> Bounds:
        """What no answer may exceed."""
        return Bounds(seconds=self.whole)

    @property
    def policy(self) -> RetryPolicy:
        """How requests are repeated."""
        return RetryPolicy(attempts=self.attempts)


# A task has time; somebody who waits for a page has not, and keeps a thread of the server waiting too.
PATIENT = Patience()
BRIEF = Patience(connect=3.0, read=10.0, attempts=1, whole=20.0)


def encoded(body: Any, where: str) -> bytes:
    """Write a body as JSON; every JSON body passes here.

    Raises:
        OwnFaultError: The body holds NaN, an infinity or something that is no JSON; the error names its field.
    """
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError):
        path, kind = next(_no_json(body, ()), ((), type(body).__name__))
    raise OwnFaultError(
        f"{where}: nothing was sent, because {'.'.join(map(str, path)) or 'the body'} is {kind}, which is no JSON. "
        "This is a fault of the sync itself: report it with this message.",
        field=next((key for key in reversed(path) if isinstance(key, str)), "body"),
    )


def _no_json(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Find what is no JSON: its path, and what it is, but never its value."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _no_json(part, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            yield from _no_json(part, (*path, number))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, str(float(value))
    elif not (value is None or isinstance(value, (str, bool, int, float))):
        yield path, type(value).__name__


def send(
    session: requests.Session, method: str, url: str, *, where: str, replay: Replay, json: Any = None, **options: Any
) -> requests.Response:
    """Send a request once.

    Args:
        session: The client's session.
        method: HTTP method.
        url: Address; it never gets into an error.
        where: The system and path, for errors.
        replay: What a lost answer means.
        json: JSON body.
        options: Further options of requests.

    Returns:
        The answer, whatever its status.

    Raises:
        OwnFaultError: The body is no JSON.
        RetriableError: Nothing was sent, or a read got no answer.
        UnknownOutcomeError: A write got no answer.
        FatalError: The address or its certificate is wrong.
    """
    if json is not None:
        options["data"] = encoded(json, where)
        options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
    try:
        # A redirected POST would come back as a GET.
        response = session.request(method, url, allow_redirects=False, **options)
    except requests.RequestException as error:
        # The library's own text holds the URL with its query: only its kind is told.
        raise failure(error, where, replay) from None
    log.debug("%s: HTTP %d", where, response.status_code)
    return response


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """A good answer: its parsed body (None when empty) and its headers."""

    body: Any
    headers: Mapping[str, str]


class TooLargeError(FatalError):
    """An answer is not read to its end: it is larger, or takes longer, than an answer may."""


def failure(error: requests.RequestException, where: str, replay: Replay) -> SyncError:
    """Say what it means that no answer came, without the library's own text."""
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return FatalError(f"{where}: the certificate is not trusted. Check the address, or set REQUESTS_CA_BUNDLE.")
    if isinstance(error, EndlessAnswerError):
        told = f"{where}: the answer is not read to its end: {error}."
        # A read is not tried again: it would end the same way.
        return TooLargeError(told) if replay is Replay.READ else replay.lost(told)
    if isinstance(error, ValueError):  # every "this is no URL" of requests is one
        return FatalError(f"{where}: the address is not usable ({kind}). Check the connection.")
    if _never_sent(error):
        return RetriableError(f"{where}: no connection ({kind}). Check the address and the network.")
    return replay.lost(f"{where}: no answer ({kind}).")


def _never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, (ConnectTimeoutError, NewConnectionError))


# Refused before any work was done: the service has too much of it.
BUSY = frozenset({420, 429, 503})


def status_error(response: requests.Response, where: str, replay: Replay) -> SyncError | None:
    """Say what an HTTP status alone means.

    Returns:
        Nothing when the body decides.
    """
    status = response.status_code
    if status in BUSY:
        return RetriableError(f"{where}: the service is busy (HTTP {status}).", retry_after(response.headers))
    if status >= 500:
        return replay.lost(f"{where}: the service failed (HTTP {status}).")
    if 300 <= status < 400:
        return FatalError(f"{where}: the address points elsewhere (HTTP {status}). Check the connection.")
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds the service asks to wait."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return Retry().parse_retry_after(value)
    except InvalidHeader:
        return None


def json_body(response: requests.Response, where: str, replay: Replay) -> Any:
    """Parse an answer; half a body or a page of HTML is no answer.

    Raises:
        RetriableError: It was a read.
        UnknownOutcomeError: It was a write.
    """
    try:
        return decoded(response.content)
    except ValueError:
        raise replay.lost(f"{where}: the answer is not JSON (HTTP {response.status_code}).") from None
