"""The ports of a set-up, made of Airflow's connections, Params and environment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from airflow.sdk import get_current_context

from salesmanago_sync.hooks.failure import without_values
from salesmanago_sync.hooks.pairs import own_words, pair_of_task
from salesmanago_sync.hooks.ports import existing, open_ledger, salesforce, staging_root
from salesmanago_sync.hooks.salesmanago import SalesmanagoHook
from salesmanago_sync.hooks.staging import FolderStaging, MemoryStaging
from salesmanago_sync.pair import Pair
from salesmanago_sync.settings import load_settings
from salesmanago_sync.steps.ports import Staging
from salesmanago_sync.steps.setup.ports import CardSettings, SetupPorts
from salesmanago_sync.steps.setup.request import read_setup_request
from salesmanago_sync.steps.watermark import now_utc
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)


@contextmanager
def task_setup_ports() -> Iterator[SetupPorts]:
    """Give the running task its ports."""
    with without_values():
        context = get_current_context()
        run = context["dag_run"]
        pair = pair_of_task(context)
        staging = FolderStaging(staging_root(pair, load_settings(pair)), f"{run.dag_id}_{run.run_id}")
        with own_words(pair), _opened(pair, context["params"], f"{run.dag_id}/{run.run_id}", staging, _log) as ports:
            yield ports


def _log(text: str) -> None:
    log.info("%s", visible(text))


@contextmanager
def console_setup_ports(
    pair: Pair, params: Mapping[str, Any], run: str, tell: Callable[[str], None]
) -> Iterator[SetupPorts]:
    """Give a command its ports.

    Args:
        pair: Whose they are.
        params: As the Params of the DAG.
        run: Name of the run, for the ledger.
        tell: Shows a text to the person.
    """
    with own_words(pair), _opened(pair, params, run, MemoryStaging(), tell) as ports:
        yield ports


@contextmanager
def _opened(
    pair: Pair, params: Mapping[str, Any], run: str, staging: Staging, tell: Callable[[str], None]
) -> Iterator[SetupPorts]:
    request = read_setup_request(params)
    ledger = open_ledger(pair)
    try:
        yield SetupPorts(
            request=request,
            run=run,
            open_salesforce=partial(salesforce, pair),
            card_settings=partial(card_settings, pair),
            ledger=ledger,
            staging=staging,
            now=now_utc,
            tell=tell,
        )
    finally:
        ledger.close()


def card_settings(pair: Pair) -> CardSettings:
    """Read what the card needs of the SALESmanago connection."""
    with existing(pair.salesmanago):
        settings = SalesmanagoHook(pair.salesmanago).settings
    key = settings.microsite_key
    return CardSettings(
        settings.endpoint, settings.client_id, None if key is None else key.get_secret_value(), settings.iframe_name
    )
