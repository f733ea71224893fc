"""How long what a person edits may be lost to a write: from the last look at both feeds to the answer of the write.

People change on both sides, half of them on each, and one run writes all of it to the twin over HTTP, at the request
rate that is shipped. For each request that writes: how long before it left everybody in it had been looked at on both
sides, how long it took, and both together, at whose end the write has its effect for certain.

    python benchmarks/write_window.py [--small]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from requests.adapters import HTTPAdapter
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from salesmanago_sync.settings import Settings  # noqa: E402
from tests.integration.direct import Direct  # noqa: E402
from tests.integration.looks import Watch, WatchedAdapter  # noqa: E402
from tests.twin_server import TwinServer  # noqa: E402

PEOPLE, SMALL = 2_000, 20


class WatchedTwin(TwinServer):
    """A twin whose requests are watched."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def adapter(self) -> HTTPAdapter:
        """Make what carries requests to it."""
        return WatchedAdapter(super().adapter(), self._watch)


def measure(count: int) -> Watch:
    """Let so many people change, and one run write it."""
    watch = Watch(time.monotonic)
    with WatchedTwin(watch) as twin, tempfile.TemporaryDirectory() as folder:
        direct = Direct(twin, Path(folder))
        people = [
            direct.record("Contact", LastName="Nowak", Email=f"person{number}@example.com") for number in range(count)
        ]
        direct.sync("full")
        direct.settings = Settings(mappings=direct.settings.mappings)
        watch.know(direct.ledger.bindings.read(), direct.cards())
        for number, identifier in enumerate(people):
            edit(direct, number, identifier)
        watch.ages.clear()
        watch.times.clear()
        direct.sync()
        direct.close()
    return watch


def edit(direct: Direct, number: int, identifier: str) -> None:
    """Change one person, on the one side or the other."""
    if number % 2:
        direct.control.patch(f"/salesforce/Contact/{identifier}", {"MailingCity": "Łódź"})
        return
    [contact] = direct.ledger.bindings.read(salesforce_ids=[identifier])["salesmanago_id"]
    direct.control.patch(f"/salesmanago/contacts/{contact}", {"address": {"city": "Kraków"}})


def main() -> None:
    """Print one table."""
    count = SMALL if "--small" in sys.argv else PEOPLE
    watch = measure(count)
    whole = [age + took for age, took in zip(watch.ages, watch.times, strict=True)]
    table = Table("seconds", "median", "longest", title=f"{count} changed people, {len(whole)} requests that write")
    rows = {
        "since everybody in it was looked at": watch.ages,
        "the request itself": watch.times,
        "both together": whole,
    }
    for name, seconds in rows.items():
        table.add_row(name, f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}")
    Console(width=90).print(table)


if __name__ == "__main__":
    main()
