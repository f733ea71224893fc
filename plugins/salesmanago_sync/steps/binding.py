"""Binding: what the ledger learns from the plan before anything is written."""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.steps.ports import Ports

SIDES = ("salesforce", "salesmanago")


def bind_people(ports: Ports) -> dict[str, int]:
    """Bind matched pairs, set what both sides agree on, and open the issues of the plan.

    Args:
        ports: What the step talks to.

    Returns:
        How many people were bound or remembered, and how many issues there are.
    """
    ports.keep_lock()
    agreement = ports.staging.read("agreement")
    issues = ports.staging.read("issues")
    remember(ports, agreement)
    ports.ledger.report_issues(ports.run.id, issues, ports.now())
    return {"people": len(agreement), "issues": len(issues)}


def remember(ports: Ports, agreement: pd.DataFrame) -> None:
    """Store an agreement (`domain.agreement`) in the ledger."""
    if agreement.empty:
        return
    now = ports.now()
    columns = ["object", "salesforce_id", "salesmanago_id", "matched_by", "base"]
    ids = ports.ledger.bind(agreement[columns], ports.run.id, now)
    bound = agreement.assign(id=ids["id"])[~ids["refused"]]
    ports.ledger.save(bound[["id", "status"]], now)
    ports.ledger.adopt_issues(bound)
    for side in SIDES:
        seen = bound[bound[f"echo_{side}"]]
        ports.ledger.save(seen[["id"]].assign(**{f"{side}_written": "[]"}), now)
    for name, people in agreement.groupby("object"):
        ports.ledger.settle_intents(str(name), people[["salesmanago_id", "salesforce_id"]], now)
