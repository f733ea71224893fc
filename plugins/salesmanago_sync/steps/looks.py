"""Looks: both services asked who of some people moved since they were read.

One call to each feed, and not one a person. All that can be asked at once is asked at once: what counts is when the
oldest of it was asked, and a service may take seconds for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd

from salesmanago_sync.clients.salesmanago_ids import contact_id
from salesmanago_sync.domain.converters.email import normalise_email, spellings
from salesmanago_sync.domain.frames import TEXT, among, looked_up, text_series, texts_of
from salesmanago_sync.domain.merge.merge import TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import OPT_OUTS
from salesmanago_sync.domain.merge.pairs import SALESMANAGO_CLOCK
from salesmanago_sync.steps.clocks import ahead
from salesmanago_sync.steps.reading import SALESFORCE, SALESMANAGO, Reading

# The answer of a feed serves for so long.
FRESH_FOR = timedelta(seconds=7)
# So much of a feed is read at most; where it is longer, the people of each request are asked for by id.
MOST_RECORDS = 2_000
MOST_PAGES = 20
Stamps = dict[str, pd.Timestamp | None]


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
    stamps: Stamps = field(default_factory=dict)
    emails: dict[str, set[str]] = field(default_factory=dict)
    whole: bool = True

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be asked anew."""
        return self.whole and (self.asked is None or now - self.asked > FRESH_FOR)

    def take(self, ids: Iterable[str], stamps: Iterable[pd.Timestamp | None], emails: pd.Series) -> None:
        """Remember what it told."""
        for identifier, stamp, email in zip(ids, stamps, emails, strict=True):
            self.stamps[identifier] = stamp
            if pd.notna(email):
                self.emails.setdefault(str(email), set()).add(identifier)


@dataclass(slots=True)
class _Answers:
    """What was asked of people in one look.

    Attributes:
        ids: The contacts that were asked for by id.
        emails: The addresses of contacts that were asked for.
        cards: The contacts that came.
        stamps: When records moved last, where they were asked for by id.
    """

    ids: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    cards: list[Any] = field(default_factory=list)
    stamps: Stamps | None = None


@dataclass(slots=True)
class Looks:
    """Looks at the people of one request after the other.

    Attributes:
        reading: What was read.
        since: When the oldest part of it was read.
        asked: When both services were asked last; the reading itself, where it has just been made.
        approved: Whether people are to be as a person has seen them, whoever changed them since.
        asked_at: When the oldest answer that the last look rests on was asked for.
    """

    reading: Reading
    since: datetime
    asked: datetime | None = None
    approved: bool = False
    asked_at: datetime | None = None
    _feeds: dict[str, _Feed] = field(default_factory=dict)

    def moved(self, name: str, persons: pd.DataFrame) -> pd.Index:
        """Say who moved since they were read: their record or contact, or somebody made one of their address.

        Args:
            name: The object.
            persons: Some people of it.
        """
        new = persons["salesforce_id"].isna()
        others = list(self.reading.sources) if new.any() else []
        answers = self._ask(name, list(dict.fromkeys([SALESMANAGO, name, *others])), persons)
        moved = self._contacts_moved(persons, answers)
        moved |= self._records_moved(name, persons["salesforce_id"], answers.stamps)
        if self.approved:
            moved |= self._heard_of(name, persons)
        for other in others:
            moved |= new & self._is_made(other, persons)
        return moved.index[moved]

    # -- what is asked

    def _ask(self, name: str, keys: Sequence[str], persons: pd.DataFrame) -> _Answers:
        """Ask the feeds that are due, and at the same time for the people of whom they have told before."""
        due = [key for key in keys if self._feed(key).is_due(self.reading.ports.now())]
        if due:
            # Each thread would log in by itself.
            self.reading.ports.salesforce.log_in()
        answers, begun = _Answers(), self.reading.ports.now()
        self._at_once([*(partial(self._ask_feed, key) for key in due), *self._questions(name, persons, answers)])
        # Of whom they have told only now, and everybody where a feed has turned out to be long.
        self._at_once(self._questions(name, persons, answers))
        asked = [feed.asked for key in keys if (feed := self._feed(key)).whole and feed.asked is not None]
        self.asked_at = min([begun, *asked])
        return answers

    def _at_once(self, asks: Sequence[Callable[[], None]]) -> None:
        if asks:
            self.reading.ports.at_once(asks)

    def _questions(self, name: str, persons: pd.DataFrame, answers: _Answers) -> list[Callable[[], None]]:
        """Give what is to be asked of people and was not yet."""
        found: list[Callable[[], None]] = []
        ids, emails = self._named(persons)
        ids, emails = ids - answers.ids, emails - answers.emails
        if ids or emails:
            answers.ids |= ids
            answers.emails |= emails
            found.append(partial(self._ask_cards, sorted(ids), sorted(emails), answers))
        if answers.stamps is None and not self._feed(name).whole:
            answers.stamps = {}
            found.append(partial(self._ask_stamps, name, persons["salesforce_id"].dropna(), answers.stamps))
        return found

    def _named(self, persons: pd.DataFrame) -> tuple[set[str], set[str]]:
        """Name the contacts to look up: by id, and by address for those who have none yet."""
        feed, ids = self._feed(SALESMANAGO), set(texts_of(persons["salesmanago_id"].dropna()))
        new = set(texts_of(_new_addresses(persons).dropna()))
        if not feed.whole:
            return ids, set(spellings(new))
        told = set(feed.stamps)
        return (ids & told).union(*(feed.emails.get(address, ()) for address in new)), set()

    def _ask_cards(self, ids: list[str], emails: list[str], answers: _Answers) -> None:
        service = self.reading.ports.salesmanago
        pages = [*service.cards(ids), *(service.cards_by_email(emails) if emails else ())]
        answers.cards += [card for page in pages for card in page]

    def _ask_stamps(self, name: str, ids: pd.Series, stamps: Stamps) -> None:
        # Who is told of without a readable id counts as gone, and is read again.
        rows = _with_ids(self.reading.ports.salesforce.stamps(self.reading.sources[name].mapping.sobject, ids))
        stamps.update(zip((row["Id"] for row in rows), _stamps(rows), strict=True))

    # -- feeds

    def _feed(self, key: str) -> _Feed:
        return self._feeds.setdefault(key, _Feed(self.since, self.asked))

    def _ask_feed(self, key: str) -> None:
        """Ask a feed what moved since it was asked last."""
        feed, ports = self._feed(key), self.reading.ports
        begin = feed.since + ahead(ports, _side(key)) - ports.settings.settle
        feed.since = feed.asked = self.reading.ports.now()
        feed.whole = (
            self._ask_salesmanago(feed, begin) if key == SALESMANAGO else self._ask_salesforce(key, feed, begin)
        )

    def _ask_salesmanago(self, feed: _Feed, begin: datetime) -> bool:
        # Beyond the present: the clocks of two machines are never quite the same.
        until = self.reading.ports.now() + ahead(self.reading.ports, SALESMANAGO) + timedelta(hours=1)
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

    # -- what it says

    def _contacts_moved(self, persons: pd.DataFrame, answers: _Answers) -> pd.Series:
        """Say whose contacts are not as they were read: a feed tells of one for long, and of our writes."""
        ids, addresses = persons["salesmanago_id"], _new_addresses(persons)
        if not answers.ids and not answers.emails:
            return pd.Series(False, index=ids.index)
        contacts = self.reading.contact_frame(answers.cards)
        told = pd.concat([contacts["contactId"], text_series(answers.ids)])
        read = self.reading.contacts[among(self.reading.contacts["contactId"], told)]
        before, now = (_rows_by_id(frame, contacts.columns) for frame in (read, contacts))
        other = {name for name in answers.ids | set(now) if name not in now or now[name] != before.get(name)}
        if other and not self.approved:
            told_by_us = self._opted_out_by_us(persons)
            other -= {
                name
                for name in other & told_by_us.keys() & before.keys() & now.keys()
                if _differ_by(told_by_us[name], contacts.columns, before[name], now[name])
            }
        taken = normalise_email(contacts.loc[contacts["contactId"].isin(list(other)), "email"]).dropna()
        return ids.isin(list(other)) | addresses.isin(list(taken))

    def _opted_out_by_us(self, persons: pd.DataFrame) -> dict[str, set[str]]:
        """Name the opt-outs that this run has written already, by contact: they go first, and alone."""
        ports = self.reading.ports
        columns = ["salesmanago_id", "field", "direction", "new"]
        done = ports.ledger.changes.read_of(ports.run.id, persons, columns, state="done")
        ours = done[done["field"].isin(OPT_OUTS) & done["direction"].eq(TO_SALESMANAGO) & done["new"].eq("true")]
        found: dict[str, set[str]] = {}
        for name, key in zip(texts_of(ours["salesmanago_id"]), texts_of(ours["field"]), strict=True):
            found.setdefault(name, set()).add(key)
        return found

    def _records_moved(self, name: str, ids: pd.Series, asked: Stamps | None) -> pd.Series:
        """Say whose record moved, and not by our own last write."""
        stamps = self._feed(name).stamps if asked is None else asked
        told = _looked_up(pd.Series(stamps, dtype="datetime64[us, UTC]"), ids)
        before = looked_up(self.reading.records[name], "Id", "SystemModstamp", ids)
        other = ids.isin(list(stamps)) & told.ne(before)
        # Where many moved, those who are gone for good are told by their absence.
        other |= ids.notna() & ~ids.isin(list(stamps)) if asked is not None else False
        return other & ~self._by_us(ids[other], told).reindex(ids.index, fill_value=False)

    def _heard_of(self, name: str, persons: pd.DataFrame) -> pd.Series:
        """Say of whom the ledger has heard since they were read: other runs work while a question waits."""
        heard = self.reading.unread([name])
        ids = {side: persons[f"{side}_id"] for side in (SALESFORCE, SALESMANAGO)}
        return among(ids[SALESFORCE], heard["salesforce_id"]) | among(ids[SALESMANAGO], heard["salesmanago_id"])

    def _by_us(self, ids: pd.Series, told: pd.Series) -> pd.Series:
        """Say whose record has not moved since our own last write to it, which another run may have made meanwhile."""
        if self.approved:
            return pd.Series(False, index=ids.index)
        bound = self.reading.ports.ledger.bindings.read(salesforce_ids=ids)
        written = bound.set_index("salesforce_id")["salesforce_written_at"]
        return (told[ids.index] <= _looked_up(written, ids)).fillna(False).astype("bool")

    def _is_made(self, name: str, persons: pd.DataFrame) -> pd.Series:
        """Say to whose address somebody may have made a record of an object."""
        feed, known = self._feed(name), set(texts_of(self.reading.records[name]["Id"]))
        if not feed.whole:
            return pd.Series(True, index=persons.index)
        strangers = [address for address, ids in feed.emails.items() if ids - known]
        return normalise_email(persons["email"]).isin(strangers)


def _side(key: str) -> str:
    """Name the service of a feed: it has one for each object, or one for contacts."""
    return SALESMANAGO if key == SALESMANAGO else SALESFORCE


def _new_addresses(persons: pd.DataFrame) -> pd.Series:
    """The addresses of those who have no contact yet."""
    return normalise_email(persons["email"]).where(persons["salesmanago_id"].isna())


def _rows_by_id(contacts: pd.DataFrame, columns: pd.Index) -> dict[str, tuple[Any, ...]]:
    """Give each contact as texts that can be compared."""
    texts = (
        contacts.reindex(columns=columns).astype("object").map(lambda value: repr(value) if _is_there(value) else "")
    )
    return dict(zip(map(str, contacts["contactId"]), texts.itertuples(index=False, name=None), strict=True))


def _differ_by(flags: set[str], columns: Iterable[str], before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    """Tell whether a contact is as it was, but for some opt-outs and the clock that goes with them."""
    other = {key: new for key, old, new in zip(columns, before, now, strict=True) if old != new}
    other.pop(SALESMANAGO_CLOCK, None)
    return other.keys() <= flags and all(new == repr("true") for new in other.values())


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
