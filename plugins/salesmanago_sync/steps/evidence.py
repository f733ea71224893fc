"""Evidence of consent: for every record of an address, where and when an opt-out was seen, sent and acknowledged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from salesmanago_sync.domain.merge.merge import TO_SALESFORCE
from salesmanago_sync.domain.merge.owed import OPT_OUTS
from salesmanago_sync.domain.merge.pairs import SIDES
from salesmanago_sync.domain.plan.consent import is_shared, side_seen
from salesmanago_sync.domain.plan.findings import issues
from salesmanago_sync.domain.staged_frames import FOUND_ISSUES
from salesmanago_sync.ledger.consent import OPTED_IN
from salesmanago_sync.ledger.store import Ledger
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
    bound = ports.ledger.bindings.read(salesforce_ids=whose["salesforce_id"].dropna()).set_index("salesforce_id")["id"]
    # What somebody else of the address chose is told to each side of a pair by itself.
    shared = (mine["action"].eq("update") & is_shared(mine["rule"])).to_numpy()
    told = {f"{side}_id": whose[f"{side}_id"].mask(shared & (side != sent.side)) for side in SIDES}
    answered = sent.accepted.reindex(mine["person"]).to_numpy()
    rows = pd.DataFrame(
        {
            "binding_id": whose["salesforce_id"].map(bound).astype("Int64").to_numpy(),
            **{name: ids.to_numpy() for name, ids in told.items()},
            "channel": mine["field"].map(CHANNELS).to_numpy(),
            "side": side_seen(mine["rule"], sent.other).to_numpy(),
            "seen_at": pd.Timestamp(sent.seen_at),
            "sent_at": pd.Timestamp(sent.sent_at),
            "acknowledged_at": pd.Series(pd.Timestamp(sent.at), index=range(len(mine))).where(answered),
            "note": (mine["rule"].fillna("") + mine["new"].map({"false": " (opted in)"}).fillna("")).to_numpy(),
        }
    )
    ports.ledger.consent.add(ports.run.id, rows)


def keep_seen(ports: Ports, seen: pd.DataFrame, seen_at: datetime) -> None:
    """Add what was seen of records and contacts of which no write tells.

    Safe to repeat. Whoever is in no pair has no base: the evidence is what is remembered of them.

    Args:
        ports: What the step talks to.
        seen: `staged_frames.SEEN_OPT_OUTS`.
        seen_at: When it was read.
    """
    channels = seen["field"].map(CHANNELS)
    known = _known(ports.ledger, seen["id"])
    last = [known.get(key, NOBODY_KNOWN) for key in zip(seen["id"], channels, strict=True)]
    news = [
        one.run_id != ports.run.id and (out != one.out or (out and told))
        for one, out, told in zip(last, seen["out"], seen["told"], strict=True)
    ]
    rows = seen[pd.Series(news, index=seen.index, dtype="bool")]
    ports.ledger.consent.add(
        ports.run.id,
        pd.DataFrame(
            {
                **{f"{side}_id": rows["id"].where(rows["side"].eq(side)) for side in SIDES},
                "channel": channels[rows.index],
                "side": rows["side"],
                "seen_at": pd.Timestamp(seen_at),
                "note": rows["out"].map({True: "opted out", False: OPTED_IN}),
            }
        ),
    )


def opt_ins_reverted(ledger: Ledger, changes: pd.DataFrame) -> pd.DataFrame:
    """Find those who were opted out once, are opted in, and whose address is still opted out elsewhere.

    Args:
        ledger: What is remembered of them.
        changes: The changes of a plan.

    Returns:
        Issues (`staged_frames.FOUND_ISSUES`).
    """
    rows = changes[changes["field"].isin(CHANNELS) & changes["action"].eq("update") & is_shared(changes["rule"])]
    if rows.empty:
        return FOUND_ISSUES.empty()
    own = rows["salesforce_id"].where(rows["direction"].eq(TO_SALESFORCE), rows["salesmanago_id"])
    known = _known(ledger, own)
    bases = _bases(ledger, rows)
    again = [
        bases[one].get(key) == ["true", "true"] if one in bases else known.get((one, CHANNELS[key]), NOBODY_KNOWN).out
        for one, key in zip(own, rows["field"], strict=True)
    ]
    mine = rows[again]
    text = "opted in again; still " + mine["rule"]
    return issues(mine, "OPT_IN_REVERTED", field=mine["field"], direction=mine["direction"], text=text)


def _bases(ledger: Ledger, changes: pd.DataFrame) -> dict[str, dict[str, list[str | None]]]:
    """Read what both sides of bound people agreed on, under the ids of both."""
    bound = ledger.bindings.read(changes["salesforce_id"].dropna(), changes["salesmanago_id"].dropna())
    texts = pd.concat([bound.set_index(f"{side}_id")["base"] for side in SIDES])
    return {str(identifier): json.loads(text) for identifier, text in texts.items()}


@dataclass(frozen=True, slots=True)
class _Known:
    """The newest evidence of somebody in no pair: whether it is that of an opt-out, and of which run."""

    out: bool
    run_id: int | None


NOBODY_KNOWN = _Known(out=False, run_id=None)


def _known(ledger: Ledger, ids: pd.Series) -> dict[tuple[str, str], _Known]:
    """Read the newest evidence that is about a record or contact alone, by id and channel."""
    found = ledger.consent.read(ids.dropna(), ids.dropna())
    alone = found[found["salesforce_id"].eq("") | found["salesmanago_id"].eq("")]
    arrived = alone[alone["sent_at"].isna() | alone["acknowledged_at"].notna()]
    return {
        (row["salesforce_id"] or row["salesmanago_id"], row["channel"]): _Known(
            not row["note"].endswith(OPTED_IN), row["run_id"]
        )
        for row in arrived.to_dict("records")
    }
