"""A session: time-outs, bounds of what it takes in, and where it takes its credentials."""

from __future__ import annotations

import io
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError
from urllib3.poolmanager import ProxyManager
from urllib3.util.retry import Retry

from salesmanago_sync.clients.clock import told_time
from salesmanago_sync.clients.library_logs import unlogged
from salesmanago_sync.errors import FatalError

USER_AGENT = "salesmanago-sync"
PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """What no honest answer reaches: the largest are metadata of 39 MB and pages of 2,000 records.

    Attributes:
        size: Bytes of a body, unpacked.
        seconds: From the request to the last byte; a time-out bounds the wait for each piece only.
    """

    size: int = 100_000_000
    seconds: float = 600.0


BOUNDS = Bounds()


class EndlessAnswerError(requests.RequestException):
    """An answer is larger, or takes longer, than any honest one."""


class TimedAdapter(HTTPAdapter):
    """An adapter that never waits for ever, nor takes in without end."""

    def __init__(self, timeout: tuple[float, float], bounds: Bounds, **options: Any) -> None:
        self.timeout, self.bounds = timeout, bounds
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the connections such that every byte of an answer comes in time."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self.bounds.seconds)

    def proxy_manager_for(self, *args: Any, **options: Any) -> ProxyManager:
        """Do the same with those through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _pools(self.bounds.seconds)
        return manager

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send with the default time-outs unless the caller gave its own, and read the answer."""
        if options.get("timeout") is None:
            options["timeout"] = self.timeout
        until = time.monotonic() + self.bounds.seconds
        with unlogged():
            try:
                return self._answered(request, **{**options, "stream": True})
            except requests.RequestException:
                if time.monotonic() < until:
                    raise
                raise EndlessAnswerError(f"more than {self.bounds.seconds:.0f} seconds") from None

    def _answered(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = super().send(request, **options)
        try:
            response._content = self._body(response)
        except BaseException:
            response.close()
            raise
        return response

    def _body(self, response: requests.Response) -> bytes:
        # What has come is read and unpacked piece by piece: a small body may unpack to a large one.
        body = bytearray()
        while piece := _piece(response):
            body += piece
            if len(body) > self.bounds.size:
                raise EndlessAnswerError(f"more than {self.bounds.size // 1_000_000} MB")
        return bytes(body)


class _Hurried(io.RawIOBase):
    """What comes from a connection, as long as there is time: a time-out alone begins anew with each byte."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, until: float) -> None:
        self._raw, self._connection, self._until = raw, connection, until
        self._patience = connection.gettimeout()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come.

        Raises:
            TimeoutError: The time is over.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left if self._patience is None else min(left, self._patience))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the connection's side of it."""
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer of which everything is read in time: headers, sizes of chunks and trailers too."""

    def __init__(self, sock: socket.socket, *args: Any, seconds: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Hurried(self.fp.detach(), sock, time.monotonic() + seconds))


def _pools(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """Make the kinds of connections whose answers come within some seconds."""
    response = partial(_TimedResponse, seconds=seconds)
    plain = type("TimedConnection", (HTTPConnection,), {"response_class": response})
    secure = type("TimedHTTPSConnection", (HTTPSConnection,), {"response_class": response})
    return {
        "http": type("TimedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("TimedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


def _piece(response: requests.Response) -> bytes:
    """Read what has come of a body; errors are those that requests raises itself."""
    try:
        return bytes(response.raw.read1(PIECE, decode_content=True))
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from None
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from None
    except (ReadTimeoutError, SSLError) as error:
        raise requests.exceptions.ConnectionError(error) from None


class Session(requests.Session):
    """A session that takes its credentials nowhere else.

    Attributes:
        heard_at: The clock of the service in its last answer.
    """

    heard_at: datetime | None = None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request, and note the time that its answer tells: of a log-in, nobody else sees the headers."""
        response = super().send(request, **options)
        self.heard_at = told_time(response.headers)
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow a redirect, which only a log-in does, on the same host and never to plain http.

        Raises:
            FatalError: It leads elsewhere.
        """
        target: str | None = super().get_redirect_target(resp)
        if target is None:
            return None
        asked, told = urlsplit(str(resp.url)), urlsplit(urljoin(str(resp.url), target))
        if (asked.scheme, asked.hostname, asked.port) == (told.scheme, told.hostname, told.port):
            return target
        raise FatalError("The log-in leads to another host, or to http; nothing is sent there. Check the connection.")


def new_session(
    connect: float = 10.0, read: float = 120.0, connections: int = 8, reconnects: int = 2, bounds: Bounds = BOUNDS
) -> requests.Session:
    """Make a session with time-outs that repeats connections that were never made.

    Args:
        connect: Seconds to wait for a connection.
        read: Seconds to wait for each piece of an answer.
        connections: Connections to keep open to a host.
        reconnects: How often a connection that was not made is tried again.
        bounds: What an answer may not reach.

    Returns:
        A session for one client.
    """
    retry = Retry(
        connect=reconnects,
        read=False,
        redirect=False,
        status=0,
        other=0,
        backoff_factor=0.5,
        backoff_jitter=0.5,
        respect_retry_after_header=False,
    )
    adapter = TimedAdapter((connect, read), bounds, max_retries=retry, pool_maxsize=connections)
    session = Session()
    session.headers["User-Agent"] = USER_AGENT
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
