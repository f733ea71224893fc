"""The certificate itself: what was found of everybody, added up, as a person can hand it to an auditor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment

from salesmanago_sync.domain.certificate.reasons import EQUAL, MEANINGS, PERSON, UNEXPLAINED
from salesmanago_sync.domain.staged_frames import DIFFERENCES

# A contact that no mapping wants.
NO_OBJECT = "–"
PAGE = Path(__file__).with_name("certificate.html")


@dataclass(frozen=True, slots=True)
class Count:
    """How often a reason holds.

    Attributes:
        object: The object, or none.
        field: The field key; empty for the people themselves.
        reason: A code of `reasons.MEANINGS`.
        count: How many people.
    """

    object: str
    field: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference that no reason explains: record ids, and no values."""

    object: str
    salesforce_id: str
    salesmanago_id: str
    field: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """What both sides held at one time.

    Attributes:
        at: When everybody had been read.
        run: The number of the run in the ledger.
        since: Up to when each side was synchronised.
        mappings: For each object the digest of its mapping.
        ledger: The ledger's name, and a digest of what it remembers of everybody.
        counts: How often each reason holds.
        unexplained: Everything that no reason explains.
    """

    at: datetime
    run: int
    since: Mapping[str, datetime]
    mappings: Mapping[str, str]
    ledger: Mapping[str, str]
    counts: Sequence[Count]
    unexplained: Sequence[Difference]

    @property
    def people(self) -> int:
        """How many people were looked at."""
        return sum(one.count for one in self.counts if one.field == PERSON)

    @property
    def by_reason(self) -> dict[str, int]:
        """How often each reason holds, in the order of the reasons; those that hold for nobody are left out."""
        sums = dict.fromkeys(MEANINGS, 0)
        for one in self.counts:
            sums[one.reason] += one.count
        return {reason: count for reason, count in sums.items() if count}

    @property
    def totals(self) -> dict[str, int]:
        """People, and of all that was compared how much is equal, explained and unexplained."""
        found = self.by_reason
        equal, unexplained = found.get(EQUAL, 0), found.get(UNEXPLAINED, 0)
        explained = sum(found.values()) - equal - unexplained
        return {"people": self.people, "equal": equal, "explained": explained, "unexplained": unexplained}


def add_up(frames: Iterable[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count what was said of some people.

    Args:
        frames: Of `classify.classify`.

    Returns:
        `REASON_COUNTS`, and `DIFFERENCES` of what is unexplained.
    """
    counts, unexplained = [], []
    for rows in frames:
        mine = rows.assign(object=rows["object"].fillna(NO_OBJECT))
        counts.append(mine.groupby(["object", "field", "reason"], sort=True).size().rename("count").reset_index())
        unexplained.append(mine.loc[mine["reason"].eq(UNEXPLAINED), list(DIFFERENCES.names)].fillna(""))
    return pd.concat(counts, ignore_index=True), pd.concat(unexplained, ignore_index=True)


def counts_of(counted: pd.DataFrame) -> list[Count]:
    """Add up the counts of several parts."""
    sums = counted.groupby(["object", "field", "reason"], sort=True)["count"].sum().reset_index()
    return [Count(row["object"], row["field"], row["reason"], int(row["count"])) for row in sums.to_dict("records")]


def as_json(certificate: Certificate) -> dict[str, Any]:
    """Lay out a certificate as JSON values; moments are ISO 8601 in UTC."""
    found = asdict(certificate)
    found["at"] = _spelled(certificate.at)
    found["since"] = {side: _spelled(moment) for side, moment in certificate.since.items()}
    reasons = {reason: {"count": count, "meaning": MEANINGS[reason]} for reason, count in certificate.by_reason.items()}
    return {"totals": certificate.totals, "reasons": reasons, **found}


def as_html(certificate: dict[str, Any]) -> str:
    """Write a certificate as one page that needs nothing else.

    Args:
        certificate: What `as_json` laid out.
    """
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(PAGE.read_text(encoding="utf-8")).render(certificate=certificate)


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
