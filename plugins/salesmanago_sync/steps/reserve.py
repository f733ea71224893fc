"""Reserve: a share of the org's daily API calls that the sync leaves to others."""

from __future__ import annotations

from datetime import datetime, timedelta

from salesmanago_sync.errors import ReserveError
from salesmanago_sync.ledger.runs import Usage
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.settings import PREFIX, Settings
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.request import utc

# Salesforce counts the calls of the last 24 hours, not those of a calendar day.
DAY = timedelta(hours=24)
# Others may have used less than expected: so often a scheduled run asks how many calls are used.
ASK_AGAIN = timedelta(hours=1)
SETTING = f"{PREFIX}SALESFORCE_RESERVE_PERCENT"


def most_calls(settings: Settings, allowed: int) -> int:
    """Say how many of the org's daily calls may be used before the sync stops."""
    return allowed * (100 - settings.salesforce_reserve_percent) // 100


def stopped_until(ledger: Ledger, settings: Settings, now: datetime) -> datetime | None:
    """Say until when runs stop for want of calls.

    Args:
        ledger: The ledger, which knows what Salesforce said last, and what the sync itself has used.
        settings: The settings.
        now: The time.

    Returns:
        When so many of the sync's own calls are older than a day that it may go on, if nobody else uses more; a day
        after Salesforce was asked, where the others use it all. None where nothing stops.
    """
    usage = ledger.runs.last_usage()
    if usage is None or not settings.salesforce_reserve_percent:
        return None
    surplus = usage.used - most_calls(settings, usage.allowed) + 1
    if surplus <= 0:
        return None
    free = _when_free(ledger, usage, surplus)
    return free if free > now else None


def _when_free(ledger: Ledger, usage: Usage, surplus: int) -> datetime:
    """Say when so many of the sync's own calls will be older than a day."""
    runs = ledger.runs.read_since(usage.told_at - DAY - DAY)
    ended = runs["finished_at"].fillna(runs["step_at"]).fillna(runs["started_at"])
    spent = runs.assign(ended=ended).sort_values("ended")
    spent = spent[spent["ended"].gt(usage.told_at - DAY)]
    enough = spent["salesforce_calls"].cumsum().ge(surplus)
    last = spent.loc[enough, "ended"].iloc[0].to_pydatetime() if enough.any() else usage.told_at
    return min(last, usage.told_at) + DAY


def why_not_now(ports: Ports) -> str:
    """Say why a scheduled run need not begin; empty where it may.

    Salesforce is asked again every hour: others may use less than before.
    """
    until, usage = stopped_until(ports.ledger, ports.settings, ports.now()), ports.ledger.runs.last_usage()
    if until is None or usage is None or ports.now() - usage.told_at >= ASK_AGAIN:
        return ""
    return f"{usage.used:,} of the {usage.allowed:,} API calls of the org were used. {told(ports, until)}"


def told(ports: Ports, until: datetime) -> str:
    """Say what becomes of a run that stops at the reserve."""
    return (
        f"{ports.settings.salesforce_reserve_percent} % of them are kept for others (`{SETTING}`). Runs go on again, "
        f"at the latest at {utc(until)} if nobody else uses more; until then opt-outs alone travel. Nothing is lost, "
        "and nothing is written twice."
    )


def explained(ports: Ports, error: ReserveError) -> ReserveError:
    """Add to the refusal of a request until when the sync stops."""
    until = stopped_until(ports.ledger, ports.settings, ports.now()) or ports.now() + DAY
    return ReserveError(f"{error} {told(ports, until)}")
