"""A task that works for long keeps the lock, and one that was overtaken does not start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.hooks import ports as module
from salesmanago_sync.hooks.staging import MemoryStaging
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.ports import LOCK_TTL, Ports
from salesmanago_sync.steps.request import Request, Run

LONG = 30.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close()


def ports_of(ledger: Ledger, attempt: int) -> Ports:
    nothing = cast(Any, None)
    run = Run(dag_id="dag", dag_run_id="run", mode="full", scheduled=False, request=Request(), attempt=attempt)
    return Ports(run, nothing, nothing, ledger, MemoryStaging(), nothing, Settings(), False, lambda: datetime.now(UTC))


def test_a_long_call_shows_signs_of_life(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    long_ago = datetime.now(UTC) - LOCK_TTL + timedelta(seconds=LONG)
    attempt = ledger.lock.take("dag/run", long_ago, LOCK_TTL)
    assert isinstance(attempt, int)
    with module._signs_of_life(ports_of(ledger, attempt)):
        first = ledger.lock.holder(datetime.now(UTC))
        until = time.monotonic() + LONG
        while time.monotonic() < until:
            now = ledger.lock.holder(datetime.now(UTC))
            if now is not None and first is not None and now.heartbeat_at > first.heartbeat_at:
                break
            time.sleep(0.01)
        else:
            pytest.fail("no sign of life was shown")


def test_a_task_of_an_attempt_that_was_overtaken_does_not_start(ledger: Ledger) -> None:
    old = ledger.lock.take("dag/run", datetime.now(UTC), LOCK_TTL)
    ledger.lock.take("dag/run", datetime.now(UTC), LOCK_TTL)
    assert isinstance(old, int)
    with pytest.raises(FatalError, match="clear the whole run"), module._signs_of_life(ports_of(ledger, old)):
        pytest.fail("the task started")


def test_a_task_of_another_ledger_does_not_start(ledger: Ledger) -> None:
    with (
        pytest.raises(FatalError, match="restored, replaced or lost"),
        module._signs_of_life(ports_of(ledger, attempt=99)),
    ):
        pytest.fail("the task started")


def test_without_the_task_start_there_is_no_attempt() -> None:
    with pytest.raises(FatalError, match="The task start did not run"):
        module.attempt_of(None)
