"""Binding: what the ledger learns from the plan before anything is written."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesmanago_sync.domain.certificate.agreed import kept_otherwise
from salesmanago_sync.domain.frames import TEXT, among
from salesmanago_sync.domain.merge.pairs import SIDES
from salesmanago_sync.domain.staged_frames import AGREEMENT, BINDING_MOVES, FOUND_ISSUES, SEEN_OPT_OUTS
from salesmanago_sync.steps.approval import approved_scope
from salesmanago_sync.steps.evidence import keep_seen
from salesmanago_sync.steps.guard import tell_cost
from salesmanago_sync.steps.parts import check_planned, load_part, note_bound, numbers, staged
from salesmanago_sync.steps.planning import work_of
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.staged import read_at


def bind_people(ports: Ports) -> list[list[dict[str, Any]]]:
    """Bind matched pairs, move bindings, set what both sides agree on, and open the issues of the plan.

    Args:
        ports: What the step talks to.

    Returns:
        The batches of each write task (`planning.work_of`), consent excepted, which goes first.

    Raises:
        FatalError: The run asked, and its plan was not approved; or a part has no plan.
    """
    ports.keep_lock()
    # Before anything is noted: a run that has told the ledger nothing may still be planned.
    check_planned(ports)
    scope = approved_scope(ports)
    note_bound(ports)
    if scope is not None and not scope.is_whole:
        tell_cost(ports, scope)
    for number in numbers(ports):
        ports.keep_lock()
        learned = [staged(ports, number, kind) for kind in (BINDING_MOVES, AGREEMENT, FOUND_ISSUES)]
        if scope is not None:
            learned = _without_news(ports, number, learned)
        moves, agreement, issues = learned
        remember(ports, moves, agreement)
        ports.ledger.issues.report(ports.run.id, issues, ports.now())
        keep_seen(ports, staged(ports, number, SEEN_OPT_OUTS), read_at(ports))
    return work_of(ports)


def _without_news(ports: Ports, number: int, learned: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Leave out whom the ledger has heard of while the question waited: its last word is newer than the reading."""
    heard = load_part(ports, number).unread(checked(ports).objects)
    ids = [f"{side}_id" for side in SIDES]
    return [frame[~pd.concat([among(frame[one], heard[one]) for one in ids], axis=1).any(axis=1)] for frame in learned]


def remember(ports: Ports, moves: pd.DataFrame, agreement: pd.DataFrame) -> None:
    """Store moves (`staged_frames.BINDING_MOVES`) and an agreement (`staged_frames.AGREEMENT`) in the ledger.

    Safe to repeat: a binding that has moved has its new ids already.
    """
    now = ports.now()
    move(ports, moves)
    if agreement.empty:
        return
    standing = ["id", "salesforce_id", "status"]
    before = ports.ledger.bindings.read(salesforce_ids=agreement["salesforce_id"], columns=standing)
    columns = ["object", "salesforce_id", "salesmanago_id", "matched_by", "base"]
    ids = ports.ledger.bindings.add(agreement[columns], ports.run.id, now)
    bound = agreement.assign(id=ids["id"])[~ids["refused"]]
    ports.ledger.bindings.update(bound[["id", "status", "owed", "email"]], now)
    ports.ledger.events.add(ports.run.id, _turns_of_status(bound, before), now)
    note_differences(ports, kept_otherwise(bound))
    ports.ledger.issues.adopt(bound)
    for side in SIDES:
        seen = bound[bound[f"echo_{side}"]]
        ports.ledger.bindings.update(seen[["id"]].assign(**{f"{side}_written": "[]"}), now)
    for name, people in agreement.groupby("object"):
        ports.ledger.intents.settle(str(name), people[["salesmanago_id", "salesforce_id"]], now)


def note_differences(ports: Ports, found: pd.DataFrame) -> None:
    """Keep in the history of bindings why both sides differ although they agree (`domain.certificate.agreed`)."""
    if found.empty:
        return
    bound = ports.ledger.bindings.read(salesforce_ids=found["salesforce_id"], columns=["id", "salesforce_id"])
    numbers = found["salesforce_id"].map(bound.set_index("salesforce_id")["id"])
    ports.ledger.events.add(ports.run.id, found.assign(binding_id=numbers), ports.now())


def move(ports: Ports, moves: pd.DataFrame) -> None:
    """Let bindings go on with other records or contacts (`staged_frames.BINDING_MOVES`)."""
    if len(moves):
        ports.ledger.bindings.move(ports.run.id, _still_to_move(ports, moves), ports.now())


def _still_to_move(ports: Ports, moves: pd.DataFrame) -> pd.DataFrame:
    ids = ["id", "salesforce_id", "salesmanago_id"]
    known = ports.ledger.bindings.read(salesforce_ids=moves["salesforce_id"], columns=ids)
    done = moves.merge(known, on=list(known), how="left", indicator=True)["_merge"].eq("both")
    return moves[~done.to_numpy()]


def _turns_of_status(bound: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Say who was paused, deleted, merged away, resumed or revived."""
    status = bound["salesforce_id"].map(before.set_index("salesforce_id")["status"]).astype(TEXT)
    turned = bound.assign(before=status)[status.notna() & status.ne(bound["status"])]
    back = turned["before"].map({"paused": "resumed", "deleted": "revived", "merged": "revived"})
    event = turned["status"].where(turned["status"].ne("active"), back)
    return turned.assign(binding_id=turned["id"], event=event, note="was " + turned["before"])
