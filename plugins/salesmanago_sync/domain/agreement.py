"""Agreement: what the ledger learns without any write: new bindings, base values, who left or came back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmanago_sync.domain.base import pack
from salesmanago_sync.domain.changes import Decision
from salesmanago_sync.domain.matching import PAIR

AGREEMENT_COLUMNS = (
    "object",
    "salesforce_id",
    "salesmanago_id",
    "matched_by",
    "status",
    "base",
    "echo_salesforce",
    "echo_salesmanago",
)


def agreement(decisions: Sequence[Decision], people: pd.DataFrame, bindings: pd.DataFrame) -> pd.DataFrame:
    """Say what to bind and what to remember.

    Args:
        decisions: What was decided about each object.
        people: The people frame.
        bindings: The ledger's bindings.

    Returns:
        One row a pair, or bound person, of whom the ledger learns something: `object, salesforce_id, salesmanago_id,
        matched_by, status` (active, paused, deleted), `base` (JSON of the fields to set) and two flags `echo_<side>`:
        the echo of our last write was seen.
    """
    parts = [_of_pairs(decision) for decision in decisions]
    parts.append(_of_the_rest(people))
    known = bindings[["salesforce_id", "status"]].rename(columns={"status": "before"})
    rows = pd.concat(parts, ignore_index=True).merge(known, on="salesforce_id", how="left")
    news = (
        rows["before"].isna()
        | rows["status"].ne(rows["before"])
        | rows["base"].ne("{}")
        | rows["echo_salesforce"]
        | rows["echo_salesmanago"]
    )
    return rows.loc[news, list(AGREEMENT_COLUMNS)].reset_index(drop=True)


def _of_pairs(decision: Decision) -> pd.DataFrame:
    pairs = decision.pairs
    people = pairs.people
    chosen = people["status"].eq(PAIR)
    echoes = pairs.echoes
    rows = people[["object", "salesforce_id", "salesmanago_id", "matched_by"]].copy()
    rows["status"] = "active"
    rows["base"] = pack(
        {key: (a, m) for key, (_, a, m) in decision.agreed.items()},
        {key: present for key, (present, _, _) in decision.agreed.items()},
        people.index,
    )
    rows["echo_salesforce"], rows["echo_salesmanago"] = echoes["salesforce"], echoes["salesmanago"]
    return rows[chosen]


def _of_the_rest(people: pd.DataFrame) -> pd.DataFrame:
    """Bound people who are paused, or were deleted on one side."""
    states = {"PAUSED": "paused", "DELETED": "deleted"}
    chosen = people["matched_by"].eq("binding").fillna(False) & people["reason"].isin(states)
    rows = people.loc[chosen, ["object", "salesforce_id", "salesmanago_id", "matched_by"]].copy()
    rows["status"] = people.loc[chosen, "reason"].map(states)
    rows["base"] = "{}"
    rows["echo_salesforce"] = rows["echo_salesmanago"] = False
    return rows
