"""The consent lane: opt-outs travel whatever else is at work.

It takes no lock: a full sync may hold it for hours. It may meet a run without harm, because it only ever writes
opt-outs, because an opt-out that is written twice is the same opt-out, and because a run reads who moved once more
before it writes. What it does not do is everything else: it binds, creates, deletes and opts in nobody, and moves no
watermark.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from salesmanago_sync.domain.merge.pairs import SIDES
from salesmanago_sync.domain.plan.changes import CONSENT
from salesmanago_sync.domain.plan.consent import is_shared
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.ledger.runs import CONSENT_LANE
from salesmanago_sync.steps.batches import ROWS, groups
from salesmanago_sync.steps.clocks import stage_clocks
from salesmanago_sync.steps.evidence import keep_seen
from salesmanago_sync.steps.explaining import stage_objects
from salesmanago_sync.steps.extract import add_counterparts, add_least_checked
from salesmanago_sync.steps.freshness import Freshness
from salesmanago_sync.steps.ledger_age import this_ledger
from salesmanago_sync.steps.planning import DIRECTIONS, plan_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import Account
from salesmanago_sync.steps.reading import Reading, read_news, sources
from salesmanago_sync.steps.request import utc
from salesmanago_sync.steps.start import NothingToDoError
from salesmanago_sync.steps.watermark import (
    LAST_CONSENT,
    LAST_SYNC,
    Watermark,
    late_faults,
    read_mark,
    read_watermark,
    write_watermark,
)
from salesmanago_sync.steps.window import overlapping
from salesmanago_sync.steps.writing import NOBODY, Writer

log = logging.getLogger(__name__)


def carry_opt_outs(ports: Ports, read_account: Callable[[], Account]) -> dict[str, int]:
    """Read what moved, and write the opt-outs among it to the other side.

    Args:
        ports: What the step talks to.
        read_account: Reads the SALESmanago connection's settings.

    Returns:
        `read`, how many records and contacts moved; `written` and `failed`, how many opt-outs.

    Raises:
        NothingToDoError: Ordinary runs keep up, or nobody is synchronised yet; says so.
    """
    watermark, mine = read_watermark(ports.variables), read_mark(ports.variables, LAST_CONSENT)
    _check_times(ports, {LAST_SYNC: watermark, LAST_CONSENT: mine})
    _check_needed(ports, watermark)
    # As an incremental run: a full one would read everybody.
    ports = replace(ports, run=ports.run.model_copy(update={"mode": "incremental"}))
    objects = stage_objects(ports, read_account)
    until = {side: clock - ports.settings.settle for side, clock in stage_clocks(ports).items()}
    seen_at = ports.now()
    reading = _read(ports, objects, _since(mine, watermark, until, ports.settings.overlap), until)
    count = sum(len(frame) for frame in reading.records.values()) + len(reading.contacts)
    written = _write(ports, reading, objects, seen_at)
    # Where some were refused the same time is read again, five minutes later.
    times = mine if written["failed"] else Watermark(**until)
    if times is not None:
        noted = this_ledger(ports, until["salesmanago"] if watermark is None else watermark.salesmanago)
        write_watermark(ports.variables, times, noted, LAST_CONSENT)
    return {"read": count, "written": written["done"], "failed": written["failed"]}


def _check_times(ports: Ports, marks: dict[str, Watermark | None]) -> None:
    """Check that no mark is in the future: opt-outs would be left behind until then, and nobody would hear of it."""
    # The clocks of three machines are never quite the same.
    latest = dict.fromkeys(SIDES, ports.now() + ports.settings.settle)
    faults = [fault for name, mark in marks.items() for fault in late_faults(mark, latest, name)]
    if faults:
        raise ConfigurationError(faults)


def _check_needed(ports: Ports, watermark: Watermark | None) -> None:
    if ports.ledger.bindings.is_empty():
        raise NothingToDoError("Nobody is synchronised yet: run salesmanago_full_sync.")
    if watermark is None:
        return
    late = ports.now() - timedelta(seconds=ports.settings.consent_after_seconds)
    if watermark.earlier >= late:
        raise NothingToDoError(
            f"The ordinary runs keep up: everything before {utc(watermark.earlier)} is synchronised."
        )


def _since(
    mine: Watermark | None, watermark: Watermark | None, until: dict[str, datetime], overlap: timedelta
) -> dict[str, datetime]:
    """Begin where the lane itself or an ordinary run has been; without either, a day ago: the sweep finds the rest."""
    since = {}
    for side in SIDES:
        known = [getattr(mark, side) for mark in (mine, watermark) if mark is not None]
        since[side] = overlapping(max(known) if known else until[side] - timedelta(days=1), overlap)
    return since


def _read(ports: Ports, objects: list[str], since: dict[str, datetime], until: dict[str, datetime]) -> Reading:
    reading = Reading(ports, sources(ports, objects))
    for name, source in reading.sources.items():
        span, at = (since["salesforce"], until["salesforce"]), ports.now()
        for page in ports.salesforce.changed(source.mapping.sobject, source.fields, *span, source.kind):
            reading.add_records(name, page, in_scope=True, at=at)
    for ids in ports.salesmanago.changed_ids(since["salesmanago"], until["salesmanago"]):
        reading.fetch_contacts(ids, in_scope=True)
    add_least_checked(reading, objects)
    add_counterparts(reading, objects)
    read_news(reading, objects)
    return reading


def _write(ports: Ports, reading: Reading, objects: list[str], seen_at: datetime) -> dict[str, int]:
    result = plan_of(reading, objects)
    changes = opt_outs(result.changes)
    seen = result.people["salesforce_id"].notna() & result.people["salesmanago_id"].notna()
    if changes.empty:
        ports.ledger.bindings.mark_checked(result.people.loc[seen, "salesforce_id"], ports.now())
        return NOBODY
    run, now = ports.run, ports.now()
    number = ports.ledger.runs.start(run.dag_id, run.dag_run_id, CONSENT_LANE, False, True, now, {})
    numbered = replace(ports, run=run.model_copy(update={"id": number}))
    reading.ports = numbered
    ports.ledger.changes.plan(number, changes, now)
    # A run will see both sides agree, and have nothing to say.
    told = result.issues[result.issues["reason"].eq("OPT_IN_REVERTED")]
    ports.ledger.issues.report(number, told, now)
    keep_seen(numbered, result.seen, seen_at)
    freshness = Freshness(reading, since=seen_at, asked=seen_at, keep=opt_outs)
    writer = Writer(numbered, reading, None, freshness, seen_at=seen_at, last=True)
    total = Counter(NOBODY)
    for direction in DIRECTIONS:
        for name, rows in changes[changes["direction"].eq(direction)].groupby("object", sort=True):
            for group in groups(rows, ROWS[direction]):
                total.update(writer.write(str(name), direction, group, result.people))
    ports.ledger.bindings.mark_checked(result.people.loc[seen, "salesforce_id"], ports.now())
    note = f"{total['done']} people opted out on the other side, {total['failed']} refused"
    ports.ledger.runs.finish(number, "failed" if total["failed"] else "success", ports.now(), note=note)
    return dict(total)


def opt_outs(changes: pd.DataFrame) -> pd.DataFrame:
    """Take the opt-outs that a person made somewhere; those of policies wait for a run, which remembers why."""
    mine = (
        changes["lane"].eq(CONSENT)
        & changes["action"].eq("update")
        & changes["new"].eq("true")
        & (changes["source"].eq("true") | is_shared(changes["rule"]))
    )
    return changes[mine.fillna(False).astype(bool)]


def check_refused(result: dict[str, int]) -> None:
    """Turn refused opt-outs into an error, so that somebody looks.

    Raises:
        ConfigurationError: A service refused some.
    """
    if result["failed"]:
        what = f"{result['failed']} opt-outs were refused."
        raise ConfigurationError([Fault("consent", what, "Look at the issues: airflow salesmanago issues")])
