"""Evidence of consent: for every opt-out that was sent, where and when it was seen, sent and acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesmanago_sync.domain.consent import side_seen
from salesmanago_sync.domain.owed import OPT_OUTS
from salesmanago_sync.steps.ports import Ports

if TYPE_CHECKING:
    from salesmanago_sync.steps.settling import Sent

CHANNELS = dict(zip(OPT_OUTS, ("email", "phone"), strict=True))


def keep_evidence(ports: Ports, sent: Sent, people: pd.DataFrame) -> None:
    """Add to the evidence; nothing of it is ever changed.

    Args:
        ports: What the step talks to.
        sent: The write and its answer.
        people: Its people, with the ids of newcomers.
    """
    mine = sent.changes[sent.changes["field"].isin(CHANNELS)]
    # A newcomer who has not opted out gives nothing to prove.
    mine = mine[mine["new"].eq("true") | mine["action"].ne("create")]
    if mine.empty:
        return
    whose = people.loc[mine["person"]]
    bound = ports.ledger.bindings(salesforce_ids=whose["salesforce_id"].dropna()).set_index("salesforce_id")["id"]
    answered = sent.accepted.reindex(mine["person"]).to_numpy()
    rows = pd.DataFrame(
        {
            "binding_id": whose["salesforce_id"].map(bound).astype("Int64").to_numpy(),
            "salesforce_id": whose["salesforce_id"].to_numpy(),
            "salesmanago_id": whose["salesmanago_id"].to_numpy(),
            "channel": mine["field"].map(CHANNELS).to_numpy(),
            "side": side_seen(mine["rule"], sent.other).to_numpy(),
            "seen_at": pd.Timestamp(sent.seen_at),
            "sent_at": pd.Timestamp(sent.sent_at),
            "acknowledged_at": pd.Series(pd.Timestamp(sent.at), index=range(len(mine))).where(answered),
            "note": (mine["rule"].fillna("") + mine["new"].map({"false": " (opted in)"}).fillna("")).to_numpy(),
        }
    )
    ports.ledger.add_consent(ports.run.id, rows)
