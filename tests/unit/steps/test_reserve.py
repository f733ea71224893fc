from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.reserve import most_calls, stopped_until

HOUR = timedelta(hours=1)
ALLOWED = 1000
SETTINGS = Settings()


def ran(ledger: Ledger, ended: datetime, calls: int, used: int) -> None:
    """A run that made so many calls, and was told how many the whole org had made."""
    run = ledger.runs.start("salesmanago_full_sync", ended.isoformat(), "full", False, False, ended - HOUR)
    ledger.runs.add_to(run, salesforce_calls=calls)
    ledger.runs.update(run, salesforce_calls_today=used, salesforce_calls_allowed=ALLOWED)
    ledger.runs.finish(run, "failed", ended)


@pytest.mark.parametrize(
    ("used", "percent", "stops"),
    [(0, 20, False), (799, 20, False), (800, 20, True), (1000, 20, True), (1000, 0, False), (0, 100, True)],
)
def test_what_is_left_is_kept_for_others(ledger: Ledger, noon: datetime, used: int, percent: int, stops: bool) -> None:
    ran(ledger, noon, used, used)
    settings = Settings(salesforce_reserve_percent=percent)
    assert (stopped_until(ledger, settings, noon) is not None) is stops
    assert most_calls(settings, ALLOWED) == ALLOWED * (100 - percent) // 100


def test_it_ends_when_so_many_own_calls_are_a_day_old_that_there_is_room(ledger: Ledger, noon: datetime) -> None:
    for hours, calls, used in ((20, 100, 500), (10, 200, 700), (0, 150, 850)):
        ran(ledger, noon - hours * HOUR, calls, used)
    # 51 calls too many: those of the oldest run are enough.
    assert stopped_until(ledger, SETTINGS, noon) == noon + 4 * HOUR
    ran(ledger, noon + HOUR, 60, 910)
    # 111 too many: those of the oldest run are not.
    assert stopped_until(ledger, SETTINGS, noon + HOUR) == noon + 14 * HOUR
    assert stopped_until(ledger, SETTINGS, noon + 15 * HOUR) is None


def test_what_only_others_used_is_free_a_day_after_it_was_told(ledger: Ledger, noon: datetime) -> None:
    ran(ledger, noon, 5, 990)
    assert stopped_until(ledger, SETTINGS, noon + HOUR) == noon + 24 * HOUR


def test_nobody_knows_of_a_limit_before_salesforce_was_asked(ledger: Ledger, noon: datetime) -> None:
    assert stopped_until(ledger, SETTINGS, noon) is None
