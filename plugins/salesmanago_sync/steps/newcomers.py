"""Newcomers: people who were created in this run, or whose record moved on meanwhile, looked at once more.

A service fills fields of a new record by itself: defaults, triggers, the other side's id. Read again and merged at
once, those travel in the same run, and the next run finds nothing to do.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

from salesmanago_sync.domain.certificate.agreed import kept_otherwise
from salesmanago_sync.domain.merge.base import pack
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO
from salesmanago_sync.domain.plan.changes import CONSENT
from salesmanago_sync.domain.plan.plan import Plan
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.steps.approval import approved_scope
from salesmanago_sync.steps.batches import Batch, cut
from salesmanago_sync.steps.binding import note_differences, remember
from salesmanago_sync.steps.duplicates import DUPLICATE_RULE
from salesmanago_sync.steps.evidence import keep_seen
from salesmanago_sync.steps.freshness import Freshness
from salesmanago_sync.steps.planning import DIRECTIONS, plan_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.reading import WHO, Reading, sources
from salesmanago_sync.steps.settling import MOVED_ON
from salesmanago_sync.steps.writing import Writer

FOLLOW_UP = "follow_up"
# So many newcomers are read at once.
READ_AT_ONCE = 2_000


def follow_up(ports: Ports) -> int:
    """Bring the people who were created in this run, or whose record moved on meanwhile, to rest.

    Args:
        ports: What the step talks to.

    Returns:
        How many people were written once more.
    """
    objects, scope = checked(ports).objects, approved_scope(ports)
    # Of what was approved nobody else is touched.
    mine = _to_look_at(ports, objects, only_created=scope is not None)
    written = 0
    for start in range(0, len(mine), READ_AT_ONCE):
        ports.keep_lock()
        some = mine.iloc[start : start + READ_AT_ONCE]
        reading, read = Reading(ports, sources(ports, checked(ports).enabled)), ports.now()
        for name in objects:
            reading.fetch_records(name, some.loc[some["object"].eq(name), "salesforce_id"], in_scope=True)
        reading.fetch_contacts(some["salesmanago_id"], in_scope=True)
        reading.add_successors()
        written += _write(ports, reading, objects, read, scope)
    return written


def _to_look_at(ports: Ports, objects: list[str], *, only_created: bool) -> pd.DataFrame:
    """List whom to look at once more: `object, salesforce_id, salesmanago_id`.

    Those who were created in this run, or bound to a record that a duplicate rule named; and those whose record was
    converted, merged or deleted between reading and writing.
    """
    ledger, run = ports.ledger, ports.run.id
    if only_created:
        return ledger.bindings.made_in_run(run, objects, ["created"])
    failed = ledger.changes.read(run, state="failed", reason=list(MOVED_ON))["salesforce_id"]
    moved = ledger.bindings.read(salesforce_ids=failed, objects=objects, columns=WHO)
    fresh = ledger.bindings.made_in_run(run, objects, ["created", DUPLICATE_RULE])
    return pd.concat([fresh, moved[list(fresh)]]).drop_duplicates()


def _write(ports: Ports, reading: Reading, objects: list[str], read: datetime, scope: Scope | None) -> int:
    result = _without_defaults(ports, reading, plan_of(reading, objects))
    remember(ports, result.moves, result.agreement)
    creates = result.people.index[result.people["status"].isin([CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO])]
    meant = ~result.changes["person"].isin(creates)
    if scope is not None:
        meant &= scope.holds(result.changes) & _is_filled_up(result)
    changes = _without_refused(ports, result.changes[meant].assign(action=FOLLOW_UP))
    ports.ledger.changes.replan(ports.run.id, changes.iloc[:0], changes, ports.now())
    ports.ledger.issues.report(ports.run.id, result.issues, ports.now())
    keep_seen(ports, result.seen, read)
    freshness = Freshness(reading, since=read, asked=read, keep=_without_creates, approved=scope is not None)
    writer = Writer(ports, reading, None, freshness, last=True)
    count = 0
    for batch in _ordered(cut(changes, len(changes) or 1)):
        for group in batch.requests(batch.of_its_people(changes)):
            told = writer.write(batch.object, batch.direction, group, result.people)
            count += told["done"] + told["failed"]
    return count


def _is_filled_up(result: Plan) -> pd.Series:
    """Say which changes fill a blank, or carry what a service made of our own write: the rest is for the next run.

    It is what a person did since, which whoever approved the plan has not seen.
    """
    changes = result.changes
    untouched = pd.concat([one.pairs.untouched for one in result.decisions]).reindex(changes["person"])
    to_records = changes["direction"].eq(TO_SALESFORCE).to_numpy()
    by_service = untouched["salesmanago"].where(to_records, untouched["salesforce"]).set_axis(changes.index)
    return changes["lane"].ne(DELETE) & (by_service | changes["old"].isna())


def _without_refused(ports: Ports, changes: pd.DataFrame) -> pd.DataFrame:
    """Leave to the next run what was refused in this one, when the record was created: nothing of it has changed."""
    keys = ["salesmanago_id", "field", "direction"]
    refused = pd.MultiIndex.from_frame(ports.ledger.issues.read_open(ports.run.id)[keys])
    return changes[~pd.MultiIndex.from_frame(changes[keys]).isin(refused)]


def _without_creates(changes: pd.DataFrame) -> pd.DataFrame:
    return changes[changes["action"].ne("create")].assign(action=FOLLOW_UP)


def _without_defaults(ports: Ports, reading: Reading, result: Plan) -> Plan:
    """Take an account's default for new contacts for what it is: nobody opted out.

    Some accounts create every contact opted out. The flags become the base; whatever a person changes later counts.
    """
    since = datetime.fromisoformat(ports.line()["window"]["salesmanago"]["until"])
    created = reading.contacts.loc[reading.contacts["createdOn"].ge(since), "contactId"]
    changes = result.changes
    default = (
        changes["lane"].eq(CONSENT) & changes["direction"].eq(TO_SALESFORCE) & changes["salesmanago_id"].isin(created)
    )
    if not default.any():
        return result
    now = ports.now()
    bound = reading.bindings().set_index("salesforce_id")["id"]
    for key, rows in changes[default].groupby("field"):
        there = pd.Series(True, index=rows.index)
        base = pack({str(key): (rows["old"], rows["new"])}, {str(key): there}, rows.index)
        ports.ledger.bindings.merge_base(pd.DataFrame({"id": rows["salesforce_id"].map(bound), "base": base}), now)
        note_differences(ports, kept_otherwise(rows.assign(base=base)))
    return replace(result, changes=changes[~default])


def _ordered(found: list[Batch]) -> list[Batch]:
    return sorted(found, key=lambda batch: (batch.lane, DIRECTIONS.index(batch.direction)))
