"""`make campaign`: random histories for some minutes; `--replay` plays one again."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence

from tests.histories.campaign import Report, Workshop, campaign, told
from tests.histories.history import History
from tests.histories.pure import play_together

PROGRESS_SECONDS = 60


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(prog="python -m tests.histories", description=__doc__)
    add = command.add_argument
    add("--seed", type=int, default=1, help="the same seed draws the same histories (default: %(default)s)")
    add("--minutes", type=float, default=10, help="how long (default: %(default)s)")
    add("--processes", type=int, default=os.cpu_count() or 1, help="how many at once (default: one a core)")
    add("--database", choices=["sqlite", "postgres"], default="sqlite", help="of the ledger (default: %(default)s)")
    add("--shrink-seconds", type=float, default=120, help="how long to make a failure smaller (default: %(default)s)")
    add("--only", choices=["whole", "pure"], help="play whole histories alone, or those of planning (default: both)")
    add("--replay", metavar="HISTORY", help="play this one history, written as JSON")
    add("--pure", action="store_true", help="with --replay: it is one of matching, planning and merging alone")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign, or play one history."""
    options = parser().parse_args(arguments)
    if options.replay is not None:
        return _replay(History.from_text(options.replay), options)
    report = campaign(
        options.seed,
        options.minutes,
        options.processes,
        options.database,
        options.shrink_seconds,
        options.only,
        _progress(time.monotonic()),
    )
    sys.stdout.write(told(report, options.seed, options.minutes, options.processes) + "\n")
    return 1 if report.failures else 0


def _progress(begun: float) -> Callable[[Report], None]:
    """Tell now and then what was played so far, and at once of each that fails: hours may pass until the end."""
    told = [0.0, 0]

    def tell(report: Report) -> None:
        now, failed = time.monotonic(), len(report.failures)
        for one in report.failures[int(told[1]) :]:
            sys.stderr.write(f"failed: {one.kind}\n  {one.words[:1500]}\n  {one.command}\n")
        if now - told[0] >= PROGRESS_SECONDS or failed > told[1]:
            told[:] = [now, failed]
            counts = f"{report.whole} whole histories, {report.pure} pure ones, {failed} failed"
            sys.stderr.write(f"{(now - begun) / 60:.0f} min: {counts}\n")

    return tell


def _replay(history: History, options: argparse.Namespace) -> int:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    if options.pure:
        for error in play_together([history]).values():
            raise error
    else:
        with Workshop(options.database) as workshop:
            workshop.play(history)
    sys.stdout.write("No law was broken.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
