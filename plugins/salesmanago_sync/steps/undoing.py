"""Undoing: what a run wrote put back, a hundred people at a time, each read just before they are written.

It takes the way of every write: the same sending, outcomes and ledger, under the lock, as a run of its own, which can
be undone in turn. It moves no watermark.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from salesmanago_sync.domain.certificate.agreed import KEPT, UNDONE, note_of
from salesmanago_sync.domain.frames import TEXT, full_ids
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.plan.plan import Plan
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.domain.undo.undo import KEY, LEFT, Undo, as_shown, first_and_last, persons, undo
from salesmanago_sync.errors import ConfigurationError, FatalError, Fault, IssuesFoundError, RetriableError
from salesmanago_sync.steps.approval import approved_scope, under_last_attempt, was_rejected
from salesmanago_sync.steps.batches import groups, request_size
from salesmanago_sync.steps.binding import note_differences
from salesmanago_sync.steps.close import asks, end_question
from salesmanago_sync.steps.commit import COMMITTED
from salesmanago_sync.steps.freshness import JustRead
from salesmanago_sync.steps.ledger_age import note_writes
from salesmanago_sync.steps.looks import FRESH_FOR
from salesmanago_sync.steps.planning import plan_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import KEY_PREFIX, Reading, sources
from salesmanago_sync.steps.start import OVERTAKEN
from salesmanago_sync.steps.writing import Writer

log = logging.getLogger(__name__)

# Where a Lead that was converted names what it became.
CONVERTED_INTO = {"Contact": "ConvertedContactId", "PersonAccount": "ConvertedAccountId"}

# As many as one request to SALESmanago takes: they are read, decided about and written within seconds.
AT_A_TIME = 100
# So often some people are read, until they are written soon enough after it.
LOOKS = 3
PAIR = ["salesforce_id", "salesmanago_id"]


def undo_run(ports: Ports) -> dict[str, int]:
    """Put back what a run wrote, or only say what would be.

    Safe to repeat: what an earlier try has put back is found as it was before the run.

    Args:
        ports: What the step talks to.

    Returns:
        How many fields were put back, or would be, and how many are left for which reason.

    Raises:
        ConfigurationError: The run cannot be undone as asked.
    """
    ports.keep_lock()
    number, counts = run_to_undo(ports), Counter[str]()
    for some in slices(written_by(ports, number)):
        ports.keep_lock()
        counts.update(_undo_some(ports, some, number))
    ports.ledger.runs.update(ports.run.id, state=COMMITTED)
    log.info("%s", as_text(counts, dry=ports.run.request.dry_run))
    return dict(counts)


def run_to_undo(ports: Ports) -> int:
    """Give the number of the run that is undone.

    Raises:
        ConfigurationError: It cannot be undone, or what was shown was something else.
    """
    number = ports.run.request.run
    try:
        found = ports.ledger.runs.read(number or 0)
    except LookupError:
        fix = "airflow salesmanago plan --run last shows the newest one."
        raise ConfigurationError([Fault("Param run", f"the ledger has no run {number}.", fix)]) from None
    if found["dry_run"]:
        raise ConfigurationError([Fault("Param run", f"run {number} was a dry run.", "It wrote nothing to undo.")])
    _check_shown(ports, int(found["id"]))
    return int(found["id"])


def written_by(ports: Ports, number: int) -> pd.DataFrame:
    """Read what the run wrote, with the ids of what it created."""
    request = ports.run.request
    only: dict[str, Any] = {"field": request.field} if request.field else {}
    found = ports.ledger.changes.read(number, state="done", **only)
    # Beside a pair an opt-out goes to records without a contact; nothing else does.
    bound = ports.ledger.bindings.read(salesforce_ids=found["salesforce_id"], salesmanago_ids=found["salesmanago_id"])
    contacts = bound.set_index("salesforce_id")["salesmanago_id"]
    records = bound.set_index("salesmanago_id")["salesforce_id"]
    record = found["salesforce_id"].mask(found["salesforce_id"].eq(""), found["salesmanago_id"].map(records).fillna(""))
    contact = found["salesmanago_id"].mask(found["salesmanago_id"].eq(""), record.map(contacts).fillna(""))
    named = first_and_last(found.assign(salesforce_id=record, salesmanago_id=contact))
    if request.record:
        wanted = {request.record, full_ids(pd.Series([request.record], dtype=TEXT)).iloc[0]}
        named = named[named["salesforce_id"].isin(wanted) | named["salesmanago_id"].isin(wanted)]
    return named


def slices(written: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Cut what was written into slices of so many people, each person in one of them."""
    person = persons(written)
    for start in range(0, int(person.max(initial=-1)) + 1, AT_A_TIME):
        yield written[(person >= start) & (person < start + AT_A_TIME)]


def decide(ports: Ports, written: pd.DataFrame, number: int) -> tuple[Undo, Reading, Plan, datetime]:
    """Read some people, and decide what of a run goes back.

    Returns:
        What goes back and what does not, what was read, how it was matched, and when.

    Raises:
        RetriableError: What was read is too old by now.
    """
    for _ in range(LOOKS):
        reading, planned, at = _read(ports, written)
        deletes, into = ports.run.request.delete_created, _converted_into(reading, written)
        found = undo(planned, written, number, _kept(reading), delete_created=deletes, converted_into=into)
        if ports.run.request.dry_run or ports.now() - at <= FRESH_FOR:
            return found, reading, planned, at
    raise RetriableError("The services answer so slowly that what they say is old. The task tries again.")


def note_plan(ports: Ports, left: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Store what goes back and what is left of some people, in place of what was decided about them before."""
    ids = pd.concat([left[PAIR], rows[PAIR]]).drop_duplicates()
    ports.ledger.changes.leave(ports.run.id, left, ports.now())
    ports.ledger.changes.plan(ports.run.id, rows, ports.now(), ids)


def _undo_some(ports: Ports, written: pd.DataFrame, number: int) -> Counter[str]:
    found, reading, planned, at = decide(ports, written, number)
    found, arrived = _without_done(ports, _as_shown(ports, found))
    rows = pd.concat([found.changes, arrived])
    note_plan(ports, found.left, rows)
    ports.ledger.changes.settle(ports.run.id, arrived.assign(state="done", reason=None))
    if not ports.run.request.dry_run:
        _write(ports, reading, planned, found.changes, JustRead(ports, at))
    return Counter({"PUT_BACK": len(rows)}) + Counter(found.left["reason"])


def _as_shown(ports: Ports, found: Undo) -> Undo:
    """Keep to what a person was shown: by this very run, which asked, or by the dry run that is named."""
    approved = approved_scope(ports)
    shown = ports.run.request.shown if approved is None else ports.run.id
    if shown is None:
        return found
    seen = ports.ledger.changes.read_of(shown, found.changes[PAIR], KEY, state="planned")
    return as_shown(found, seen, approved or Scope())


def _check_shown(ports: Ports, number: int) -> None:
    """Check that what was shown was an undo of this very run, which wrote nothing.

    Raises:
        ConfigurationError: It was something else.
    """
    shown = ports.run.request.shown
    if shown is None:
        return
    try:
        found = ports.ledger.runs.read(shown)
    except LookupError:
        found = {"mode": None, "dry_run": False}
    if found["mode"] != "undo" or not found["dry_run"]:
        what = f"run {shown} is no dry run of an undo."
        raise ConfigurationError([Fault("Param shown", what, f"Look at the undo of run {number} once more.")])


def _read(ports: Ports, written: pd.DataFrame) -> tuple[Reading, Plan, Any]:
    """Read people on both sides as they are now."""
    at, objects = ports.now(), checked(ports).enabled
    reading = Reading(ports, sources(ports, objects))
    for name, rows in written.groupby("object"):
        if name in reading.sources:
            reading.fetch_records(str(name), rows.loc[rows["salesforce_id"].ne(""), "salesforce_id"], in_scope=True)
    reading.fetch_contacts(written.loc[written["salesmanago_id"].ne(""), "salesmanago_id"], in_scope=True)
    return reading, plan_of(reading, objects), at


def _converted_into(reading: Reading, written: pd.DataFrame) -> set[str]:
    """Name the records that the run created and into which a Lead was converted since: they hold more than it wrote."""
    found: set[str] = set()
    for field, ids in may_be_converted_into(reading, written).items():
        rows = reading.ports.salesforce.find("Lead", field, ids, ["Id", field], "IsConverted = true")
        found |= {str(row[field]) for row in rows}
    return found


def may_be_converted_into(reading: Reading, written: pd.DataFrame) -> dict[str, pd.Series]:
    """Give the records that the run created, by the field in which a Lead would name them: a request each."""
    if not reading.ports.run.request.delete_created or "Lead" not in reading.sources:
        return {}
    created = written.loc[written["action"].eq("create") & written["direction"].eq(TO_SALESFORCE), "salesforce_id"]
    named = {field: created[created.str.startswith(KEY_PREFIX[name])] for name, field in CONVERTED_INTO.items()}
    return {field: ids for field, ids in named.items() if len(ids)}


def _kept(reading: Reading) -> set[tuple[int, str]]:
    found = reading.ports.ledger.events.read_called([KEPT], reading.bindings(["id"])["id"])
    return {(int(row["binding_id"]), str(row["note"])) for row in found.to_dict("records")}


def _without_done(ports: Ports, found: Undo) -> tuple[Undo, pd.DataFrame]:
    """Do not list as back what an earlier try of this very run has put back.

    Returns:
        The rest, and those changes of the earlier try that arrived and were not remembered.
    """
    back = found.left["reason"].eq("BACK")
    keys = [*PAIR, "field", "direction"]
    columns = ["object", "action", *keys, "old", "new", "rule", "state", "reason"]
    tried = ports.ledger.changes.read_of(
        ports.run.id, found.left.loc[back, PAIR], columns, state=["planned", "done", "dropped"]
    )
    # What a try had planned is dropped where another run has worked since; what a try had left, is no longer told.
    tried = tried[tried["state"].ne("dropped") | tried["reason"].eq(OVERTAKEN)]
    if ports.run.request.dry_run or tried.empty:
        return found, tried[:0]
    ours = found.left[keys].merge(tried[keys].drop_duplicates().assign(tried=True), on=keys, how="left")["tried"]
    mine = back & ours.notna().set_axis(back.index)
    arrived = tried[tried["state"].ne("done")].merge(found.left.loc[mine, keys], on=keys)
    return Undo(found.changes, found.left[~mine]), arrived.drop_duplicates(keys)


def _write(ports: Ports, reading: Reading, planned: Plan, changes: pd.DataFrame, read: JustRead) -> None:
    """Send what goes back, once the ledger knows that and why both sides differ from now on."""
    _agree_to_differ(ports, changes[changes["lane"].ne(DELETE)])
    writer = Writer(ports, reading, None, read, last=True)
    for (lane, direction, name), rows in changes.groupby(["lane", "direction", "object"], sort=True):
        for group in groups(rows, request_size(str(direction), str(lane))):
            # Only those of one request are ever in doubt.
            ended = _let_go(ports, group[group["lane"].eq(DELETE)])
            writer.write(str(name), str(direction), group, planned.people)
            _settle_ended(ports, ended)


def _agree_to_differ(ports: Ports, changes: pd.DataFrame) -> None:
    """Note what both sides will differ in, before it is sent.

    A worker may die after a write and before its outcome is remembered: what went back would be taken for a person's
    edit, and travel to the other side. Where the write does not arrive, both sides still hold the same, and the next
    run learns that. What the source held at the last agreement stays: whoever has edited it since is still heard.
    """
    rows = [row for row in changes.to_dict("records") if _text(row["source"]) != _text(row["new"])]
    known = ports.ledger.bindings.read(salesforce_ids=changes["salesforce_id"], columns=["id", "salesforce_id", "base"])
    bases = {row["salesforce_id"]: (row["id"], json.loads(row["base"])) for row in known.to_dict("records")}
    notes, learned = [], dict[int, dict[str, list[str | None]]]()
    for row in rows:
        (binding, base), to_contacts = bases[row["salesforce_id"]], row["direction"] == TO_SALESMANAGO
        held = [_text(row["source"]), _text(row["new"])][:: 1 if to_contacts else -1]
        notes.append(note_of(row["field"], *held))
        agreed = list(base.get(row["field"], held))
        agreed[to_contacts] = _text(row["new"])
        learned.setdefault(binding, {})[row["field"]] = agreed
    found = pd.DataFrame(rows, columns=["object", *PAIR]).assign(event=UNDONE, note=pd.Series(notes, dtype=TEXT))
    note_differences(ports, found)
    texts = [{"id": binding, "base": json.dumps(base)} for binding, base in learned.items()]
    ports.ledger.bindings.merge_base(pd.DataFrame(texts, columns=["id", "base"]), ports.now())


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _let_go(ports: Ports, deleted: pd.DataFrame) -> pd.DataFrame:
    """Remember whom the undo deletes as deleted, before it is sent: no policy is due, and nobody is created again.

    A worker may die after a deletion and before its outcome is remembered: it would be taken for a person's, and the
    policy of the mapping would opt out or delete whom the record or contact was created from. Where the deletion does
    not arrive, the next run that reads both sides finds them, and they go on as a pair.

    Returns:
        Their bindings as they were.
    """
    bound = ports.ledger.bindings.read(salesforce_ids=deleted["salesforce_id"])
    if len(bound):
        addresses = [next((part for part in reversed(base) if part), None) for base in map(_address, bound["base"])]
        ended = pd.DataFrame({"id": bound["id"], "status": "deleted", "email": addresses})
        ports.ledger.bindings.update(ended.astype({"email": TEXT}), ports.now())
    return bound


def _settle_ended(ports: Ports, ended: pd.DataFrame) -> None:
    """Remember who of those whom the undo let go (`_let_go`) was deleted, and who was not."""
    done = ports.ledger.changes.read_of(ports.run.id, ended[PAIR], ["salesforce_id"], state="done", field=DELETE)
    gone = ended["salesforce_id"].isin(done["salesforce_id"])
    _end(ports, ended[gone])
    _keep(ports, ended[~gone])


def _end(ports: Ports, bound: pd.DataFrame) -> None:
    """Note in the history of bindings that the undo deleted somebody, to whom nothing is owed any more."""
    if len(bound):
        ports.ledger.bindings.update(bound[["id"]].assign(owed="{}"), ports.now())
        events = bound[["object", *PAIR]].assign(binding_id=bound["id"], event="deleted", note="undo")
        ports.ledger.events.add(ports.run.id, events, ports.now())


def _keep(ports: Ports, bound: pd.DataFrame) -> None:
    """Let bindings go on of whom nobody was deleted after all, as where the service refused it."""
    if len(bound):
        # An earlier try of this undo may have let them go.
        status = bound["status"].mask(bound["status"].eq("deleted"), "active")
        kept = bound[["id"]].assign(status=status, email=pd.Series(None, index=bound.index, dtype=TEXT))
        ports.ledger.bindings.update(kept, ports.now())


def _address(base: str) -> list[str | None]:
    found: list[str | None] = json.loads(base).get("email", [])
    return found


def as_text(counts: Counter[str], *, dry: bool) -> str:
    """Say what came of an undo: numbers and reasons."""
    lines = [note_of_undo(counts, dry=dry)]
    lines += [f"  {reason}: {LEFT[reason]}" for reason in LEFT if counts[reason]]
    return "\n".join(lines)


def note_of_undo(counts: Counter[str], *, dry: bool) -> str:
    """Say the same in one line."""
    left = ", ".join(f"{reason} {counts[reason]}" for reason in LEFT if counts[reason])
    said = f"Values that {'would go' if dry else 'went'} back: {counts['PUT_BACK']}"
    return f"{said}; left: {left}" if left else said


def end(ports: Ports, counts: dict[str, int] | None) -> None:
    """Close the run and free the lock, whatever happened.

    Args:
        ports: What the step talks to.
        counts: What `undo_run` returned; nothing where it did not come to its end.
    """
    ports = under_last_attempt(ports)
    if asks(ports):
        end_question(ports)
        return
    if not ports.ledger.lock.is_current(ports.run.attempt):
        return
    try:
        done = ports.line()["state"] == COMMITTED and counts is not None
        note = (
            note_of_undo(Counter(counts), dry=ports.run.request.dry_run)
            if done
            else "The undo did not come to its end."
        )
        ports.ledger.runs.finish(ports.run.id, "success" if done else "failed", ports.now(), note=note)
        if done:
            ports.staging.remove()
        note_writes(ports)
    finally:
        ports.ledger.lock.free(ports.run.attempt)


def tell(ports: Ports) -> None:
    """Say how it ended.

    Raises:
        IssuesFoundError: A service refused some of it.
        FatalError: The undo itself failed.
    """
    if was_rejected(ports):
        return
    run = ports.line()
    if run["state"] != "success":
        raise FatalError("The undo did not come to its end: see the failed tasks before this one.")
    failed = ports.ledger.changes.count(ports.run.id, state="failed")
    if failed:
        raise IssuesFoundError(f"{failed} fields could not be put back. The page Plan of run {run['id']} says which.")
