"""Freshness: what people edit while a run works is read and merged again before anything is written over it.

At most ten seconds before a write request both services are asked what moved since the run had read, one call each and
not one a person. Who moved is read again, with everybody whom the merge must see beside them, and decided about anew.
The new decision takes the place of the planned one. Where all that takes too long, both are asked once more.

A plan that a person approved is not decided anew: what is no longer as it was approved is left to the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd

from salesmanago_sync.clients.salesmanago_ids import contact_id
from salesmanago_sync.domain.converters.email import normalise_email, spellings
from salesmanago_sync.domain.frames import TEXT, among, text_series
from salesmanago_sync.domain.merge.owed import DELETE
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, PAIR
from salesmanago_sync.domain.plan.plan import Plan
from salesmanago_sync.errors import RetriableError
from salesmanago_sync.steps.extract import add_counterparts
from salesmanago_sync.steps.planning import plan_of
from salesmanago_sync.steps.reading import SALESFORCE, SALESMANAGO, Reading, read_news

# An answer serves for so long. What is left of ten seconds is for what lies between the look and the request: rows are
# made, and the request waits for its turn.
FRESH_FOR = timedelta(seconds=7)
# So often the people of a request are looked at, until a look is fresh when all that it asks for is done.
LOOKS = 3
# So much of a feed is read at most; where it is longer, the people of each request are asked for by id.
MOST_RECORDS = 2_000
MOST_PAGES = 20
# The record was converted, merged or deleted since it was read: `newcomers.follow_up` looks once more.
RECORD_GONE = "RECORD_GONE"
MOVED = "MOVED"
# The state of a change that was approved and is left to the next run.
LEFT = "moved"
ENDS = ("DELETED", "CONVERTED", "MERGED")
ACTIVE = (PAIR, CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO)
# Takes what was read, the planned changes of people who moved, what would be planned now, and who is gone; gives what
# is written.
Settle = Callable[[Reading, pd.DataFrame, pd.DataFrame, pd.Index], pd.DataFrame]
SAME = ["person", "field", "direction", "lane", "new"]
AS_SENT = [*SAME, "source"]
AS_APPROVED = ["person", "field", "direction", "lane", "action", "old", "new"]


@dataclass(slots=True)
class _Feed:
    """What one service told of those who moved.

    Attributes:
        since: From when on it is to tell, by the local clock.
        asked: When it was asked last, by the local clock; never, where what was read is not so fresh.
        stamps: For each id that moved its clock, or nothing where the feed tells none.
        emails: Normalised addresses that it told of, and the ids that have them.
        whole: Whether it told of everybody.
    """

    since: datetime
    asked: datetime | None
    stamps: dict[str, pd.Timestamp | None] = field(default_factory=dict)
    emails: dict[str, set[str]] = field(default_factory=dict)
    whole: bool = True

    def stale(self, now: datetime) -> bool:
        """Whether it is to be asked anew."""
        return self.asked is None or now - self.asked > FRESH_FOR

    def take(self, ids: Iterable[str], stamps: Iterable[pd.Timestamp | None], emails: pd.Series) -> None:
        """Remember what it told."""
        for identifier, stamp, email in zip(ids, stamps, emails, strict=True):
            self.stamps[identifier] = stamp
            if pd.notna(email):
                self.emails.setdefault(str(email), set()).add(identifier)


@dataclass(slots=True)
class Freshness:
    """Keeps planned changes true to what people do meanwhile.

    Attributes:
        reading: What was read; it learns the newer values.
        since: When the oldest part of it was read.
        asked: When both services were asked last; the reading itself, where it has just been made.
        keep: Which changes of a newer plan are written, and how.
        approved: Whether a person approved the plan.
    """

    reading: Reading
    since: datetime
    asked: datetime | None = None
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda changes: changes
    approved: bool = False
    _feeds: dict[str, _Feed] = field(default_factory=dict)
    _clocks: dict[str, timedelta] = field(default_factory=dict)
    _looks: list[datetime] = field(default_factory=list)

    def renew(self, changes: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Decide anew about those of a request who moved since they were read.

        Args:
            changes: The planned changes of some people of one object in one direction.
            people: The people frame.

        Returns:
            The changes as they should be now, and the people frame with the newer clocks and addresses.

        Raises:
            RetriableError: The services answer so slowly that no look is fresh when it is done.
        """
        for _ in range(LOOKS):
            if changes.empty:
                return changes, people
            self._looks.clear()
            moved = self._moved(str(changes["object"].iloc[0]), people.loc[sorted(changes["person"].unique())])
            if len(moved):
                settle = _hold_to_plan if self.approved else _replan
                changes, people = recheck(self.reading, changes, people, moved, self.keep, settle)
            if self._is_fresh(min(self._looks)):
                return changes, people
        raise RetriableError(
            f"The services answer so slowly that what they say is old after {LOOKS} looks. Nothing more is written. "
            "The task tries again."
        )

    def _is_fresh(self, asked: datetime) -> bool:
        return self.reading.ports.now() - asked <= FRESH_FOR

    def _moved(self, name: str, persons: pd.DataFrame) -> pd.Index:
        moved = self._contacts_moved(persons) | self._records_moved(name, persons)
        if self.approved:
            moved |= self._heard_of(name, persons)
        return moved.index[moved]

    def _heard_of(self, name: str, persons: pd.DataFrame) -> pd.Series:
        """Say of whom the ledger has heard since they were read: other runs work while a question waits."""
        heard = self.reading.unread([name])
        ids = {side: persons[f"{side}_id"] for side in (SALESFORCE, SALESMANAGO)}
        return among(ids[SALESFORCE], heard["salesforce_id"]) | among(ids[SALESMANAGO], heard["salesmanago_id"])

    def _contacts_moved(self, persons: pd.DataFrame) -> pd.Series:
        """Say whose contact moved, or to whose address somebody made one."""
        feed, ids = self._feed(SALESMANAGO), persons["salesmanago_id"]
        addresses = _addresses(persons).where(ids.isna())
        new = list(addresses.dropna())
        if feed is None:
            return self._are_other(ids, addresses, set(ids.dropna()), spellings(new))
        told = set(ids.dropna()) & set(feed.stamps)
        return self._are_other(ids, addresses, told.union(*(feed.emails.get(address, ()) for address in new)), [])

    def _are_other(self, ids: pd.Series, addresses: pd.Series, named: set[str], wanted: list[str]) -> pd.Series:
        """Look up contacts and say whose are not as they were read: a feed tells of one for long, and of our writes.

        Args:
            ids: The contact of each person.
            addresses: The address of each person who has none.
            named: Which contacts to look up by id.
            wanted: Which to look up by address.
        """
        if not named and not wanted:
            return pd.Series(False, index=ids.index)
        self._looks.append(self.reading.ports.now())
        service = self.reading.ports.salesmanago
        pages = [*service.cards(sorted(named)), *(service.cards_by_email(wanted) if wanted else ())]
        contacts = self.reading.contact_frame([card for page in pages for card in page])
        before, now = (_rows_by_id(frame, contacts.columns) for frame in (self.reading.contacts, contacts))
        other = {name for name in named | set(now) if name not in now or now[name] != before.get(name)}
        taken = normalise_email(contacts.loc[contacts["contactId"].isin(list(other)), "email"]).dropna()
        return ids.isin(list(other)) | addresses.isin(list(taken))

    def _records_moved(self, name: str, persons: pd.DataFrame) -> pd.Series:
        """Say whose record moved, or to whose address somebody made one, in any object."""
        moved = self._of_object(name, persons["salesforce_id"])
        new = persons["salesforce_id"].isna()
        for other in self.reading.sources if new.any() else ():
            feed, known = self._feed(other), set(self.reading.records[other]["Id"])
            if feed is None:
                return moved | new
            strangers = [address for address, ids in feed.emails.items() if ids - known]
            moved |= new & _addresses(persons).isin(strangers)
        return moved

    def _of_object(self, name: str, ids: pd.Series) -> pd.Series:
        feed = self._feed(name)
        stamps = self._ask_for(name, ids.dropna()) if feed is None else feed.stamps
        told = _looked_up(pd.Series(stamps, dtype="datetime64[us, UTC]"), ids)
        before = self.reading.records[name].drop_duplicates("Id").set_index("Id")["SystemModstamp"]
        other = ids.isin(list(stamps)) & told.ne(_looked_up(before, ids))
        # Where many moved, those who are gone for good are told by their absence.
        other |= ids.notna() & ~ids.isin(list(stamps)) if feed is None else False
        return other & ~self._by_us(ids[other], told).reindex(ids.index, fill_value=False)

    def _by_us(self, ids: pd.Series, told: pd.Series) -> pd.Series:
        """Say whose record has not moved since our own last write to it, which another run may have made meanwhile."""
        if self.approved:
            return pd.Series(False, index=ids.index)
        bound = self.reading.ports.ledger.bindings(salesforce_ids=ids)
        written = bound.set_index("salesforce_id")["salesforce_written_at"]
        return (told[ids.index] <= _looked_up(written, ids)).fillna(False).astype("bool")

    def _ask_for(self, name: str, ids: pd.Series) -> dict[str, pd.Timestamp | None]:
        source = self.reading.sources[name]
        self._looks.append(self.reading.ports.now())
        # Who is told of without a readable id counts as gone, and is read again.
        rows = _with_ids(self.reading.ports.salesforce.stamps(source.mapping.sobject, ids))
        return dict(zip((row["Id"] for row in rows), _stamps(rows), strict=True))

    def _feed(self, key: str) -> _Feed | None:
        """Give what a service told since the run had read, asked anew where that is old; none if it was too much."""
        feed = self._feeds.setdefault(key, _Feed(self.since, self.asked))
        now = self.reading.ports.now()
        if feed.whole and feed.stale(now):
            begin = feed.since + self._ahead(key) - self.reading.ports.settings.settle
            feed.since = feed.asked = now
            ask = self._ask_salesmanago if key == SALESMANAGO else partial(self._ask_salesforce, key)
            feed.whole = ask(feed, begin)
        if not feed.whole or feed.asked is None:
            return None
        self._looks.append(feed.asked)
        return feed

    def _ahead(self, key: str) -> timedelta:
        """How far the clock of a service is ahead of the local one."""
        name = SALESMANAGO if key == SALESMANAGO else SALESFORCE
        if name not in self._clocks:
            ports = self.reading.ports
            side = ports.salesmanago if name == SALESMANAGO else ports.salesforce
            self._clocks[name] = side.server_time() - ports.now()
        return self._clocks[name]

    def _ask_salesmanago(self, feed: _Feed, begin: datetime) -> bool:
        # Beyond the present: the clocks of two machines are never quite the same.
        until = self.reading.ports.now() + self._ahead(SALESMANAGO) + timedelta(hours=1)
        items, whole = self.reading.ports.salesmanago.moved(begin, until, MOST_PAGES)
        named = [(name, item) for item in items if (name := contact_id(item)) is not None]
        emails = normalise_email(text_series(_text(item.get("email")) for _, item in named))
        feed.take([name for name, _ in named], [None] * len(named), emails)
        return whole

    def _ask_salesforce(self, name: str, feed: _Feed, begin: datetime) -> bool:
        source = self.reading.sources[name]
        rows = self.reading.ports.salesforce.moved(source.mapping.sobject, begin, source.email_field, MOST_RECORDS)
        named = _with_ids(rows)
        emails = normalise_email(text_series(_text(row.get(source.email_field)) for row in named))
        feed.take([row["Id"] for row in named], _stamps(named), emails)
        return len(rows) < MOST_RECORDS and len(named) == len(rows)


def _rows_by_id(contacts: pd.DataFrame, columns: pd.Index) -> dict[str, tuple[Any, ...]]:
    """Give each contact as texts that can be compared."""
    texts = (
        contacts.reindex(columns=columns).astype("object").map(lambda value: repr(value) if _is_there(value) else "")
    )
    return dict(zip(map(str, contacts["contactId"]), texts.itertuples(index=False, name=None), strict=True))


def _is_there(value: Any) -> bool:
    return not pd.api.types.is_scalar(value) or bool(pd.notna(value))


def _looked_up(moments: pd.Series, ids: pd.Series) -> pd.Series:
    return moments.reindex(ids).set_axis(ids.index)


def _with_ids(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if isinstance(row.get("Id"), str)]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _stamps(rows: Iterable[Any]) -> pd.Series:
    """Read clocks; one that cannot be read is another one than any before, so that its record is read again."""
    texts = pd.Series([_text(row.get("SystemModstamp")) for row in rows], dtype=TEXT)
    return pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce").astype("datetime64[us, UTC]")


def _addresses(persons: pd.DataFrame) -> pd.Series:
    return normalise_email(persons["email"])


def recheck(
    reading: Reading,
    changes: pd.DataFrame,
    people: pd.DataFrame,
    moved: pd.Index,
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda changes: changes,
    settle: Settle | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read some people of a request again, and merge them again, by value.

    Args:
        reading: What was read; it learns the newer values.
        changes: The planned changes of one object in one direction.
        people: The people frame.
        moved: Whom to look at.
        keep: Which changes of the newer plan are written, and how.
        settle: Tells the ledger what becomes of the planned changes; where nothing is given, newer ones take their
            place.

    Returns:
        The changes as they should be now, and the people frame with the newer clocks.
    """
    persons, theirs = people.loc[moved], changes[changes["person"].isin(moved)]
    name, direction = str(changes["object"].iloc[0]), str(changes["direction"].iloc[0])
    again = plan_of(_read_again(reading, name, persons), [name], direction)
    numbers = _numbers(again.people, persons)
    newer = keep(again.changes[again.changes["lane"].isin(changes["lane"].unique())])
    newer = newer.assign(person=newer["person"].map(numbers)).dropna(subset=["person"]).astype({"person": "int64"})
    newer = newer[~_removals_of_moved(newer, persons, again, numbers)]
    ended = _ended(persons, again, numbers)
    newer = newer[~newer["person"].isin(ended)]
    others = changes[~changes["person"].isin(moved)]
    settled = (settle or _replan)(reading, theirs, newer, ended)
    fresh = pd.concat([others, settled], ignore_index=True)
    return fresh, _with_newer(people, again.people, numbers)


def _replan(reading: Reading, before: pd.DataFrame, newer: pd.DataFrame, ended: pd.Index) -> pd.DataFrame:
    """Tell the ledger for whom something else is written now than was planned, and give what is written."""
    ports = reading.ports
    gone = before[before["person"].isin(ended)]
    if len(gone):
        ports.ledger.settle_changes(ports.run.id, gone.assign(state="failed", reason=RECORD_GONE))
    left = before[~before["person"].isin(ended)]
    both = left[AS_SENT].merge(newer[AS_SENT], on=AS_SENT, how="outer", indicator=True)
    other = set(both.loc[both["_merge"].ne("both"), "person"])
    old, new = left[left["person"].isin(other)], newer[newer["person"].isin(other)]
    # The same decision has the reason that it had: our own opt-out of a record is not why its contact is opted out.
    before_it = new[SAME].merge(left[[*SAME, "rule"]].drop_duplicates(SAME), on=SAME, how="left")["rule"]
    new = new.assign(rule=before_it.set_axis(new.index).fillna(new["rule"]).astype(TEXT))
    if other:
        ports.ledger.replan_changes(ports.run.id, old.assign(reason=MOVED), new, ports.now())
    # Who moved without a difference is written as planned, and for the same reason.
    return pd.concat([left[~left["person"].isin(other)], new])


def _hold_to_plan(reading: Reading, before: pd.DataFrame, newer: pd.DataFrame, ended: pd.Index) -> pd.DataFrame:
    """Leave to the next run what is no longer as it was approved; nothing takes its place."""
    now = newer[AS_APPROVED].fillna("").drop_duplicates()
    same = before[AS_APPROVED].fillna("").merge(now, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    # Nobody is created with a part of what was approved.
    as_whole = pd.Series(same, index=before.index).groupby(before["person"]).transform("all")
    held = same & (before["action"].ne("create") | as_whole)
    left = before[~held].assign(state=LEFT, reason=MOVED)
    reading.ports.ledger.settle_changes(reading.ports.run.id, left)
    return before[held]


def _ended(persons: pd.DataFrame, again: Plan, numbers: pd.Series) -> pd.Index:
    """Name those whose record was converted, merged or deleted: they are followed once everything is written."""
    now = again.people.loc[numbers.index].set_axis(pd.Index(numbers), axis=0)
    now = now[~now.index.duplicated()].reindex(persons.index)
    elsewhere = persons["salesforce_id"].isin(again.moves["from_salesforce_id"].dropna())
    bound = persons["status"].eq(PAIR) & persons["salesforce_id"].notna()
    return persons.index[bound & (now["status"].isna() | now["reason"].isin(ENDS) | elsewhere)]


def _removals_of_moved(newer: pd.DataFrame, persons: pd.DataFrame, again: Plan, numbers: pd.Series) -> pd.Series:
    """Point out removals of people whose record or contact was touched: whoever did so did not want them gone.

    What a policy owes stays with the binding, and the next run looks again.
    """
    clocks = ["salesforce_seen", "salesmanago_seen"]
    now = again.people.loc[numbers.index, clocks].set_axis(pd.Index(numbers), axis=0)
    now = now[~now.index.duplicated()].reindex(persons.index)
    same = pd.Series(True, index=persons.index)
    for clock in clocks:
        same &= now[clock].eq(persons[clock]) | (now[clock].isna() & persons[clock].isna())
    return newer["lane"].eq(DELETE) & newer["person"].isin(persons.index[~same])


def _read_again(reading: Reading, name: str, persons: pd.DataFrame) -> Reading:
    # As an incremental run: a full one would read everybody.
    ports = replace(reading.ports, run=reading.ports.run.model_copy(update={"mode": "incremental"}))
    newer = Reading(ports, reading.sources)
    newer.fetch_records(name, persons["salesforce_id"].dropna(), in_scope=True)
    newer.fetch_contacts(persons["salesmanago_id"].dropna(), in_scope=True)
    newcomers = persons[persons["salesforce_id"].isna() | persons["salesmanago_id"].isna()]
    newer.find_records(newcomers["email"].dropna(), in_scope=False)
    newer.find_contacts(newcomers["email"].dropna(), in_scope=False)
    add_counterparts(newer, [name])
    read_news(newer, [name])
    if len(newer.unread([name])):
        raise RetriableError("Somebody else works on the same people at this moment. The task tries again.")
    for key, frame in newer.records.items():
        reading.records[key] = _updated(reading.records[key], frame, "Id")
    reading.contacts = _updated(reading.contacts, newer.contacts, "contactId")
    return newer


def _updated(known: pd.DataFrame, newer: pd.DataFrame, key: str) -> pd.DataFrame:
    if newer.empty:
        return known
    return pd.concat([known[~known[key].isin(newer[key])], newer], ignore_index=True)


def _numbers(again: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    """Say which person of the plan each person of the newer plan is."""
    found = pd.Series(pd.NA, index=again.index, dtype="Int64")
    for key in ("salesforce_id", "salesmanago_id"):
        known = persons.dropna(subset=[key])
        found = found.fillna(again[key].map(pd.Series(known.index, index=known[key], dtype="Int64")))
    return found.dropna().astype("int64")


def _with_newer(people: pd.DataFrame, again: pd.DataFrame, numbers: pd.Series) -> pd.DataFrame:
    newer = again.loc[numbers.index].set_axis(pd.Index(numbers, name="person"))
    newer = newer[~newer.index.duplicated()]
    return pd.concat([people.drop(index=newer.index), newer]).sort_index()
