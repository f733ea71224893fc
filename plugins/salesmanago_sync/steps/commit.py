"""Commit: the last task that writes: issues that went away, mapping state, and the watermark."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from salesmanago_sync.domain.plan.closing import without_cause
from salesmanago_sync.domain.plan.readability import nameless
from salesmanago_sync.domain.staged_frames import PEOPLE, SEEN_OPT_OUTS, SIGHTINGS
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.approval import approved_scope
from salesmanago_sync.steps.frames import load_frame
from salesmanago_sync.steps.ledger_age import lost_ledger, this_ledger
from salesmanago_sync.steps.parts import of_everybody
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import SALESFORCE, SALESMANAGO
from salesmanago_sync.steps.snapshot import mappings_of_run
from salesmanago_sync.steps.staged import read_at
from salesmanago_sync.steps.watermark import (
    Watermark,
    first_sync,
    move_watermark,
    note_ledger,
    read_watermark,
    write_first_sync,
)
from salesmanago_sync.steps.window import Window, found_watermark, span_of

# The run's work is done; what is left is to tell.
COMMITTED = "committed"


def commit(ports: Ports, window: Window | None) -> dict[str, int]:
    """Close what was solved and move the watermark, if the run looked at everything.

    A record that failed does not hold the watermark: it is an open issue, and tried again by itself.

    Args:
        ports: What the step talks to.
        window: The window of both sides.

    Returns:
        How many issues were closed.

    Raises:
        FatalError: Planned changes were never written, or never approved: the watermark would pass over them.
    """
    ports.keep_lock()
    if ports.run.request.dry_run:
        ports.ledger.runs.update(ports.run.id, state=COMMITTED)
        return {"closed": 0}
    approved_scope(ports)
    _check_settled(ports)
    everybody = of_everybody(ports, PEOPLE, ["salesforce_id", "salesmanago_id", "reason"])
    unread = everybody["reason"].eq("NOT_READ").fillna(False).astype(bool)
    people = everybody[~unread]
    closed = _close_solved(ports, people)
    seen = people["salesforce_id"].notna() & people["salesmanago_id"].notna()
    ports.ledger.bindings.mark_checked(people.loc[seen, "salesforce_id"], read_at(ports))
    run = ports.line()
    if ports.run.mode == "full" and not run["restricted"]:
        _finish_full(ports, checked(ports).objects)
    elif _is_whole_back_fill(ports) and not unread.any():
        _note_back_fill(ports, checked(ports).objects)
    # The next run's window holds once more whoever could not be decided about.
    _move_watermark(ports, window, restricted=run["restricted"], unread=bool(unread.any()))
    ports.ledger.runs.update(ports.run.id, state=COMMITTED)
    now = ports.now()
    ports.ledger.prune(now - timedelta(days=ports.settings.history_days), now)
    return {"closed": closed}


def _check_settled(ports: Ports) -> None:
    """Stop where a change was planned of which nobody knows what became: its task was marked by hand, or skipped."""
    left = ports.ledger.changes.count(ports.run.id, state="planned")
    if left:
        raise FatalError(
            f"{left} planned changes were never written: a task that writes was marked or skipped by hand. The "
            "watermark stays where it was, and the next run looks at these people again."
        )


def _move_watermark(ports: Ports, window: Window | None, *, restricted: bool, unread: bool) -> None:
    if restricted or unread:
        present = read_watermark(ports.variables)
        # Of others nothing is known yet: only a whole full sync takes a ledger in place of the one that was lost.
        part = restricted and lost_ledger(ports, present) is not None
        if present is not None and not part:
            note_ledger(ports.variables, this_ledger(ports, present.salesmanago))
        return
    until = {side: span_of(window, side)[1] for side in ("salesforce", "salesmanago")}
    read = Watermark(**until, ledger=this_ledger(ports, until["salesmanago"]))
    move_watermark(ports.variables, found_watermark(ports), read)


def _close_solved(ports: Ports, people: pd.DataFrame) -> int:
    """Close the issues of people who were looked at in this run and did not get them again, if their cause is gone."""
    issues = ports.ledger.issues.read_open()
    if ports.run.request.direction != "both":
        issues = issues[issues["direction"].isin(["", ports.run.request.direction])]
    seen = issues["salesforce_id"].isin(people["salesforce_id"].dropna()) | (
        issues["salesforce_id"].eq("") & issues["salesmanago_id"].isin(people["salesmanago_id"].dropna())
    )
    seen |= _gone(ports, issues)
    # Whoever cannot tell an id is met again or not; nobody can look it up.
    seen |= nameless(issues["salesforce_id"]) | nameless(issues["salesmanago_id"])
    # While a question waits, other runs may meet an issue of which this one has read nothing.
    silent = issues[seen & issues["last_run"].ne(ports.run.id) & issues["last_seen"].lt(read_at(ports))]
    if silent.empty:
        return 0
    bindings = ports.ledger.bindings.read(salesmanago_ids=silent["salesmanago_id"])
    solved = silent[without_cause(silent, bindings, mappings_of_run(ports), of_everybody(ports, SEEN_OPT_OUTS))]
    waiting = _decided(ports, solved, bindings)
    ports.ledger.issues.wait_on(solved.loc[waiting, "id"], ports.now())
    ports.ledger.issues.close(ports.run.id, solved.loc[~waiting, "id"], ports.now())
    return int((~waiting).sum())


def _decided(ports: Ports, issues: pd.DataFrame, bindings: pd.DataFrame) -> pd.Series:
    """Tell which conflicts somebody has decided and no run has carried out yet."""
    nobody = pd.Series(False, index=issues.index)
    if issues.empty or not ports.ledger.choices.any_waiting():
        return nobody
    made = ports.ledger.choices.read_waiting(issues["salesforce_id"])
    living = bindings[bindings["status"].isin(["active", "paused"])]
    bound = set(zip(living["salesforce_id"], living["salesmanago_id"], strict=True))
    pairs = pd.Series(zip(issues["salesforce_id"], issues["salesmanago_id"], strict=True), index=issues.index)
    return issues["id"].isin(made["issue_id"]) & pairs.isin(bound)


def _gone(ports: Ports, issues: pd.DataFrame) -> pd.Series:
    """Tell whose record, or contact that never had one, a service was asked for by its id and does not know."""
    asked = load_frame(ports.staging, SIGHTINGS.name, SIGHTINGS)
    gone = asked[asked["by_id"] & ~asked["found"]]
    records, contacts = (gone.loc[gone["side"].eq(side), "id"] for side in (SALESFORCE, SALESMANAGO))
    alone = issues["salesforce_id"].eq("")
    return issues["salesforce_id"].isin(records) | (alone & issues["salesmanago_id"].isin(contacts))


def _finish_full(ports: Ports, objects: list[str]) -> None:
    now = ports.now()
    for mapping in mappings_of_run(ports):
        if mapping.object in objects:
            ports.ledger.mapping_state.keep(mapping.object, mapping.digest, now, (line.key for line in mapping.lines))
    if first_sync(ports.variables) != "done":
        write_first_sync(ports.variables, "done", now)


def _is_whole_back_fill(ports: Ports) -> bool:
    """Tell whether everybody was asked for some fields, and all of it was approved."""
    asked, approved = ports.run.request, approved_scope(ports)
    otherwise = ports.run.model_copy(update={"request": asked.model_copy(update={"fields": ()})})
    if ports.run.mode != "full" or not asked.fields or otherwise.restricted(None, checked(ports).enabled):
        return False
    return approved is None or approved.is_whole


def _note_back_fill(ports: Ports, objects: list[str]) -> None:
    """Note the fields that were filled: where nothing else of the mapping has changed, no full sync is due for them."""
    states = ports.ledger.mapping_state.read()
    for mapping in mappings_of_run(ports):
        state = states.get(mapping.object)
        if mapping.object not in objects or state is None or state.fields is None:
            continue
        filled = state.fields.union(line.key for line in mapping.lines if line.key in ports.run.request.fields)
        alike = mapping.digest_of(state.fields) == state.digest
        digest = mapping.digest_of(filled) if alike else state.digest
        ports.ledger.mapping_state.keep(mapping.object, digest, state.full_sync_at, filled)
