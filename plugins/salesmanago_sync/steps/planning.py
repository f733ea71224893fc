"""Planning: the plan of a run, computed from what was read, stored in the ledger and handed to the writers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pandas as pd

from salesmanago_sync.domain.addresses import MOVES
from salesmanago_sync.domain.plan import Plan, PlanInput, plan
from salesmanago_sync.domain.succession import TOMBSTONES
from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.binding import check_unbound
from salesmanago_sync.steps.extract import READ, load
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import Reading
from salesmanago_sync.steps.watermark import read_watermark
from salesmanago_sync.visible import visible

log = logging.getLogger(__name__)

DIRECTIONS = ("to_salesmanago", "to_salesforce")
EXAMPLES = 3
# So many people may be deleted for good at a time without anybody asking.
FEW = 20
CONSENT = "consent"
# So often people are read again whom somebody else works on at the same time.
TRIES = 3


def make_plan(ports: Ports) -> list[list[dict[str, Any]]]:
    """Decide everything, and say which batches of writes follow.

    Args:
        ports: What the step talks to.

    Returns:
        The batches of each write task, consent excepted, which goes first. Empty for a dry run.

    Raises:
        FatalError: The run has gone on since it read: what it would decide now is out of date.
    """
    ports.keep_lock()
    check_unbound(ports)
    reading = load(ports)
    if read_news(reading, checked(ports).objects):
        reading.save(READ)
    result = plan_of(reading, checked(ports).objects)
    _check_vanished(ports, reading, result)
    ports.staging.write("people", result.people)
    ports.staging.write("changes", result.changes)
    ports.staging.write("moves", result.moves)
    ports.staging.write("agreement", result.agreement)
    ports.staging.write("issues", result.issues)
    ports.ledger.plan_changes(ports.run.id, result.changes, ports.now())
    describe_plan(result)
    if ports.run.request.dry_run:
        return []
    found = batches(result.changes[~goes_first(result.changes["lane"])], ports.settings.people_per_task)
    return shared_out(found, ports.most_tasks)


def read_news(reading: Reading, objects: Sequence[str]) -> bool:
    """Read again whoever the ledger heard of after this run had read them; tell whether there was anybody.

    The consent lane works beside every run. Who is still unread after some tries is left to the next run.
    """
    for tried in range(TRIES):
        news = reading.unread(objects)
        if news.empty:
            return tried > 0
        of_objects = {name: news.loc[news["object"].eq(name), "salesforce_id"] for name in objects}
        reading.read_again(of_objects, news["salesmanago_id"])
        reading.add_heirs()
    return True


def _check_vanished(ports: Ports, reading: Reading, result: Plan) -> None:
    """Stop where so many people are nowhere to be found that a lost permission is likelier than their deletion.

    Raises:
        FatalError: Before anything is written.
    """
    bound = result.people[result.people["matched_by"].eq("binding").fillna(False)]
    before = reading.bindings().set_index("salesforce_id")["status"]
    known = bound[~bound["salesforce_id"].map(before).isin(TOMBSTONES)]
    records = {identifier for frame in reading.records.values() for identifier in frame["Id"]}
    lost = {
        "Salesforce": ~known["salesforce_id"].isin(records),
        "SALESmanago": ~known["salesmanago_id"].isin(set(reading.contacts["contactId"])),
    }
    percent = ports.settings.vanished_percent
    for side, vanished in lost.items():
        count = int((vanished & known["reason"].eq("DELETED")).sum())
        if count > max(FEW, len(known) * percent / 100):
            raise FatalError(
                f"{count} of {len(known)} synchronised people cannot be found in {side}. Has the integration user lost "
                "access to them? Nothing was written. If they were really deleted, raise "
                f"SALESMANAGO_SYNC_VANISHED_PERCENT (now {percent}) for one run."
            )


def plan_of(reading: Reading, objects: Sequence[str], direction: str | None = None) -> Plan:
    """Plan for everybody of a reading."""
    return plan(inputs_of(reading, objects, direction))


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
        witnesses=reading.witness_inputs(),
    )


def goes_first(lanes: pd.Series) -> pd.Series:
    """Tell what is written before all else, in order: opt-outs, and moves to an address that somebody gives up."""
    return lanes.eq(CONSENT) | lanes.str.startswith(MOVES).fillna(False).astype(bool)


def batches(changes: pd.DataFrame, size: int) -> list[dict[str, Any]]:
    """Cut changes into write tasks: `object, direction, lane, part, of, size` (people a part)."""
    found = []
    for (lane, direction, name), rows in changes.groupby(["lane", "direction", "object"], sort=True):
        parts = -(-rows["person"].nunique() // size)
        found += [
            {"object": name, "direction": direction, "lane": lane, "part": part, "of": parts, "size": size}
            for part in range(1, parts + 1)
        ]
    return found


def shared_out(found: list[dict[str, Any]], most: int) -> list[list[dict[str, Any]]]:
    """Share batches out to write tasks, of which Airflow allows so many (`max_map_length`)."""
    each = max(1, -(-len(found) // most))
    return [found[start : start + each] for start in range(0, len(found), each)]


def people_of(batch: dict[str, Any], changes: pd.DataFrame) -> pd.DataFrame:
    """Take the changes of one batch."""
    mine = changes[
        changes["object"].eq(batch["object"])
        & changes["direction"].eq(batch["direction"])
        & changes["lane"].eq(batch["lane"])
    ]
    persons = sorted(mine["person"].unique())
    chosen = persons[(batch["part"] - 1) * batch["size"] : batch["part"] * batch["size"]]
    return mine[mine["person"].isin(chosen)]


def describe_plan(result: Plan) -> None:
    """Print what is planned: counts by field, and a few record ids; never a value."""
    changes = result.changes
    log.info("%d people, %d changes planned, %d issues", len(result.people), len(changes), len(result.issues))
    for (name, direction, action, key), rows in changes.groupby(["object", "direction", "action", "field"], sort=True):
        ids = rows["salesforce_id"].fillna(rows["salesmanago_id"]).head(EXAMPLES)
        log.info("%s %s %s %s: %d (%s)", name, direction, action, key, len(rows), visible(", ".join(ids)))
