"""Exporting: runs, their changes and the issues as Parquet files, where a warehouse reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from salesmanago_sync.ledger.store import Ledger

# Folders with a file for each run.
OF_RUNS = ("changes", "runs")
OF_A_RUN = re.compile(r"run-(\d+)-attempt-(\d+)\.parquet")


class Warehouse(Protocol):
    """Folders of files."""

    def names(self, folder: str) -> list[str]:
        """Name the files of a folder; none where it is not there."""
        ...

    def keep(self, folder: str, name: str, content: bytes) -> None:
        """Store a file whole, in the place of one of its name."""
        ...

    def remove(self, folder: str, name: str) -> None:
        """Delete a file, if it is there."""
        ...


def export(ledger: Ledger, warehouse: Warehouse, *, values: bool = False) -> dict[str, int]:
    """Store what has ended since the last time, and the issues as they are now.

    Each run has a file in `runs` and in `changes`, written once; a run that went on after it was exported, because
    somebody cleared it, gets new ones. `issues/issues.parquet` has all issues of the ledger. What the ledger forgets
    with time stays in the files.

    Args:
        ledger: Where all of it is kept.
        warehouse: Where it goes.
        values: Whether columns with people's data go along: old and new values, texts of issues.

    Returns:
        How many runs were stored, by `runs`, and how many files were written, by `files`.
    """
    # Listed once: a bucket takes a request for each thousand of names, and there is a run every quarter of an hour.
    there = {folder: warehouse.names(folder) for folder in OF_RUNS}
    ended = dict(ledger.exports.ended_runs())
    new = [(run, attempt) for run, attempt in ended.items() if _name(run, attempt) not in there["runs"]]
    for run, attempt in new:
        # Its line in `runs` comes last: whoever finds it finds its changes too, and a kill before it is made good.
        for folder in OF_RUNS:
            warehouse.keep(folder, _name(run, attempt), ledger.exports.write_table(folder, run=run, values=values))
    _remove_others(warehouse, there, ended)
    warehouse.keep("issues", "issues.parquet", ledger.exports.write_table("issues", values=values))
    return {"runs": len(new), "files": len(new) * len(OF_RUNS) + 1}


def _name(run: int, attempt: int) -> str:
    return f"run-{run:08}-attempt-{attempt}.parquet"


def _remove_others(warehouse: Warehouse, there: Mapping[str, Sequence[str]], ended: Mapping[int, int]) -> None:
    """Remove the files of other attempts of runs that have ended; those of runs that the ledger forgot stay."""
    for folder, names in there.items():
        for name in names:
            found = OF_A_RUN.fullmatch(name)
            if found and ended.get(int(found[1]), int(found[2])) != int(found[2]):
                warehouse.remove(folder, name)
