"""The ports of a probe, made of Airflow's connections and environment."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from airflow.sdk import get_current_context

from salesmanago_sync.clients.http import PATIENT
from salesmanago_sync.hooks.failure import without_values
from salesmanago_sync.hooks.mapping_folder import settings_here
from salesmanago_sync.hooks.pairs import own_words, pair_of_task
from salesmanago_sync.hooks.ports import account, open_ledger, salesmanago
from salesmanago_sync.pair import Pair
from salesmanago_sync.steps.probe.ports import ProbePorts
from salesmanago_sync.steps.watermark import now_utc
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)


@contextmanager
def task_probe_ports() -> Iterator[ProbePorts]:
    """Give the running task its ports."""
    with without_values():
        pair = pair_of_task(get_current_context())
        with probe_ports(pair, lambda text: log.info("%s", visible(text))) as ports:
            yield ports


@contextmanager
def probe_ports(pair: Pair, tell: Callable[[str], None]) -> Iterator[ProbePorts]:
    """Give a probe its ports.

    Args:
        pair: Whose account is asked.
        tell: Shows a text to the person.
    """
    with own_words(pair), _opened(pair, tell) as ports:
        yield ports


@contextmanager
def _opened(pair: Pair, tell: Callable[[str], None]) -> Iterator[ProbePorts]:
    settings, ledger = settings_here(pair), open_ledger(pair)
    try:
        yield ProbePorts(
            run=uuid4().hex[:8],
            connection=pair.salesmanago,
            owner=account(pair).owner,
            open_salesmanago=partial(salesmanago, pair, settings, PATIENT, ledger),
            ledger=ledger,
            settings=settings,
            now=now_utc,
            sleep=time.sleep,
            tell=tell,
        )
    finally:
        ledger.close()
