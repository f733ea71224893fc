"""Several processes at once, and processes that are killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from salesmanago_sync.ledger.store import Ledger

PROGRAMS = Path(__file__).parent / "programs.py"
PEOPLE = 40
TIMES = 25


@contextmanager
def program(*words: object) -> Iterator[subprocess.Popen[str]]:
    """Start a part of programs.py that goes on when it is told to."""
    command = [sys.executable, str(PROGRAMS), *map(str, words)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def answers(*words: object, count: int) -> list[str]:
    """Run a program several times at the same time."""
    with ExitStack() as stack:
        processes = [stack.enter_context(program(*words, number)) for number in range(count)]
        for process in processes:
            ready(process)
        for process in processes:
            go(process)
        out = [process.communicate(timeout=120)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * count
        return out


def people(ledger: Ledger, noon: datetime) -> pd.DataFrame:
    names = pd.Series([f"{number:03}" for number in range(PEOPLE)])
    frame = pd.DataFrame({"object": "Lead", "salesforce_id": "q" + names, "salesmanago_id": "m" + names})
    return ledger.bind(frame.assign(matched_by="email"), 1, noon)


def bases(ledger: Ledger) -> list[dict[str, list[str]]]:
    return [json.loads(base) for base in ledger.bindings()["base"]]


def test_two_processes_that_write_different_fields_lose_nothing(ledger: Ledger, url: str, noon: datetime) -> None:
    people(ledger, noon)
    answers("merge", url, TIMES, count=2)
    wanted = {f"{process}.{number}": ["a", "b"] for process in range(2) for number in range(TIMES)}
    assert all(base == wanted for base in bases(ledger))


def test_a_killed_process_leaves_all_of_a_write_or_nothing(ledger: Ledger, url: str, noon: datetime) -> None:
    people(ledger, noon)
    for attempt in range(2):
        with program("merge", url, 10_000, attempt) as process:
            ready(process)
            go(process)
            time.sleep(0.05 + 0.1 * attempt)
            process.send_signal(signal.SIGKILL)
            process.wait()
        # Still writable, and everybody was given the same fields.
        ledger.merge_base(pd.DataFrame({"id": ledger.bindings()["id"], "base": '{"after": ["a", "b"]}'}), noon)
        left = bases(ledger)
        assert all(base == left[0] for base in left)


def test_two_processes_never_bind_an_id_twice(ledger: Ledger, url: str) -> None:
    answers("bind", url, PEOPLE, count=3)
    frame = ledger.bindings()
    assert len(frame) == PEOPLE
    assert frame["salesforce_id"].is_unique
    assert frame["salesmanago_id"].is_unique


def test_one_of_many_processes_gets_the_lock_each_time_that_it_expires(ledger: Ledger, url: str) -> None:
    rounds = [json.loads(out) for out in answers("lock", url, count=3)]
    winners = [sum(got) for got in zip(*rounds, strict=True)]
    assert winners[0] == 1
    assert max(winners) == 1


def test_processes_that_open_a_new_ledger_at_once_migrate_it_once(url: str) -> None:
    assert answers("open", url, count=3) == ["True"] * 3


@pytest.mark.parametrize("statement", ["bindings", "issues"])
def test_a_reader_does_not_wait_for_a_writer(ledger: Ledger, statement: str) -> None:
    with ledger._database.write():
        other = Ledger(ledger._database)
        assert (other.bindings() if statement == "bindings" else other.open_issues()).empty
