"""What the tasks of a full sync take that decide: gather, match, plan of each part, bind.

So many people are on each side, half of them bound with a base, a tenth of those edited on either side, and the other
half met for the first time. They are staged in pages, as the tasks that read leave them; nothing is read or written
over a wire. Each task runs in a process of its own, as in Airflow, without Airflow's own modules: seconds of processor
time, and the memory of the process at most, its imports included. With parts of one size, the peak of a plan must stay
where it is however many people there are, and every task must take as long a person.

    python benchmarks/run_in_parts.py [--small] [--parts 10000] [PEOPLE ...]
"""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measuring import Cost, cost, in_a_process
from plan_people import CHANGED, READ, edit, salesforce, salesmanago
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from salesmanago_sync.domain.merge.base import pack  # noqa: E402
from salesmanago_sync.domain.merge.canonical import canonical_salesforce, canonical_salesmanago  # noqa: E402
from salesmanago_sync.domain.people.sightings import sightings  # noqa: E402
from salesmanago_sync.memory import share_memory  # noqa: E402
from salesmanago_sync.steps.binding import bind_people  # noqa: E402
from salesmanago_sync.steps.extract import gather_counterparts  # noqa: E402
from salesmanago_sync.steps.pages import ROWS  # noqa: E402
from salesmanago_sync.steps.parts import share_out  # noqa: E402
from salesmanago_sync.steps.planning import plan_part  # noqa: E402
from salesmanago_sync.steps.ports import Ports  # noqa: E402
from salesmanago_sync.steps.preflight import checked, preflight  # noqa: E402
from salesmanago_sync.steps.reading import CONTACTS, SALESFORCE, SALESMANAGO, Reading, Source, key_of, sources  # noqa: E402
from salesmanago_sync.steps.request import Run  # noqa: E402
from salesmanago_sync.steps.staged import Listed, begin_slices, listed_name, rows_of  # noqa: E402
from tests.histories.staged import WatchedStaging  # noqa: E402
from tests.integration.direct import Direct  # noqa: E402
from tests.twin_in_process import TwinInProcess  # noqa: E402

SIZES, SMALL = (10_000, 50_000, 100_000), 300
IN_A_PART = 10_000


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser()
    parser.add_argument("people", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--parts", type=int, default=IN_A_PART, help="people in a part (default: %(default)s)")
    parser.add_argument("--small", action="store_true")
    asked = parser.parse_args()
    sizes, in_a_part = ([SMALL], SMALL // 3) if asked.small else (asked.people, asked.parts)
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            Console().print(table(count, measure(Path(folder), count, in_a_part), in_a_part))


def measure(folder: Path, count: int, in_a_part: int) -> dict[str, list[Cost]]:
    """Run the tasks one after the other, each in a process of its own."""
    run = in_a_process(stage_people, folder, count, in_a_part)
    spent: dict[str, list[Cost]] = {}
    _, *spent["gather"] = in_a_process(work, folder, run, in_a_part, gather_counterparts)
    numbers, *spent["match"] = in_a_process(work, folder, run, in_a_part, share_out)
    spent["plan"] = [in_a_process(work, folder, run, in_a_part, plan_part, number)[1] for number in numbers]
    _, *spent["bind"] = in_a_process(work, folder, run, in_a_part, bind_people)
    return spent


def table(count: int, spent: dict[str, list[Cost]], in_a_part: int) -> Table:
    """Lay out what was measured."""
    found = Table(title=f"{count:,} people a side, parts of {in_a_part:,}")
    for column in ("", "tasks", "CPU seconds", "CPU ms a person", "MiB at most", "MiB more than at its start"):
        found.add_column(column, justify="left" if not column else "right")
    for name, tasks in spent.items():
        seconds = sum(task.seconds for task in tasks)
        peak, grown = max(task.peak for task in tasks), max(task.grown for task in tasks)
        each = f"{seconds * 1000 / count:.3f}"
        found.add_row(name, str(len(tasks)), f"{seconds:.1f}", each, f"{peak:.0f}", f"+{grown:.0f}")
    return found


def work(folder: Path, run: Run, in_a_part: int, task: Callable[..., Any], *arguments: Any) -> tuple[Any, Cost]:
    """Run one task, and give its answer and its cost."""
    ports = ports_of(folder, run, in_a_part)
    with cost() as taken:
        answer = task(ports, *arguments)
    return answer, taken


def ports_of(folder: Path, run: Run | None, in_a_part: int) -> Ports:
    """Open what a task talks to: empty services, a ledger and a folder of staged files."""
    share_memory()
    twin = TwinInProcess()
    direct = Direct(twin, folder, ledger_url=f"sqlite:///{folder}/kept.db")
    direct.settings = direct.settings.model_copy(update={"people_per_part": in_a_part})
    ports = direct.begun("full") if run is None else direct.ports_of(run)
    ports = replace(ports, staging=WatchedStaging(folder / "staged", lambda write, halfway: write()))
    if run is None:
        preflight(ports, direct.account, lambda settings: None)
    return ports


def stage_people(folder: Path, count: int, in_a_part: int) -> Run:
    """Begin a run, and leave people as the tasks that read do."""
    ports = ports_of(folder, None, in_a_part)
    found = sources(ports, checked(ports).objects)
    reading, random = Reading(ports, found), np.random.default_rng(1)
    slices = begin_slices(ports.staging)
    pages = {name: listed_name(name) for name in found} | {CONTACTS: slices.cards(1)}
    listed = {name: Listed(ports.staging, page, rows_of(name)) for name, page in pages.items()}
    for start in range(0, count, ROWS):
        number = pd.Series(range(start, min(count, start + ROWS)))
        records = salesforce(number, random)
        contacts = salesmanago(records, number, random)
        known = number[number % 2 == 0].index
        bind(ports, found["Lead"], records.loc[known], contacts.loc[known])
        edit(known[random.random(len(known)) < CHANGED], records, ["City", "Title"], "LastModifiedDate")
        edit(known[random.random(len(known)) < CHANGED], contacts, ["phone"], "modifiedOn")
        for name, rows, side in (("Lead", records, SALESFORCE), (CONTACTS, contacts, SALESMANAGO)):
            ids = rows[key_of(name)]
            listed[name].add(_laid_out(rows, reading.of(name)), sightings(side, ids, ports.now(), ids, by_id=False))
    for one in listed.values():
        one.close()
    slices.close(ports.staging, 1)
    return ports.run


def bind(ports: Ports, source: Source, records: pd.DataFrame, contacts: pd.DataFrame) -> None:
    """Bind people in the ledger, with everything both sides hold as their base."""
    a, m = canonical_salesforce(source.mapping, records), canonical_salesmanago(source.mapping, contacts)
    both = {key: (a[key], m[key]) for key in a if key in m}
    there = pd.Series(True, index=records.index)
    base = pack(both, dict.fromkeys(both, there), records.index)
    pairs = {"object": "Lead", "salesforce_id": records["Id"], "salesmanago_id": contacts["contactId"], "base": base}
    ports.ledger.bindings.add(pd.DataFrame(pairs).assign(matched_by="email"), ports.run.id, READ.to_pydatetime())


def _laid_out(rows: pd.DataFrame, empty: pd.DataFrame) -> pd.DataFrame:
    return rows.reindex(columns=empty.columns).astype(empty.dtypes)


if __name__ == "__main__":
    main()
