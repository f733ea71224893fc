"""How fast opt-outs travel: by the evidence that the ledger keeps of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from salesmanago_sync.domain.merge.owed import OPT_OUTS
from salesmanago_sync.ledger.store import Ledger

# Older ones say nothing about today.
LOOKED_AT = timedelta(days=7)
CHANNELS = dict(zip(OPT_OUTS, ("email", "phone"), strict=True))
WHOSE = ["salesforce_id", "salesmanago_id", "channel", "side"]


@dataclass(frozen=True, slots=True)
class ConsentAges:
    """How long opt-outs took from being seen to being acknowledged by the other side.

    Attributes:
        count: How many of the last seven days were measured.
        p95: All but 5 % were faster.
        longest: The slowest of them.
        oldest: How long the oldest of those has been waiting that the other side has not acknowledged, since it was
            seen first, however long ago that is; also of those that runs planned and did not come to send.
    """

    count: int
    p95: timedelta | None
    longest: timedelta | None
    oldest: timedelta | None


def read_consent_ages(ledger: Ledger, now: datetime) -> ConsentAges:
    """Read how fast opt-outs travel.

    Args:
        ledger: The ledger.
        now: The time.
    """
    rows = ledger.consent.read_opt_outs_since(now - LOOKED_AT).sort_values("id")
    # What was only seen was sent to nobody.
    rows = rows[rows["sent_at"].notna()]
    done = rows["acknowledged_at"].notna()
    first = _seen_first(ledger, rows)
    # The clocks of the machine that syncs and of a service may differ by some seconds.
    taken = (rows["acknowledged_at"] - first)[done].dt.total_seconds().clip(lower=0.0)
    waiting = pd.concat([first[~rows.duplicated(WHOSE, keep="last") & ~done], _never_sent(ledger)])
    return ConsentAges(
        count=len(taken),
        p95=None if taken.empty else timedelta(seconds=float(taken.quantile(0.95))),
        longest=None if taken.empty else timedelta(seconds=float(taken.max())),
        oldest=None if waiting.empty else now - waiting.min().to_pydatetime(),
    )


def _seen_first(ledger: Ledger, rows: pd.DataFrame) -> pd.Series:
    """Say when each opt-out was seen first: one that is refused is seen and sent again, until it arrives."""
    refused = rows[rows["acknowledged_at"].isna()]
    if refused.empty:
        return rows["seen_at"]
    # What was seen first may be older than what is looked at.
    whole = ledger.consent.read(*({*refused[name]} - {""} for name in ("salesforce_id", "salesmanago_id")))
    whole = whole[whole["sent_at"].notna()]
    done = whole["acknowledged_at"].notna().astype("int64")
    arrived = done.groupby([whole[name] for name in WHOSE]).cumsum() - done
    first = whole.assign(arrived=arrived).groupby([*WHOSE, "arrived"])["seen_at"].transform("min")
    return rows["id"].map(first.set_axis(whole["id"])).fillna(rows["seen_at"])


def _never_sent(ledger: Ledger) -> pd.Series:
    """Say since when opt-outs are planned that no run came to send, and the consent lane has not carried since."""
    planned = ledger.changes.read_unwritten(list(CHANNELS)).reset_index(names="row")
    told = ledger.consent.read(planned["salesforce_id"], planned["salesmanago_id"])
    told = told[told["acknowledged_at"].notna()]
    planned["channel"] = planned["field"].map(CHANNELS)
    arrived: set[int] = set()
    for name in ("salesforce_id", "salesmanago_id"):
        both = planned[planned[name].ne("")].merge(told[[name, "channel", "acknowledged_at"]], on=[name, "channel"])
        arrived.update(both.loc[both["acknowledged_at"] >= both["at"], "row"])
    return planned.loc[~planned["row"].isin(arrived), "at"]


def consent_ages(ledger: Ledger, now: datetime) -> dict[str, float]:
    """Give the ages in seconds, as metrics: `p95`, `longest` and `oldest_waiting`; 0 where there is nothing."""
    ages = read_consent_ages(ledger, now)
    named = {"p95": ages.p95, "longest": ages.longest, "oldest_waiting": ages.oldest}
    return {name: 0.0 if age is None else age.total_seconds() for name, age in named.items()}
