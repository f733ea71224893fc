from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from twin.clock import Clock
from twin.faults import Fault, Faults
from twin.state import State


def test_the_clock_runs_and_is_moved() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(90)
    assert 90 <= (clock.now() - before).total_seconds() < 95
    assert parsedate_to_datetime(clock.http_date()).tzinfo is not None
    clock.reset()
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5


def fail_after_a_write(state: State) -> None:
    with state.transaction():
        state.db.execute("INSERT INTO t VALUES (2)")
        raise ValueError("no")


def test_a_transaction_is_undone_by_an_exception() -> None:
    state = State()
    state.db.execute("CREATE TABLE t (v)")
    with state.transaction():
        state.db.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(ValueError, match="no"):
            fail_after_a_write(state)
    assert [tuple(row) for row in state.db.execute("SELECT v FROM t")] == [(1,)]


def test_a_reset_leaves_no_table_and_the_first_settings() -> None:
    state = State()
    state.db.execute("CREATE TABLE t (v)")
    settings = state.settings
    state.settings["salesforce"]["page_size"] = 1
    state.credentials.salesforce.sessions["other"] = "005"
    state.reset()
    assert state.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    assert state.settings is settings
    assert settings["salesforce"]["page_size"] == 2000
    assert list(state.credentials.salesforce.sessions) == [state.credentials.salesforce.access_token]


def test_inner_faults_are_not_taken_by_the_wire() -> None:
    faults = Faults()
    faults.plant(Fault(system="salesforce", kind="row_lock", row=2))
    assert faults.take("salesforce", "POST", "/x") is None
    taken = faults.take_kind("salesforce", "row_lock")
    assert taken is not None
    assert taken.row == 2
    assert faults.take_kind("salesforce", "row_lock") is None


def test_a_fault_without_an_end_stays() -> None:
    faults = Faults()
    faults.plant(Fault(system="salesforce", kind="latency", times=None))
    assert all(faults.take("salesforce", "GET", "/x") for _ in range(5))
