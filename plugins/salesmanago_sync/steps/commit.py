"""Commit: the last task that writes: issues that went away, mapping state, and the watermark."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from salesmanago_sync.domain.mapping import load_mappings
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.watermark import first_sync, write_first_sync, write_watermark

# The run's work is done; what is left is to tell.
COMMITTED = "committed"


def commit(ports: Ports, window: dict[str, dict[str, str]]) -> dict[str, int]:
    """Close what was solved and move the watermark, if the run looked at everything.

    A record that failed does not hold the watermark: it is an open issue, and tried again by itself.

    Args:
        ports: What the step talks to.
        window: The window of both sides.

    Returns:
        How many issues were closed.
    """
    ports.keep_lock()
    if ports.run.request.dry_run:
        ports.ledger.update_run(ports.run.id, state=COMMITTED)
        return {"closed": 0}
    people = ports.staging.read("people")
    closed = _close_solved(ports, people)
    seen = people["salesforce_id"].notna() & people["salesmanago_id"].notna()
    ports.ledger.check(people.loc[seen, "salesforce_id"], ports.now())
    run = ports.ledger.run(ports.run.id)
    if ports.run.mode == "full" and not run["restricted"]:
        _finish_full(ports, checked(ports).objects)
    if not run["restricted"]:
        until = {side: datetime.fromisoformat(times["until"]) for side, times in window.items()}
        write_watermark(ports.variables, until["salesforce"], until["salesmanago"])
    ports.ledger.update_run(ports.run.id, state=COMMITTED)
    now = ports.now()
    ports.ledger.prune(now - timedelta(days=ports.settings.history_days), now)
    return {"closed": closed}


def _close_solved(ports: Ports, people: pd.DataFrame) -> int:
    """Close the issues of people who were looked at in this run and did not get them again."""
    issues = ports.ledger.open_issues()
    if ports.run.request.direction != "both":
        issues = issues[issues["direction"].isin(["", ports.run.request.direction])]
    seen = issues["salesforce_id"].isin(people["salesforce_id"].dropna()) | (
        issues["salesforce_id"].eq("") & issues["salesmanago_id"].isin(people["salesmanago_id"].dropna())
    )
    solved = issues[seen & issues["last_run"].ne(ports.run.id)]
    ports.ledger.close_issues(ports.run.id, solved["id"], ports.now())
    return len(solved)


def _finish_full(ports: Ports, objects: list[str]) -> None:
    now = ports.now()
    for mapping in load_mappings(ports.settings.mappings):
        if mapping.object in objects:
            ports.ledger.set_mapping_state(mapping.object, mapping.digest, now)
    if first_sync(ports.variables) != "done":
        write_first_sync(ports.variables, "done", now)
