"""Binding: what the ledger learns from the plan before anything is written."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.extract import READ
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.reading import read_at

SIDES = ("salesforce", "salesmanago")
# When the run began to tell the ledger what it had found.
BOUND = "bound"


def bind_people(ports: Ports) -> dict[str, int]:
    """Bind matched pairs, move bindings, set what both sides agree on, and open the issues of the plan.

    Args:
        ports: What the step talks to.

    Returns:
        How many people were bound or remembered, and how many issues there are.
    """
    ports.keep_lock()
    ports.staging.write_json(BOUND, ports.now().isoformat())
    agreement = ports.staging.read("agreement")
    issues = ports.staging.read("issues")
    remember(ports, ports.staging.read("moves"), agreement)
    ports.ledger.report_issues(ports.run.id, issues, ports.now())
    return {"people": len(agreement), "issues": len(issues)}


def check_unbound(ports: Ports) -> None:
    """Check that nothing was bound or written since everybody was read.

    Raises:
        FatalError: The plan would rest on a reading that is older than what the ledger has learned from it.
    """
    if not ports.staging.has(f"{BOUND}.json"):
        return
    if read_at(ports, READ) <= datetime.fromisoformat(ports.staging.read_json(BOUND)):
        raise FatalError(
            "This run has bound and written people since it read them: a plan made of what it read would be out of "
            "date. To read again, clear the task preflight together with its downstream tasks, or start a new run."
        )


def remember(ports: Ports, moves: pd.DataFrame, agreement: pd.DataFrame) -> None:
    """Store moves (`domain.plan.MOVE_COLUMNS`) and an agreement (`domain.agreement`) in the ledger.

    Safe to repeat: a binding that has moved has its new ids already.
    """
    now = ports.now()
    move(ports, moves)
    if agreement.empty:
        return
    before = ports.ledger.bindings(salesforce_ids=agreement["salesforce_id"])
    columns = ["object", "salesforce_id", "salesmanago_id", "matched_by", "base"]
    ids = ports.ledger.bind(agreement[columns], ports.run.id, now)
    bound = agreement.assign(id=ids["id"])[~ids["refused"]]
    ports.ledger.save(bound[["id", "status", "owed", "email"]], now)
    ports.ledger.add_events(ports.run.id, _turns_of_status(bound, before), now)
    ports.ledger.adopt_issues(bound)
    for side in SIDES:
        seen = bound[bound[f"echo_{side}"].astype("bool")]
        ports.ledger.save(seen[["id"]].assign(**{f"{side}_written": "[]"}), now)
    for name, people in agreement.groupby("object"):
        ports.ledger.settle_intents(str(name), people[["salesmanago_id", "salesforce_id"]], now)


def move(ports: Ports, moves: pd.DataFrame) -> None:
    """Let bindings go on with other records or contacts (`domain.plan.MOVE_COLUMNS`)."""
    if len(moves):
        ports.ledger.move(ports.run.id, _still_to_move(ports, moves), ports.now())


def _still_to_move(ports: Ports, moves: pd.DataFrame) -> pd.DataFrame:
    known = ports.ledger.bindings(salesforce_ids=moves["salesforce_id"])[["id", "salesforce_id", "salesmanago_id"]]
    done = moves.merge(known, on=list(known), how="left", indicator=True)["_merge"].eq("both")
    return moves[~done.to_numpy()]


def _turns_of_status(bound: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Say who was paused, deleted, merged away, resumed or revived."""
    status = bound["salesforce_id"].map(before.set_index("salesforce_id")["status"]).astype("str")
    turned = bound.assign(before=status)[status.notna() & status.ne(bound["status"])]
    back = turned["before"].map({"paused": "resumed", "deleted": "revived", "merged": "revived"})
    event = turned["status"].where(turned["status"].ne("active"), back)
    return turned.assign(binding_id=turned["id"], event=event, note="was " + turned["before"])
