"""Agreement: what the ledger learns without any write: new bindings, base values, who left or came back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.base import pack
from salesmanago_sync.domain.merge.merge import same
from salesmanago_sync.domain.merge.owed import ENDS
from salesmanago_sync.domain.merge.owed_writes import still_owed
from salesmanago_sync.domain.merge.pairs import Pairs
from salesmanago_sync.domain.people.matching import PAIR
from salesmanago_sync.domain.plan.changes import Decision
from salesmanago_sync.domain.plan.findings import stack
from salesmanago_sync.domain.staged_frames import AGREEMENT


def agreement(decisions: Sequence[Decision], people: pd.DataFrame, bindings: pd.DataFrame) -> pd.DataFrame:
    """Say what to bind and what to remember.

    Args:
        decisions: What was decided about each object.
        people: The people frame.
        bindings: The ledger's bindings.

    Returns:
        `AGREEMENT`.
    """
    known = bindings[["salesforce_id", "status", "owed", "email"]]
    known = known.rename(columns={name: f"{name}_before" for name in ("status", "owed", "email")})
    parts = [_of_object(decision) for decision in decisions]
    rows = stack(parts, AGREEMENT).merge(known, on="salesforce_id", how="left")
    news = rows["base"].ne("{}") | rows["echo_salesforce"] | rows["echo_salesmanago"]
    for name in ("status", "owed", "email"):
        news |= ~same(rows[name], rows[f"{name}_before"])
    return rows.loc[news, list(AGREEMENT.names)].reset_index(drop=True)


def _of_object(decision: Decision) -> pd.DataFrame:
    """Pairs, people who have ended, and bound ones who are paused."""
    pairs = decision.pairs
    people = pairs.people
    paired = people["status"].eq(PAIR)
    ended = people["reason"].map(ENDS)
    echoes = pairs.echoes
    rows = people[["object", "salesforce_id", "salesmanago_id", "matched_by"]].copy()
    rows["status"] = ended.mask(paired, "active").astype(TEXT)
    rows["base"] = pack(
        {key: (a, m) for key, (_, a, m) in decision.agreed.items()},
        {key: present for key, (present, _, _) in decision.agreed.items()},
        people.index,
    )
    for side in ("salesforce", "salesmanago"):
        rows[f"echo_{side}"] = echoes[side] & paired
    rows["owed"] = still_owed(pairs)
    rows["email"] = _address(pairs).where(pairs.ended)
    return rows[paired | (ended.notna() & people["matched_by"].isin(["binding", "external_id"]))]


def _address(pairs: Pairs) -> pd.Series:
    """The address of the side that lives, or the last one that is known."""
    m = normalise_email(pairs.contacts["email"]).where(pairs.lives("salesmanago"))
    a = pairs.a.get("email", pairs.blank)
    stored_a, stored_m, _ = pairs.base.of("email")
    return m.fillna(a).fillna(stored_m).fillna(stored_a).fillna(pairs.bindings["email"]).astype(TEXT)
