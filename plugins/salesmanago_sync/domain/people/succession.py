"""Succession: which record carries a binding on when its own is converted, merged away, or replaced by a person.

A binding outlives its record. It goes to the record that Salesforce names (the Contact or Person Account of a
converted Lead, the winner of a merge), or to a new record or contact of the same address where one side had been
deleted; both may happen at once. The rule this module protects: two people never become one by it. If the successor is
bound already, the binding that comes late is lost, and its contact is handled by `on_merge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from salesmanago_sync.domain.frames import TEXT, among, full_ids, texts_of
from salesmanago_sync.domain.people.identities import ObjectInput, is_true
from salesmanago_sync.domain.people.matching import Identities, rank
from salesmanago_sync.domain.people.sightings import ABSENT, GONE, of_side, standing

CONVERTED = "converted"
MERGED = "merged"
REPLACED = "replaced"
LOST = "lost"

SUCCESSION_COLUMNS = ("event", "from_salesforce_id", "from_salesmanago_id", "winner_id")


@dataclass(frozen=True, slots=True)
class Successor:
    """Where a record that is gone lives on."""

    salesforce_id: str
    event: str


def successors(objects: Sequence[ObjectInput]) -> dict[str, list[Successor]]:
    """Say which records Salesforce names as successors of records that are gone.

    Args:
        objects: Every enabled object.

    Returns:
        For each id the possible successors, the best first. They need not have been read.
    """
    found: dict[str, list[Successor]] = {}
    for item in objects:
        for identifier, successor in _of_records(item.records):
            found.setdefault(identifier, []).append(successor)
    return found


def _of_records(records: pd.DataFrame) -> Iterator[tuple[str, Successor]]:
    if "IsConverted" in records:
        # A person account's own Contact is no record of the Contact lane: the Account comes first.
        for column in ("ConvertedAccountId", "ConvertedContactId"):
            yield from _named(records[is_true(records, "IsConverted")], column, CONVERTED)
    yield from _named(records[is_true(records, "IsDeleted")], "MasterRecordId", MERGED)


def _named(records: pd.DataFrame, column: str, event: str) -> Iterator[tuple[str, Successor]]:
    if column in records:
        named = records.loc[records[column].notna(), ["Id", column]]
        for identifier, successor in zip(named["Id"], full_ids(named[column]), strict=True):
            yield identifier, Successor(successor, event)


def succeed(found: Identities, bindings: pd.DataFrame, named: dict[str, list[Successor]]) -> pd.DataFrame:
    """Move bindings to their successors.

    Args:
        found: Both sides as matching sees them.
        bindings: The ledger's bindings, every column.
        named: The successors that Salesforce names (`successors`).

    Returns:
        The bindings as they are from now on, with `SUCCESSION_COLUMNS`: `event` (converted, merged, replaced, lost;
        missing where nothing happened), the ids before, and for a lost binding the record that won.
    """
    bindings = bindings.reset_index(drop=True)
    news = _News(bindings)
    if named:
        _follow_records(news, found, named)
    _replace_records(news, found)
    _replace_contacts(news, found)
    return news.applied()


@dataclass(slots=True)
class _News:
    """What becomes of bindings, by their row number."""

    bindings: pd.DataFrame
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)

    def value(self, number: int, column: str) -> Any:
        return self.changed.get(number, {}).get(column, self.bindings[column].iat[number])

    def values(self, column: str) -> pd.Series:
        told = {number: news[column] for number, news in self.changed.items() if column in news}
        return self.bindings[column].mask(self.bindings.index.isin(told), pd.Series(told, dtype=TEXT))

    def move(self, number: int, event: str, side: str, identifier: str, **more: str) -> None:
        column, earlier = f"{side}_id", self.changed.get(number, {})
        self.changed[number] = {
            "event": event,
            # One side may have moved before; whoever was lost has a place again.
            **(earlier if earlier.get("event") != LOST else {}),
            column: identifier,
            f"from_{column}": self.bindings[column].iat[number],
            # What the sync wrote into the old record says nothing about the new one.
            f"{side}_person_clock": pd.NaT,
            f"{side}_written_at": pd.NaT,
            f"{side}_written": "[]",
            "bounces": "{}",
            **more,
        }

    def lose(self, number: int, winner: str) -> None:
        self.changed[number] = {"event": LOST, "winner_id": winner, "status": "merged"}

    def taken(self, column: str) -> set[str]:
        """Every id that a binding has now."""
        return set(texts_of(self.bindings[column])) | {news[column] for news in self.changed.values() if column in news}

    def applied(self) -> pd.DataFrame:
        blank = pd.Series(None, index=self.bindings.index, dtype=TEXT)
        result = self.bindings.assign(**dict.fromkeys(SUCCESSION_COLUMNS, blank))
        for number, news in self.changed.items():
            for column, value in news.items():
                result.loc[number, column] = value
        return result


def _follow_records(news: _News, found: Identities, named: dict[str, list[Successor]]) -> None:
    living = found.salesforce[~found.salesforce["gone"]].drop_duplicates("salesforce_id").set_index("salesforce_id")
    objects, held = dict(living["object"]), set(news.bindings["salesforce_id"])
    for number, successor in _claims(news, found, named, dict(living["email"])):
        if successor.salesforce_id not in held:
            held.add(successor.salesforce_id)
            news.move(
                number, successor.event, "salesforce", successor.salesforce_id, object=objects[successor.salesforce_id]
            )
        elif news.value(number, "status") != "merged":
            news.lose(number, successor.salesforce_id)


def _claims(
    news: _News, found: Identities, named: dict[str, list[Successor]], addresses: dict[Any, Any]
) -> list[tuple[int, Successor]]:
    """List the bindings whose record has a living successor; of several for one, the first has its address."""
    ends = {
        number: _last(identifier, addresses.keys(), named)
        for number, identifier in enumerate(texts_of(news.bindings["salesforce_id"]))
        if identifier in named and identifier not in addresses
    }
    contacts = dict(zip(found.salesmanago["salesmanago_id"], found.salesmanago["email"], strict=True))

    def order(claim: tuple[int, Successor]) -> tuple[bool, bool]:
        number, successor = claim
        theirs = contacts.get(news.value(number, "salesmanago_id"))
        # A binding that was lost before goes last: it has no claim while somebody else has.
        return news.value(number, "status") == "merged", theirs != addresses[successor.salesforce_id]

    return sorted(((number, successor) for number, successor in ends.items() if successor is not None), key=order)


def _last(identifier: str, living: Iterable[Any], named: dict[str, list[Successor]]) -> Successor | None:
    """Follow the successors of successors to one that lives; how the first step came about counts."""
    seen, waiting = {identifier}, list(named[identifier])
    event = waiting[0].event
    while waiting:
        successor = waiting.pop(0)
        if successor.salesforce_id in living:
            return Successor(successor.salesforce_id, event)
        if successor.salesforce_id not in seen:
            seen.add(successor.salesforce_id)
            waiting += named.get(successor.salesforce_id, [])
    return None


def _replace_records(news: _News, found: Identities) -> None:
    """Let a new record of the same address take the place of one that was deleted, beside its living contact."""
    s, m = found.salesforce, found.salesmanago
    free = s[~s["gone"] & s["takes_part"] & s["email"].notna()]
    free = free[~among(free["salesforce_id"], news.taken("salesforce_id"))]
    if free.empty:
        return
    placed = rank(free)
    first = placed[placed["place"].eq("first")].drop_duplicates("email").set_index("email")
    for number, email in _left_by_the_other_side(news, found.seen, (s, "salesforce"), (m, "salesmanago")):
        if email in first.index:
            news.move(
                number,
                REPLACED,
                "salesforce",
                str(first["salesforce_id"][email]),
                object=str(first["object"][email]),
            )


def _replace_contacts(news: _News, found: Identities) -> None:
    """Let a new contact of the same address take the place of one that was deleted, beside its living record."""
    s, m = found.salesforce, found.salesmanago
    free = m[~m["gone"] & m["email"].notna()]
    free = free[~among(free["salesmanago_id"], news.taken("salesmanago_id"))]
    first = free[~free["email"].duplicated(keep=False)].set_index("email")["salesmanago_id"]
    if first.empty:
        return
    for number, email in _left_by_the_other_side(news, found.seen, (m, "salesmanago"), (s, "salesforce")):
        if email in first.index:
            news.move(number, REPLACED, "salesmanago", str(first[email]))


def _left_by_the_other_side(
    news: _News, seen: pd.DataFrame, gone: tuple[pd.DataFrame, str], left: tuple[pd.DataFrame, str]
) -> Iterator[tuple[int, str]]:
    """Give the bindings of which one side was deleted and the other lives, with the address of the living side."""
    (own, side), (theirs, other_side) = gone, left
    column, other = f"{side}_id", f"{other_side}_id"
    bindings = news.bindings
    here, flagged = among(bindings[column], own[column]), among(bindings[column], own.loc[own["gone"], column])
    ended = standing(of_side(seen, side, bindings[column]), here, flagged, bindings["updated_at"]).isin([ABSENT, GONE])
    moved = [number for number, told in news.changed.items() if column in told]
    alone = ended & ~bindings.index.isin(moved)
    address = theirs[~theirs["gone"]].drop_duplicates(other).set_index(other)["email"]
    # The record beside a contact that is gone may be one that has just carried on.
    emails = news.values(other)[alone].map(address).dropna().drop_duplicates()
    for number, email in zip(emails.index, emails, strict=True):
        yield int(number), str(email)


def predecessors(bindings: pd.DataFrame) -> pd.DataFrame:
    """List who lives on in whom.

    Returns:
        `salesforce_id` of the record that is gone, `salesmanago_id` of the contact that lost (missing where the contact
        went on too), and `successor_id`, the record that carries on.
    """
    moved = bindings[bindings["from_salesforce_id"].notna()]
    lost = bindings[bindings["event"].eq(LOST)]
    return pd.DataFrame(
        {
            "salesforce_id": pd.concat([moved["from_salesforce_id"], lost["salesforce_id"]]),
            "salesmanago_id": pd.concat([moved["from_salesmanago_id"], lost["salesmanago_id"]]),
            "successor_id": pd.concat([moved["salesforce_id"], lost["winner_id"]]),
        }
    ).reset_index(drop=True)
