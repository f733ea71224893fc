"""Notification: any notifier of Airflow is told when a run fails or asks, chosen by environment variables."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

from airflow.sdk import BaseNotifier

from salesmanago_sync.errors import ConfigurationError, Fault, SyncError
from salesmanago_sync.hooks.pairs import pair_of_task
from salesmanago_sync.hooks.ports import console_ports
from salesmanago_sync.pair import Pair
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


def tell(settings: Settings, context: Mapping[str, Any], note: str) -> None:
    """Tell the notifier, if there is one.

    Args:
        settings: They name it.
        context: Airflow's context.
        note: One line, which its templates may use as `sync_note`.

    Raises:
        ConfigurationError: As of `make_notifier`.
    """
    notifier = make_notifier(settings)
    if notifier is not None:
        notifier({**context, "sync_note": note})


class QuestionNotifier(BaseNotifier):
    """Tells the notifier that a question waits; where it cannot, the question waits all the same.

    Args:
        settings: They name the notifier.
        note: One line.
    """

    def __init__(self, settings: Settings, note: str) -> None:
        super().__init__()
        self._settings, self._note = settings, note

    def notify(self, context: Any) -> None:
        """Tell it."""
        try:
            tell(self._settings, context, self._note)
        except Exception as error:  # noqa: BLE001 - whatever the notifier of others raises
            log.warning("Nobody could be told of the question: %s", type(error).__name__)


def notify(context: Mapping[str, Any]) -> None:
    """Tell the notifier that a run failed, with its result.

    Args:
        context: Airflow's context of the run.
    """
    pair = pair_of_task(context)
    tell(load_settings(pair), context, _note(pair, context["dag_run"]))


def _note(pair: Pair, dag_run: Any) -> str:
    """Read the result of the run; a ledger that does not answer must not silence the notifier."""
    try:
        with console_ports(pair) as ports:
            run = ports.ledger.runs.find(dag_run.dag_id, dag_run.run_id)
    except SyncError as error:
        log.warning("The result of the run cannot be read: %s", error)
        run = None
    return str(run["note"]) if run is not None and run["note"] else "The run failed: see its red tasks."
