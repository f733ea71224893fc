"""What test_processes.py runs in processes of its own: `programs.py merge|bind|lock|open URL … NUMBER`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import pandas as pd

from salesmanago_sync.ledger.store import Ledger

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def wait() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def merge(url: str, times: str, number: str) -> None:
    """Write field after field of everybody, everybody in one call."""
    ledger = Ledger.open(url)
    ids = ledger.bindings()["id"]
    wait()
    for time in range(int(times)):
        ledger.merge_base(pd.DataFrame({"id": ids, "base": json.dumps({f"{number}.{time}": ["a", "b"]})}), NOON)


def bind(url: str, count: str, number: str) -> None:
    """Bind everybody to a contact that differs from process to process, half of them in the other order."""
    ledger = Ledger.open(url)
    wait()
    for start in range(0, int(count), 4):
        names = [f"{name:03}" for name in range(start, start + 4)]
        pairs = {"object": "Lead", "salesforce_id": names, "salesmanago_id": [f"{number}.{name}" for name in names]}
        frame = pd.DataFrame(pairs).assign(matched_by="email")
        ledger.bind(frame if number == "0" else frame[::-1], 1, NOON)


def lock(url: str, number: str) -> None:
    """Try to get the lock each time that it has expired."""
    ledger = Ledger.open(url)
    hour = timedelta(hours=1)
    wait()
    got = [ledger.acquire(number, NOON + turn * hour, hour) is None for turn in range(30)]
    sys.stdout.write(json.dumps(got))


def open_(url: str, _number: str) -> None:
    wait()
    sys.stdout.write(str(Ledger.open(url).is_empty()))


if __name__ == "__main__":
    {"merge": merge, "bind": bind, "lock": lock, "open": open_}[sys.argv[1]](*sys.argv[2:])
