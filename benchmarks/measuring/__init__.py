"""What benchmarks share: work in a process of its own, its processor time, and the memory that it needed at most."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

MIB = 2**20
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Cost:
    """What some work took.

    Attributes:
        seconds: Processor time, of this process and of the server that it asks.
        peak: MiB of memory that the process had at most.
        grown: MiB by which that is more than it had at the beginning.
    """

    seconds: float = 0.0
    peak: float = 0.0
    grown: float = 0.0


@contextmanager
def cost(server: int | None = None) -> Iterator[Cost]:
    """Measure the work of a block; the cost is known at its end.

    Args:
        server: Number of a process whose children work for this one.
    """
    found, before = Cost(), _memory("VmRSS")
    # The kernel begins anew to note how much memory there was at most.
    Path("/proc/self/clear_refs").write_text("5")
    begin = time.process_time() + _seconds_of_children(server)
    yield found
    found.seconds = time.process_time() + _seconds_of_children(server) - begin
    found.peak = _memory("VmHWM")
    found.grown = found.peak - before


def compared(title: str, thing: str, count: int, seconds: dict[str, float], yardstick: str) -> Table:
    """Lay out what several readers took for the same things; the first of them is the yardstick.

    Args:
        title: Of the table.
        thing: What was read, in the singular.
        count: How many.
        seconds: Processor time of each reader.
        yardstick: What the first one is called at the head of a column.
    """
    first, *_ = seconds.values()
    found = Table("reader", title=title)
    for column in ("CPU s", f"µs a {thing}", f"× {yardstick}"):
        found.add_column(column, justify="right")
    for name, taken in seconds.items():
        found.add_row(name, f"{taken:.2f}", f"{taken / count * 1e6:.0f}", f"{taken / first:.2f}")
    return found


def in_a_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run something in a fresh process, whose memory knows of nothing else, and give what it returns."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / MIB for line in lines if line.startswith(f"{name}:"))


def _seconds_of_children(server: int | None) -> float:
    """Processor time of the processes that a server has started, as long as they are there."""
    if server is None:
        return 0.0
    numbers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return sum(_seconds(number) for number in numbers)


def _seconds(number: str) -> float:
    # After the name, which may hold anything: the 12th and 13th are the ticks of the program and of the kernel for it.
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
