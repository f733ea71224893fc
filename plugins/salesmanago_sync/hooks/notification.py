"""Notification: any notifier of Airflow is told when a run fails, chosen by environment variables."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from pkgutil import resolve_name
from typing import Any

from airflow.sdk import BaseNotifier

from salesmanago_sync.errors import ConfigurationError, Fault, SyncError
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.settings import PREFIX, Settings, load_settings

log = logging.getLogger(__name__)

WHERE = f"{PREFIX}NOTIFIER"


def make_notifier(settings: Settings) -> BaseNotifier | None:
    """Make the notifier that the settings name; None where they name none.

    Raises:
        ConfigurationError: There is no such class, it is no notifier, or it does not take the arguments.
    """
    if settings.notifier is None:
        return None
    try:
        made = resolve_name(settings.notifier)
    except (ImportError, AttributeError, ValueError) as error:
        fix = "Give the whole path of the class, and install its provider."
        raise ConfigurationError([Fault(WHERE, f"cannot be imported: {error}.", fix)]) from None
    if not (isinstance(made, type) and issubclass(made, BaseNotifier)):
        raise ConfigurationError([Fault(WHERE, f"{settings.notifier} is no notifier of Airflow.")])
    try:
        return made(**settings.notifier_arguments)
    except TypeError as error:
        what = f"{settings.notifier} does not take these arguments: {error}."
        raise ConfigurationError([Fault(f"{WHERE}_ARGUMENTS", what, "Correct the names.")]) from None


def notify(context: MutableMapping[str, Any]) -> None:
    """Tell the notifier that a run failed; its templates may use `sync_note`, the result in one line.

    Args:
        context: Airflow's context of the run.
    """
    notifier = make_notifier(load_settings())
    if notifier is not None:
        notifier({**context, "sync_note": _note(context["dag_run"])})


def _note(dag_run: Any) -> str:
    """Read the result of the run; a ledger that does not answer must not silence the notifier."""
    try:
        with console_ports() as ports:
            run = ports.ledger.find_run(dag_run.dag_id, dag_run.run_id)
    except SyncError as error:
        log.warning("The result of the run cannot be read: %s", error)
        run = None
    return str(run["note"]) if run is not None and run["note"] else "The run failed: see its red tasks."
