"""Planning: the plan of a run, computed from what was read, stored in the ledger and handed to the writers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from salesmanago_sync.domain.frames import among
from salesmanago_sync.domain.people.identities import count_meeting
from salesmanago_sync.domain.people.matching import HIDDEN, TOMBSTONES
from salesmanago_sync.domain.plan.consent import unknown_opt_outs
from salesmanago_sync.domain.plan.findings import stack
from salesmanago_sync.domain.plan.limits import measures
from salesmanago_sync.domain.plan.plan import Plan, PlanInput, plan
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.domain.staged_frames import (
    AGREEMENT,
    BINDING_MOVES,
    FOUND_ISSUES,
    MEASURES,
    MEETING,
    ORIGIN,
    PEOPLE,
    PLANNED_CHANGES,
    SEEN_OPT_OUTS,
    SIZES,
    VANISHED,
)
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.approval import forget_answer
from salesmanago_sync.steps.batches import Batch, cut, goes_first, sizes
from salesmanago_sync.steps.evidence import opt_ins_reverted
from salesmanago_sync.steps.ledger_age import lost_ledger
from salesmanago_sync.steps.parts import check_unbound, each_staged, load_part, of_everybody, save_part, stage
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import Reading, read_news
from salesmanago_sync.steps.tasks import shared_out
from salesmanago_sync.steps.watermark import read_watermark
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)

DIRECTIONS = ("to_salesmanago", "to_salesforce")
EXAMPLES = 3
# So many people may be deleted for good at a time without anybody asking.
FEW = 20
# From so many in a hundred on, opt-outs since the making of a contact look like a default of the account.
DEFAULTS_PERCENT = 90


def plan_part(ports: Ports, number: int) -> dict[str, int]:
    """Decide everything about the people of a part.

    Args:
        ports: What the step talks to.
        number: Of the part (`parts.share_out`).

    Returns:
        How many people there are, and how many changes and issues came of it.

    Raises:
        FatalError: The run has gone on since it read: what it would decide now is out of date.
    """
    result, _ = decide_part(ports, number)
    return {"people": len(result.people), "changes": len(result.changes), "issues": len(result.issues)}


def decide_part(ports: Ports, number: int) -> tuple[Plan, Reading]:
    """Plan for the people of a part, stage and store it; as `plan_part`, with the plan and what it rests on."""
    ports.keep_lock()
    check_unbound(ports)
    forget_answer(ports)
    reading = load_part(ports, number)
    if read_news(reading, checked(ports).objects):
        save_part(reading, number)
    result = plan_of(reading, checked(ports).objects)
    stage(ports, number, VANISHED, _vanished(reading, result))
    if ports.run.reads_everybody:
        mappings = [item.mapping for item in reading.inputs()]
        stage(ports, number, MEETING, count_meeting(mappings, reading.contacts, ports.now()))
    for kind in (PLANNED_CHANGES, BINDING_MOVES, AGREEMENT, FOUND_ISSUES, PEOPLE):
        stage(ports, number, kind, getattr(result, kind.name))
    stage(ports, number, MEASURES, measures(result.changes))
    stage(ports, number, SIZES, sizes([result.changes], ports.settings.people_per_task))
    stage(ports, number, SEEN_OPT_OUTS, result.seen)
    stage(ports, number, ORIGIN, ORIGIN.frame([unknown_opt_outs(result.decisions)]))
    ports.ledger.changes.plan(ports.run.id, result.changes, ports.now(), result.people)
    if not ports.run.request.dry_run:
        ports.ledger.choices.settle(result.choices)
    describe_plan(result)
    return result, reading


def _vanished(reading: Reading, result: Plan) -> pd.DataFrame:
    """Count the bound people of a part, and who of them is nowhere to be found, on each side."""
    bound = result.people[result.people["matched_by"].eq("binding").fillna(False)]
    before = reading.who().set_index("salesforce_id")["status"]
    status = bound["salesforce_id"].map(before)
    known = bound[~status.isin(TOMBSTONES)]
    # Who was hidden before is no news.
    hidden = known["text"].eq(HIDDEN) & status[known.index].ne("paused")
    gone = known["reason"].eq("DELETED") | (known["reason"].eq("OUT_OF_OBJECT") & hidden)
    records = pd.concat([frame["Id"] for frame in reading.records.values()])
    found = {"Salesforce": records, "SALESmanago": reading.contacts["contactId"]}
    ids = {"Salesforce": known["salesforce_id"], "SALESmanago": known["salesmanago_id"]}
    counts = [int((~among(ids[side], found[side]) & gone).sum()) for side in ids]
    return VANISHED.frame({"side": list(ids), "known": [len(known)] * len(ids), "vanished": counts})


def check_vanished(ports: Ports) -> None:
    """Stop where so many people are nowhere to be found that a lost permission is likelier than their deletion.

    Raises:
        FatalError: Before anything is written.
    """
    percent = ports.settings.vanished_percent
    for side, counts in of_everybody(ports, VANISHED).groupby("side"):
        count, known = int(counts["vanished"].sum()), int(counts["known"].sum())
        if count > max(FEW, known * percent / 100):
            raise FatalError(
                f"{count} of {known} synchronised people cannot be found in {side}. Has the integration user lost "
                "access to them? Nothing was written. If they were really deleted, raise "
                f"SALESMANAGO_SYNC_VANISHED_PERCENT (now {percent}) for one run."
            )


def work_of(ports: Ports) -> list[list[dict[str, Any]]]:
    """Say which batches of writes follow the plan, consent excepted, which goes first: those of each write task."""
    found: list[Batch] = []
    for number, changes in enumerate(each_staged(ports, PLANNED_CHANGES), start=1):
        later = changes[~goes_first(changes["lane"])]
        found += cut(later, ports.settings.people_per_task, number)
    return shared_out([batch.model_dump() for batch in found], ports.most_tasks)


def check_origin(ports: Ports) -> None:
    """Stop where nobody can tell a person's opt-out from what the account does to new contacts.

    Without a ledger and a watermark nothing says who made a contact. A few opt-outs among many contacts that nobody
    edited are those of people, and count; where nearly all are opted out, it is likely to be a default. Where the
    ledger alone was lost, the sync made these contacts, and they say nothing by themselves; but not every account marks
    one as modified that opts out, so that the log says what was taken for a default.

    Raises:
        FatalError: Before anything is written.
    """
    if ports.settings.untouched_opt_outs != "ask":
        return
    counts = of_everybody(ports, ORIGIN).sum()
    untouched, alone = int(counts["untouched"]), int(counts["alone"])
    found = f" New contacts of it are {told}." if (told := ports.known.new_consent) else ""
    if read_watermark(ports.variables) is not None:
        if alone and ports.run.reads_everybody:
            log.warning(
                "%d of %d contacts that the ledger does not know, and that nobody has edited since the last "
                "synchronisation, are opted out in SALESmanago and not in Salesforce. That is taken for what this "
                "account does to new contacts.%s Did people opt out? Run it again with "
                "SALESMANAGO_SYNC_UNTOUCHED_OPT_OUTS=person.",
                alone,
                untouched,
                found,
            )
        return
    if alone and alone * 100 >= untouched * DEFAULTS_PERCENT:
        raise FatalError(
            f"{alone} of {untouched} contacts that nobody has edited since they were made are opted out in SALESmanago "
            "and not in Salesforce, and nothing is remembered of an earlier synchronisation. Does this account opt new "
            f"contacts out by itself?{found} Set SALESMANAGO_SYNC_UNTOUCHED_OPT_OUTS=default for one run: these "
            "opt-outs stay in SALESmanago. Did people opt out? Set it to person: they are opted out in Salesforce, too."
            " Nothing was written."
        )


def plan_of(reading: Reading, objects: Sequence[str], direction: str | None = None) -> Plan:
    """Plan for everybody of a reading, as far as the run was asked for."""
    result = plan(inputs_of(reading, objects, direction))
    meant = Scope(fields=reading.ports.run.request.fields)
    if not meant.is_whole:
        result = replace(result, changes=result.changes[meant.holds(result.changes)])
    found = opt_ins_reverted(reading.ports.ledger, result.changes)
    return replace(result, issues=stack([result.issues, found], FOUND_ISSUES)) if len(found) else result


def inputs_of(reading: Reading, objects: Sequence[str], direction: str | None = None) -> PlanInput:
    """Hand a reading to the plan."""
    ports = reading.ports
    watermark = read_watermark(ports.variables)
    return PlanInput(
        objects=reading.inputs(),
        scope=frozenset(objects),
        contacts=reading.contacts,
        bindings=reading.bindings(),
        direction=direction or ports.run.request.direction,  # type: ignore[arg-type]
        now=ports.now(),
        seen=reading.seen(),
        synchronised_until=None if watermark is None else watermark.salesmanago,
        lost=lost_ledger(ports, watermark),
        default_opt_outs={"default": True, "person": False}.get(ports.settings.untouched_opt_outs),
        witnesses=reading.witness_inputs(),
        choices=reading.choices(),
    )


def describe_plan(result: Plan) -> None:
    """Print what is planned: counts by field, and a few record ids; never a value."""
    changes = result.changes
    log.info("%d people, %d changes planned, %d issues", len(result.people), len(changes), len(result.issues))
    for (name, direction, action, key), rows in changes.groupby(["object", "direction", "action", "field"], sort=True):
        ids = rows["salesforce_id"].fillna(rows["salesmanago_id"]).head(EXAMPLES)
        log.info("%s %s %s %s: %d (%s)", name, direction, action, key, len(rows), visible(", ".join(ids)))
