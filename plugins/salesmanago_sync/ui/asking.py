"""Asking the services for a page: few at a time and not for long, so that a slow service never holds Airflow up.

Each page that is being made keeps one of the server's threads. When a service is slow, all of them would soon wait for
it, and Airflow's own pages with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from fastapi import HTTPException, status

from salesmanago_sync.clients.http import BRIEF
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.ports import Ports

# Of some forty threads of a server.
AT_ONCE = 3
TRY_AGAIN_SECONDS = 10
BUSY = "Others are asking the services just now. Try again in a few seconds."

_places = BoundedSemaphore(AT_ONCE)
_diagnoses = BoundedSemaphore(1)


@contextmanager
def asking_ports(pair: Pair) -> Iterator[Ports]:
    """Give a page the ports with which it may ask the services.

    Raises:
        HTTPException: With 503 when enough pages are asking already.
    """
    with _taken(_places), console_ports(pair, BRIEF) as ports:
        yield ports


@contextmanager
def diagnosing_ports(pair: Pair) -> Iterator[Ports]:
    """Give the page that asks most its ports: one of it at a time.

    Raises:
        HTTPException: With 503 when another one is asking.
    """
    with _taken(_diagnoses), asking_ports(pair) as ports:
        yield ports


@contextmanager
def _taken(places: BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, BUSY, headers={"Retry-After": str(TRY_AGAIN_SECONDS)})
    try:
        yield
    finally:
        places.release()
