"""Lateness: what happens when the consent lane has not come to its end within two of its intervals.

Airflow imports this module whenever it reads the DAG file, so that everything heavy is imported inside.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from salesmanago_sync.pair import FIRST_NAME

log = logging.getLogger(__name__)

LATE = "Opt-outs are waiting: salesmanago_consent has not come to its end within two of its intervals."


def tell_late(
    context: dict[str, Any] | None = None, pair: str = FIRST_NAME, beside: str | None = None, **more: Any
) -> None:
    """Warn in the log, and tell the notifier if there is one.

    Args:
        context: What Airflow knows of the deadline.
        pair: Name of the pair of accounts.
        beside: Folder of its DAG file.
        more: What later versions of Airflow may add.
    """
    from salesmanago_sync.hooks.notification import tell
    from salesmanago_sync.pair_files import find_pair
    from salesmanago_sync.settings import load_settings

    found = find_pair(pair, None if beside is None else Path(beside))
    told = found.spelled(LATE)
    log.warning(told)
    tell(load_settings(found), context or {}, told)
