"""How fast opt-outs travel: by the evidence that the ledger keeps of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from salesmanago_sync.ledger.store import Ledger

# Older ones say nothing about today.
LOOKED_AT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ConsentAges:
    """How long opt-outs took from being seen to being acknowledged by the other side.

    Attributes:
        count: How many of the last seven days were measured.
        p95: All but 5 % were faster.
        longest: The slowest of them.
        oldest: How long the oldest of those has been waiting that the other side has not acknowledged.
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
    rows = ledger.consent_since(now - LOOKED_AT).sort_values("id")
    # What was only seen was sent to nobody.
    rows = rows[rows["sent_at"].notna()]
    done = rows["acknowledged_at"].notna()
    whose = ["salesforce_id", "salesmanago_id", "channel", "side"]
    # A refused opt-out is seen and sent again: it has waited since it was seen first.
    arrived = done.astype("int64").groupby([rows[name] for name in whose]).cumsum() - done.astype("int64")
    first = rows.assign(arrived=arrived).groupby([*whose, "arrived"])["seen_at"].transform("min")
    # The clocks of the machine that syncs and of a service may differ by some seconds.
    taken = (rows["acknowledged_at"] - first)[done].dt.total_seconds().clip(lower=0.0)
    waiting = first[~rows.duplicated(whose, keep="last") & ~done]
    return ConsentAges(
        count=len(taken),
        p95=None if taken.empty else timedelta(seconds=float(taken.quantile(0.95))),
        longest=None if taken.empty else timedelta(seconds=float(taken.max())),
        oldest=None if waiting.empty else now - waiting.min().to_pydatetime(),
    )


def consent_ages(ledger: Ledger, now: datetime) -> dict[str, float]:
    """Give the ages in seconds, as metrics: `p95`, `longest` and `oldest_waiting`; 0 where there is nothing."""
    ages = read_consent_ages(ledger, now)
    named = {"p95": ages.p95, "longest": ages.longest, "oldest_waiting": ages.oldest}
    return {name: 0.0 if age is None else age.total_seconds() for name, age in named.items()}
