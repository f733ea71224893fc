"""What a failed task may say: only kinds, places and ids, because Airflow writes it to logs that many people read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

from airflow.sdk.exceptions import AirflowException

from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.errors import SyncError, UnexpectedError
from salesmanago_sync.ledger.store import Ledger

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).parents[1].name
# Enough to find the fault, few enough for one line.
FRAMES = 12


@contextmanager
def without_values() -> Iterator[None]:
    """Put the place in the code where the text of an unforeseen error would be: that may hold anybody's values.

    Raises:
        UnexpectedError: In place of whatever is no error of this package or of Airflow.
    """
    try:
        yield
    except (SyncError, AirflowException):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not go on
        raise unexpected(error) from None


def unexpected(error: Exception) -> UnexpectedError:
    """Describe an unforeseen error by its kind and its place."""
    frames = extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    return UnexpectedError(
        f"An unforeseen {type(error).__name__}; its text is left out, because it may hold personal data. "
        f"Please report it with these places: {' < '.join(places)}"
    )


def keep_words(ledger: Ledger, run_id: int, error: SyncError) -> None:
    """Keep in the ledger what a service said when it refused a whole request."""
    if error.words and run_id:
        ledger.runs.update(run_id, service_words=mask(f"{error} {error.words}"))
        log.info(
            "What the service said is in the ledger: see the page Plan, or airflow salesmanago plan --run %d", run_id
        )


def _short(file: str) -> str:
    """Name a file from its package on."""
    parts = Path(file).parts
    return "/".join(parts[parts.index(PACKAGE) :]) if PACKAGE in parts else "/".join(parts[-2:])
