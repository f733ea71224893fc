"""How long a first full sync takes, end to end: every step, both services over HTTP, without Airflow.

So many Leads and so many contacts, some of whom are the same people, meet for the first time; everybody is read,
matched, planned, written and read once more. Measured are seconds of CPU of the sync, not of the services. They must
grow with the number of people and no faster: the last column says how much longer a person takes than in the first row.

    python benchmarks/first_sync.py [--small] [PEOPLE ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from salesmanago_sync.memory import share_memory  # noqa: E402
from tests.integration.direct import Direct  # noqa: E402
from tests.twin_server import TwinServer  # noqa: E402

SIZES, SMALL = (1_000, 4_000, 16_000), (100,)


def main() -> None:
    """Measure and print."""
    share_memory()
    parser = ArgumentParser()
    parser.add_argument("people", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--small", action="store_true")
    asked = parser.parse_args()
    sizes = SMALL if asked.small else asked.people
    spent = {count: seconds_of(count) for count in sizes}
    table = Table(title=f"A first full sync of {', '.join(f'{count:,}' for count in sizes)} people a side")
    for column in ("people a side", "CPU s", "CPU ms a person", "× the first row"):
        table.add_column(column, justify="right")
    each = {count: seconds * 1000 / count for count, seconds in spent.items()}
    for count in sizes:
        times = f"{each[count] / each[sizes[0]]:.2f}"
        table.add_row(f"{count:,}", f"{spent[count]:.1f}", f"{each[count]:.2f}", times)
    Console(width=100).print(table)


def seconds_of(count: int) -> float:
    """Run a first full sync, and give what it took."""
    with TwinServer("--people", f"leads={count},salesmanago={count}") as twin, tempfile.TemporaryDirectory() as folder:
        direct = Direct(twin, Path(folder))
        begin = time.process_time()
        direct.sync("full", objects=("Lead",))
        seconds = time.process_time() - begin
        bound = len(direct.ledger.bindings.read(columns=["id"]))
        direct.close()
    if bound < count:
        raise SystemExit(f"{bound} of at least {count} people were bound.")
    return seconds


if __name__ == "__main__":
    main()
