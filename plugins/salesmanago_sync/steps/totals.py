"""Totals: a run added up, everybody who was read in exactly one column."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pandas as pd

from salesmanago_sync.domain.frames import TEXT, among
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.people.matching import ISSUE, SKIP
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.domain.staged_frames import FOUND_ISSUES, MEETING, PEOPLE
from salesmanago_sync.steps.freshness import LEFT
from salesmanago_sync.steps.newcomers import FOLLOW_UP
from salesmanago_sync.steps.parts import each_staged, of_everybody
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked

NO_OBJECT = "–"
# How the contacts that meet criteria are counted.
MAPPED, MET = ["object", "mapping"], ["take_part", "wanted"]
EXAMPLES = 3
# What of the people frame is counted.
OUTCOMES = ("direction", "action", "salesforce_id", "salesmanago_id", "state")
COUNTED = ("object", "salesforce_id", "salesmanago_id", "status", "reason")
# By which id somebody is read who is written there.
OWN_ID = {TO_SALESMANAGO: "salesforce_id", TO_SALESFORCE: "salesmanago_id"}


def add_up(ports: Ports) -> dict[str, Any]:
    """Add up the run.

    Args:
        ports: What the step talks to.

    Returns:
        `rows` (one an object and direction), `issues` (one a reason), `note`, `warnings`, `full_sync_due`, and
        `contacts`: where everybody was read, how many contacts meet the criteria of each mapping.
    """
    rows = _totals(ports, ports.run.request.direction)
    issues = _issues(ports)
    due = _full_sync_due(ports)
    return {
        "rows": rows,
        "issues": issues,
        "note": _note(ports, rows, issues, due),
        "warnings": [*checked(ports).warnings, *_unchecked(ports)],
        "full_sync_due": due,
        "contacts": _meeting(ports),
    }


def written(ports: Ports, direction: str) -> dict[str, int]:
    """Count the people whom the run created, updated and could not write on one side, as the report will tell.

    Args:
        ports: What the step talks to.
        direction: The side that was written.
    """
    return {name: sum(row[name] for row in _totals(ports, direction)) for name in ("created", "updated", "failed")}


def _meeting(ports: Ports) -> list[dict[str, Any]]:
    """Add up, part by part, how many contacts meet the criteria of each mapping, where everybody is read."""
    if not ports.run.reads_everybody:
        return []
    sums = of_everybody(ports, MEETING).groupby(MAPPED, sort=True)[MET].sum().reset_index()
    return [
        {**{name: str(row[name]) for name in MAPPED}, **{name: int(row[name]) for name in MET}}
        for row in sums.to_dict("records")
    ]


def _totals(ports: Ports, direction: str) -> list[dict[str, Any]]:
    """Add up part by part."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for people in each_staged(ports, PEOPLE, COUNTED):
        changes = ports.ledger.changes.read_of(ports.run.id, people, OUTCOMES)
        for row in totals(people, changes[changes["action"].ne(FOLLOW_UP)], direction):
            counts = sums.setdefault((row.pop("direction"), row.pop("object")), Counter())
            counts.update({f"skipped.{reason}": count for reason, count in row.pop("skipped").items()} | row)
    return [_added(way, name, sums[way, name]) for way, name in sorted(sums, key=_place)]


def _place(key: tuple[str, str]) -> tuple[int, str]:
    return list(OWN_ID).index(key[0]), key[1]


def _added(way: str, name: str, counts: Counter[str]) -> dict[str, Any]:
    mark = "skipped."
    skipped = {key.removeprefix(mark): count for key, count in sorted(counts.items()) if key.startswith(mark)}
    numbers = {key: count for key, count in counts.items() if not key.startswith(mark)}
    return {"object": name, "direction": way, **numbers, "skipped": skipped}


def totals(people: pd.DataFrame, changes: pd.DataFrame, direction: str) -> list[dict[str, Any]]:
    """Count people per object and direction: everybody who was read is in exactly one column.

    Args:
        people: The people frame.
        changes: The run's changes, with their final state.
        direction: The direction of the run, or both.
    """
    rows = []
    for way, own in OWN_ID.items():
        if direction not in ("both", way):
            continue
        written = changes[changes["direction"].eq(way)].assign(key=lambda frame: _key(frame, own))
        known = people.assign(object=people["object"].fillna(NO_OBJECT), key=_key(people, own))
        # An opt-out is written to records beside the pair, too: they have no other side.
        read = known[people[own].notna() | among(known["key"], written["key"])]
        for name, mine in read.groupby("object", sort=True):
            rows.append(_row(str(name), way, mine, written))
    return rows


def _key(frame: pd.DataFrame, own: str) -> pd.Series:
    """Name a person by the id on the side that is read, or by the other where there is none."""
    other = next(name for name in OWN_ID.values() if name != own)
    key: pd.Series = frame[own].where(frame[own].notna() & frame[own].ne(""), frame[other])
    return key


def _row(name: str, way: str, people: pd.DataFrame, changes: pd.DataFrame) -> dict[str, Any]:
    issue, skip = people["status"].eq(ISSUE), people["status"].eq(SKIP)
    states = _states(people[~issue], changes)
    # Whoever is skipped may be told an opt-out all the same, and then was written.
    passed = skip & states.reindex(people.index, fill_value="").eq("")
    skipped = people.loc[passed, "reason"].value_counts()
    keyed = people[~issue & ~passed]
    states = states[keyed.index]
    counts = {state: int(states.eq(state).sum()) for state in ("created", "updated", "failed", "planned")}
    return {
        "object": name,
        "direction": way,
        "read": len(people),
        "unchanged": len(keyed) - sum(counts.values()),
        "created": counts["created"],
        "updated": counts["updated"],
        "planned": counts["planned"],
        "skipped": {str(reason): int(count) for reason, count in sorted(skipped.items())},
        "failed": counts["failed"] + int(issue.sum()),
    }


def _states(people: pd.DataFrame, changes: pd.DataFrame) -> pd.Series:
    """What became of each person: of several fields the worst counts."""
    mine = changes[~changes["state"].isin(("dropped", LEFT)) & among(changes["key"], people["key"])]
    if mine.empty:
        return pd.Series("", index=people.index, dtype=TEXT)
    by_person = (
        mine.assign(
            created=mine["action"].eq("create"), failed=mine["state"].eq("failed"), planned=mine["state"].eq("planned")
        )
        .groupby("key")[["created", "failed", "planned"]]
        .any()
    )
    state = pd.Series("updated", index=by_person.index, dtype=TEXT).mask(by_person["created"], "created")
    state = state.mask(by_person["planned"], "planned").mask(by_person["failed"], "failed")
    return people["key"].map(state).fillna("")


def _issues(ports: Ports) -> list[dict[str, Any]]:
    # A dry run opens no issue: it tells those of its plan.
    planned = ports.run.request.dry_run
    found = of_everybody(ports, FOUND_ISSUES).reset_index(names="id") if planned else ports.ledger.issues.read_open()
    new = set() if planned else set(ports.ledger.issues.read_new(ports.run.id)["id"])
    rows = []
    for reason, mine in found.groupby("reason", sort=True):
        known = ISSUES[str(reason)]
        ids = mine["salesforce_id"].mask(mine["salesforce_id"].eq(""), mine["salesmanago_id"])
        rows.append(
            {
                "reason": reason,
                "count": len(mine),
                "new": int(mine["id"].isin(new).sum()),
                "meaning": known.meaning,
                "fix": known.fix,
                "examples": ids.head(EXAMPLES).tolist(),
            }
        )
    return rows


def _unchecked(ports: Ports) -> list[str]:
    """Warn where the sweep of consent is too slow to look at everybody once a day."""
    late = ports.ledger.bindings.count_unchecked(ports.now() - timedelta(days=1))
    if late == 0 or ports.run.request.dry_run:
        return []
    return [
        f"consent: {late} synchronised people were not looked at for a day. Run the full sync daily, or raise "
        f"{ports.pair.spelled('SALESMANAGO_SYNC_CONSENT_SWEEP_PER_RUN')} (now {ports.settings.consent_sweep_per_run})."
    ]


def _full_sync_due(ports: Ports) -> list[str]:
    if ports.run.mode == "full" and not ports.line()["restricted"]:
        return []
    digests = ports.line()["mapping_digests"] or {}
    return ports.ledger.mapping_state.objects_due({name: digests.get(name, "") for name in checked(ports).enabled})


def _note(ports: Ports, rows: list[dict[str, Any]], issues: list[dict[str, Any]], due: list[str]) -> str:
    parts = []
    for way in OWN_ID:
        mine = [row for row in rows if row["direction"] == way]
        if mine:
            numbers = {key: sum(row[key] for row in mine) for key in ("created", "updated", "planned", "failed")}
            told = ", ".join(f"{count} {key}" for key, count in numbers.items() if count) or "nothing to write"
            parts.append(f"{way.replace('_', ' ')}: {told}")
    new, known = sum(issue["new"] for issue in issues), sum(issue["count"] for issue in issues)
    if left := ports.ledger.changes.count(ports.run.id, state=LEFT):
        parts.append(f"{left} approved changes left to the next run, which moved meanwhile")
    parts.append(f"{known} open issues, {new} of them new")
    if due:
        parts.append(f"full sync due: {', '.join(due)}")
    dry = "Dry run. " if ports.run.request.dry_run else ""
    return dry + "; ".join(parts)
