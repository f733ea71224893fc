"""Several processes at once, and processes that are killed."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.clients.pace import RESERVATIONS_PER_SECOND
from salesmanago_sync.ledger.store import Ledger
from tests.unit.ledger import programs

# Each starts processes.
pytestmark = pytest.mark.slow

# Imports once what every process needs, and forks from there.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["salesmanago_sync.ledger.store"])


def answers(work: Callable[..., Any], url: str, count: int) -> list[Any]:
    """Run a program in several processes at the same time."""
    with context.Manager() as manager, ProcessPoolExecutor(count, mp_context=context) as pool:
        barrier = manager.Barrier(count)
        pending = [pool.submit(work, url, barrier, number) for number in range(count)]
        return [future.result(timeout=120) for future in pending]


def add_people(ledger: Ledger, noon: datetime) -> None:
    names = pd.Series([f"{number:03}" for number in range(programs.PEOPLE)])
    frame = pd.DataFrame({"object": "Lead", "salesforce_id": "q" + names, "salesmanago_id": "m" + names})
    ledger.bindings.add(frame.assign(matched_by="email"), 1, noon)


def bases(ledger: Ledger) -> list[dict[str, list[str]]]:
    return [json.loads(base) for base in ledger.bindings.read()["base"]]


def test_two_processes_that_write_different_fields_lose_nothing(ledger: Ledger, url: str, noon: datetime) -> None:
    add_people(ledger, noon)
    answers(programs.merge, url, 2)
    wanted = {f"{process}.{number}": ["a", "b"] for process in range(2) for number in range(programs.TIMES)}
    assert all(base == wanted for base in bases(ledger))


@pytest.mark.parametrize("seconds", [0.03, 0.2])
def test_a_killed_process_leaves_all_of_a_write_or_nothing(
    ledger: Ledger, url: str, noon: datetime, seconds: float
) -> None:
    add_people(ledger, noon)
    barrier = context.Barrier(2)
    process = context.Process(target=programs.merge, args=(url, barrier, 0, 10_000))
    process.start()
    barrier.wait(60)
    time.sleep(seconds)
    process.kill()
    process.join()
    ledger.bindings.merge_base(
        pd.DataFrame({"id": ledger.bindings.read()["id"], "base": '{"after": ["a", "b"]}'}), noon
    )
    left = bases(ledger)
    assert all(base == left[0] for base in left)


def test_several_processes_never_bind_an_id_twice(ledger: Ledger, url: str) -> None:
    assert sum(answers(programs.bind, url, 3)) == programs.PEOPLE
    frame = ledger.bindings.read()
    assert len(frame) == programs.PEOPLE
    assert frame["salesforce_id"].is_unique


def test_one_of_several_processes_gets_the_lock_each_time_that_it_expires(ledger: Ledger, url: str) -> None:
    winners = [sum(turn) for turn in zip(*answers(programs.lock, url, 3), strict=True)]
    assert winners[0] == 1
    assert max(winners) == 1


def test_processes_that_open_a_new_ledger_at_once_migrate_it_once(url: str) -> None:
    assert answers(programs.open_, url, 3) == [True] * 3


@pytest.mark.parametrize(
    "read", [lambda one: one.bindings.read(), lambda one: one.issues.read_open()], ids=["bindings", "issues"]
)
def test_a_reader_does_not_wait_for_a_writer(ledger: Ledger, read: Callable[[Ledger], pd.DataFrame]) -> None:
    with ledger._database.write():
        assert read(ledger).empty


def test_processes_share_one_rate_and_one_pause(url: str) -> None:
    Ledger.open(url).close()
    one, other = answers(programs.take_turns, url, 2)
    taken = sorted([*one, *other])
    assert min(len(one), len(other)) > programs.PAUSED_AFTER, "nobody is left out"
    # What was reserved just before comes a little late; on a busy machine a process may wake up late, too.
    most = programs.RATE * 1.25
    assert max(sum(moment <= each < moment + 1 for each in taken) for moment in taken) <= most
    asked = one[programs.PAUSED_AFTER - 1]
    reserved = 1 / RESERVATIONS_PER_SECOND
    assert [each for each in taken if asked + 2 * reserved < each < asked + 1] == []
