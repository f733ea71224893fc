"""Several web servers on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from twin.certificates import Certificates
from twin.wire import Connection

BACKLOG = 128
GRACE_SECONDS = 2  # how long a stopping server waits for answers that are under way


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to a port, or to any free one when it is 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    return listening


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the process: it has several servers to stop."""
        yield


class RunningServer:
    """A server that is starting, running or ending."""

    def __init__(self, server: uvicorn.Server, listening: socket.socket) -> None:
        self._server = server
        self._task = asyncio.create_task(server.serve(sockets=[listening]))

    async def started(self) -> None:
        """Wait until it answers.

        Raises:
            RuntimeError: It ended instead.
        """
        while not self._server.started:
            if self._task.done():
                raise RuntimeError("a server did not start") from self._task.exception()
            await asyncio.sleep(0.01)

    async def ended(self) -> None:
        """Wait until it has stopped."""
        await self._task

    def stop(self) -> None:
        """Ask it to stop."""
        self._server.should_exit = True


def serve(app: ASGIApp, listening: socket.socket, certificates: Certificates | None = None) -> RunningServer:
    """Start serving an application on a socket, with TLS where certificates are given."""
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,  # the twin's own clock is told instead
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=certificates.chain if certificates else None,
        ssl_keyfile=certificates.key if certificates else None,
    )
    return RunningServer(_Uvicorn(config), listening)
