"""Lateness: what happens when the consent lane has not come to its end within two of its intervals.

Airflow imports this module whenever it reads the DAG file, so that everything heavy is imported inside.
"""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)

LATE = "Opt-outs are waiting: salesmanago_consent has not come to its end within two of its intervals."


def tell_late(context: dict[str, Any] | None = None, **more: Any) -> None:
    """Warn in the log, and tell the notifier if there is one.

    Args:
        context: What Airflow knows of the deadline.
        more: What later versions of Airflow may add.
    """
    from salesmanago_sync.hooks.notification import make_notifier
    from salesmanago_sync.settings import load_settings

    log.warning(LATE)
    notifier = make_notifier(load_settings())
    if notifier is not None:
        notifier({**(context or {}), "sync_note": LATE})
