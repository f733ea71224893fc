"""What libraries log about our requests: nothing, because addresses of requests hold e-mail addresses and keys.

urllib3 writes the whole address of every request at DEBUG, and of one that is tried again at WARNING. A query of
Salesforce names the people that it looks for; the address of an export file is its only key. `http.send` logs our own
line, with the system, the method and the path.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Every module of urllib3 that logs. A filter is not inherited, so each of them needs its own.
LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)

_ours: ContextVar[bool] = ContextVar("request_of_the_sync", default=False)


class _NotOurs(logging.Filter):
    """Lets through what others in the same process log."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _ours.get()


_FILTER = _NotOurs()


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep urllib3 from logging about a request."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)  # a second time changes nothing
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
