"""What the ledger costs for 100,000 people: binding them, merging their bases, planning and settling a change of each.

Each size and database is measured in a process of its own: seconds of processor time, the database server's included,
and how far memory rose above what the frames themselves take. The yardstick, measured beside it, is the database's own
driver, which stores the same bases in a bare table and overwrites each by its key: it knows no frame, no merge, no
history. The ratio says what knowing them costs, whatever the machine.

    python benchmarks/ledger_people.py [--small]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from measuring import Cost, cost, in_a_process
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from salesmanago_sync.domain.merge.base import pack  # noqa: E402
from salesmanago_sync.ledger.engine import Database  # noqa: E402
from salesmanago_sync.ledger.store import Ledger  # noqa: E402
from tests.postgres import running  # noqa: E402

SIZES, SMALL = (10_000, 100_000), (200,)
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FIELDS, CHANGED = 20, 3


def main() -> None:
    """Measure and print."""
    console = Console()
    sizes = SMALL if "--small" in sys.argv else SIZES
    with tempfile.TemporaryDirectory() as folder, running() as (postgres, number):
        for name, url, server in (("SQLite", f"sqlite:///{folder}", None), ("PostgreSQL", postgres, number)):
            for count in sizes:
                address = f"{url}/{count}.db" if server is None else url
                console.print(table(f"{name}, {count:,} people", in_a_process(measure, address, server, count)))


def table(title: str, costs: dict[str, Cost]) -> Table:
    """Lay out what was measured."""
    yardstick = costs["yardstick"].seconds
    found = Table(title=title)
    for column in ("", "CPU seconds", "× yardstick", "MiB at most"):
        found.add_column(column, justify="left" if not column else "right")
    for step, taken in costs.items():
        found.add_row(step, f"{taken.seconds:.2f}", f"{taken.seconds / yardstick:.1f}", f"+{taken.grown:.0f}")
    return found


def measure(url: str, server: int | None, count: int) -> dict[str, Cost]:
    """Measure each step on an empty ledger."""
    pairs, costs = people(count), dict[str, Cost]()
    news, changes = bases(count, CHANGED, "new"), planned(pairs)
    with ExitStack() as stack:
        database = Database(sa.make_url(url.replace("postgresql:", "postgresql+psycopg2:")))
        stack.callback(database.close)
        ledger = Ledger.open(url)
        stack.callback(ledger.close)
        steps: dict[str, Callable[[pd.Series], Any]] = {
            "bind": lambda _: ledger.bindings.add(pairs, 1, NOW),
            "merge bases": lambda ids: ledger.bindings.merge_base(pd.DataFrame({"id": ids, "base": news}), NOW),
            "save": lambda ids: ledger.bindings.update(
                pd.DataFrame({"id": ids, "status": "active", "owed": "{}"}), NOW
            ),
            "plan changes": lambda _: ledger.changes.plan(1, changes, NOW),
            "settle changes": lambda _: ledger.changes.settle(1, changes.assign(state="done", delay_seconds=60)),
            "find newcomers": lambda _: ledger.bindings.made_in_run(2, ["Lead"], ["created"]),
        }
        ids = pd.Series(dtype="int64")
        for name, step in steps.items():
            with cost(server) as costs[name]:
                step(ids)
            if name == "bind":
                ids = ledger.bindings.read(columns=["id"])["id"]
        with cost(server) as costs["yardstick"]:
            store_plainly(database, pairs)
    return costs


def people(count: int) -> pd.DataFrame:
    """Make pairs with bases of as many fields as the shipped mapping has."""
    numbers = pd.Series(range(count)).astype("str")
    pairs = pd.DataFrame({"object": "Lead", "salesforce_id": "00Q" + numbers.str.zfill(15), "matched_by": "email"})
    return pairs.assign(salesmanago_id="00000000-0000-4000-8000-" + numbers.str.zfill(12), base=bases(count, FIELDS))


def bases(count: int, fields: int, text: str = "Wartość pola") -> pd.Series:
    """Make base values of some fields."""
    values = f"{text} " + pd.Series(range(count)).astype("str")
    keys = [f"properties.field_{number}" for number in range(fields)]
    return pack(dict.fromkeys(keys, (values, values)), dict.fromkeys(keys, values.notna()), values.index)


def planned(pairs: pd.DataFrame) -> pd.DataFrame:
    """Plan a change of each person."""
    ids = pairs[["object", "salesforce_id", "salesmanago_id"]]
    return ids.assign(direction="to_salesmanago", action="update", field="name", old="Anna", new="Ewa", rule="changed")


def store_plainly(database: Database, pairs: pd.DataFrame) -> None:
    """The yardstick: store the bases in a bare table, and overwrite each."""
    rows = list(zip(pairs["salesforce_id"], pairs["base"], strict=True))
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute("DROP TABLE IF EXISTS plain")
        cursor.execute("CREATE TABLE plain (name TEXT PRIMARY KEY, base TEXT)")
        for text in (
            "INSERT INTO plain (base, name) VALUES ({0}, {0})",
            "UPDATE plain SET base = {0} WHERE name = {0}",
        ):
            _execute_many(database, cursor, text, [(base, name) for name, base in rows])
        connection.commit()
    finally:
        connection.close()


def _execute_many(database: Database, cursor: Any, text: str, rows: list[tuple[str, str]]) -> None:
    if database.is_sqlite:
        cursor.executemany(text.format("?"), rows)
        return
    from psycopg2.extras import execute_batch

    execute_batch(cursor, text.format("%s"), rows, page_size=1_000)


if __name__ == "__main__":
    main()
