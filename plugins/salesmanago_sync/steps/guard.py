"""Guard: a plan is held against limits before anything is written; beyond them a person is asked.

While the run waits for the answer it holds nothing: the lock is free, and other runs go on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import pandas as pd

from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.plan.limits import (
    EXAMPLES,
    LIMITS,
    UPDATES,
    Passed,
    added,
    may_pass_percent,
    passed,
)
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.domain.staged_frames import MEASURES
from salesmanago_sync.ledger.runs import ASKS
from salesmanago_sync.settings import PREFIX, Settings
from salesmanago_sync.steps.cost import planned_calls
from salesmanago_sync.steps.parts import of_everybody
from salesmanago_sync.steps.planning import DIRECTIONS, check_origin, check_vanished
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.request import utc
from salesmanago_sync.steps.reserve import most_calls
from salesmanago_sync.steps.watermark import first_sync
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)

# What of the measures the question counts, whatever the limits say.
SHOWN = {"creates": "created", UPDATES: "updated", "deletes": "deleted"}
FIRST = "The first full sync asks before it writes."
ALWAYS = f"Every run asks before it writes: `{PREFIX}ASK` says so."
WAYS = dict(zip(DIRECTIONS, ("SALESmanago", "Salesforce"), strict=True))


def guard(ports: Ports) -> dict[str, Any] | None:
    """Hold the plan against the limits.

    Args:
        ports: What the step talks to.

    Returns:
        None where the run may go on. Else the question, with `mode` (of the run), `subject`, `why` (lines of Markdown),
        `rows` (`object, direction, created, updated, deleted`), `fields` (those that can be approved alone), `calls`
        (requests to each service) and `until`; the lock is free then.

    Raises:
        FatalError: So many people cannot be found, or are opted out, that something else must be wrong.
    """
    ports.keep_lock()
    forget_question(ports)
    # A dry run stops where the run that it looks ahead to would.
    check_vanished(ports)
    check_origin(ports)
    found = added(of_everybody(ports, MEASURES))
    why = why_it_asks(ports, found)
    calls = tell_cost(ports, Scope() if why else None)
    for line in why:
        log.info("%s", visible(line))
    if not why or ports.run.request.dry_run:
        return None
    return ask(ports, why, found, calls)


def ask(ports: Ports, why: list[str], found: pd.DataFrame, calls: dict[str, int]) -> dict[str, Any]:
    """Ask whether the plan may be written; while the question waits the lock is free.

    Args:
        ports: What the step talks to.
        why: Why it asks, a line each.
        found: What is to be written, in numbers (`limits.added`).
        calls: Requests to each service.

    Returns:
        The question, as `guard`.
    """
    until = ports.now() + timedelta(hours=ports.settings.approval_hours)
    rows = list(_rows(found))
    told = {"mode": ports.run.mode, "subject": _subject(ports, rows), "why": why, "rows": rows}
    question = {**told, "fields": _fields(ports), "calls": calls, "until": utc(until)}
    ports.ledger.runs.update(ports.run.id, state=ASKS, question=question, waits_until=until + timedelta(hours=1))
    ports.ledger.lock.free(ports.run.attempt)
    return question


def tell_cost(ports: Ports, scope: Scope | None) -> dict[str, int]:
    """Say how many requests the plan takes, and whether Salesforce will have so many left for the sync.

    Args:
        ports: What the step talks to.
        scope: What of the plan a person approves; None where nobody is asked.
    """
    calls = planned_calls(ports, scope)
    ports.ledger.runs.update(ports.run.id, calls_planned=calls)
    log.info("Writing this takes %(salesmanago)d requests to SALESmanago and %(salesforce)d to Salesforce.", calls)
    usage = ports.ledger.runs.last_usage()
    left = None if usage is None else most_calls(ports.settings, usage.allowed) - usage.used
    if left is not None and calls["salesforce"] > left:
        log.warning(
            "Salesforce has %d API calls left for the sync now: the run will stop before it has written everything, "
            "and a later one goes on.",
            max(left, 0),
        )
    return calls


def forget_question(ports: Ports) -> None:
    """Forget the question and the answer about an earlier plan of this run."""
    if ports.line()["question"] is not None:
        ports.ledger.runs.update(ports.run.id, question=None)


def _by_rule(ports: Ports, found: pd.DataFrame) -> list[str]:
    """Say why the run asks, whatever it would do."""
    if found.empty:
        return []
    first = ports.run.mode == "full" and first_sync(ports.variables) != "done"
    asks = {"always": ALWAYS, "first": FIRST if first else None}.get(ports.settings.ask)
    return [] if asks is None else [f"{asks} For example {', '.join(_examples(found))}."]


def _examples(found: pd.DataFrame) -> list[str]:
    """Name a few of those who would be written: the first of each kind, then the second."""
    kinds = found.loc[found["measure"].isin(SHOWN), "examples"].str.split()
    ids = [one for turn in zip_longest(*kinds) for one in turn if one is not None]
    return list(dict.fromkeys(ids))[:EXAMPLES]


def why_it_asks(ports: Ports, found: pd.DataFrame) -> list[str]:
    """Say why a person is asked before what is to be written is: because every run asks, or by the limits.

    Args:
        ports: What the step talks to.
        found: What is to be written, in numbers (`limits.added`).

    Returns:
        A line for each reason; none where the run may go on by itself.
    """
    return [*_by_rule(ports, found), *_beyond(ports, found)]


def _beyond(ports: Ports, found: pd.DataFrame) -> list[str]:
    """Say which limits what is to be written goes beyond."""
    if ports.settings.ask == "never":
        return []
    bound = ports.ledger.bindings.count_living() if may_pass_percent(found) else {}
    return [_told(one) for one in passed(found, limits_of(ports.settings), bound)]


def limits_of(settings: Settings) -> dict[str, int]:
    """Read the value of each limit."""
    return {limit.name: getattr(settings, limit.name) for limit in LIMITS}


def _told(one: Passed) -> str:
    what = f"{one.object} to {WAYS[one.direction]}{', ' if one.field else ''}{one.field}"
    of = f" % of {one.bound:,} who are bound" if one.limit.percent else ""
    return (
        f"{what}: {one.count:,} {one.limit.words}; without asking {one.allowed:,}{of} "
        f"(`{PREFIX}{one.limit.name.upper()}`). For example {', '.join(one.examples)}."
    )


def _rows(found: pd.DataFrame) -> Iterator[dict[str, Any]]:
    mine = found[found["measure"].isin(SHOWN)]
    for (name, direction), rows in mine.groupby(["object", "direction"], sort=True):
        counts = dict(zip(rows["measure"].map(SHOWN), map(int, rows["count"]), strict=True))
        yield {"object": name, "direction": direction, **dict.fromkeys(SHOWN.values(), 0), **counts}


def _fields(ports: Ports) -> list[str]:
    """Name what is written of people who are on both sides."""
    found = ports.ledger.changes.distinct(ports.run.id, "field", state="planned", action="update")
    return [name for name in found if name != DELETE]


def _subject(ports: Ports, rows: list[dict[str, Any]]) -> str:
    counts = {key: sum(row[key] for row in rows) for key in SHOWN.values()}
    told = ", ".join(f"{count:,} {key}" for key, count in counts.items() if count)
    name = ports.run.mode if ports.run.mode == "undo" else f"{ports.run.mode} sync"
    return f"May the {name} write? People {told}."
