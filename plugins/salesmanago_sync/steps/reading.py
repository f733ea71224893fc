"""Reading: the records and contacts that a run knows of, and how more of them are looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from salesmanago_sync.domain.converters.email import addresses_in, normalise_email, spellings
from salesmanago_sync.domain.criteria.language import fields_of
from salesmanago_sync.domain.criteria.soql import to_soql
from salesmanago_sync.domain.frames import (
    TEXT,
    among,
    is_id,
    salesforce_frame,
    salesmanago_frame,
    text_series,
    texts_of,
)
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.mapping_files.stand_ins import StandIns
from salesmanago_sync.domain.merge.choices import CHOICES
from salesmanago_sync.domain.merge.owed import OPT_OUTS
from salesmanago_sync.domain.org.schema import Schema, criteria_types, fit, read_fields
from salesmanago_sync.domain.people.identities import ObjectInput, is_true
from salesmanago_sync.domain.people.sightings import UNREAD, newest, of_side, sightings, standing
from salesmanago_sync.domain.people.succession import successors
from salesmanago_sync.domain.people.witness import OBJECTS, sobject_of, witness
from salesmanago_sync.domain.salesmanago_fields import DETAIL
from salesmanago_sync.steps.pages import Pages
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import checked
from salesmanago_sync.steps.snapshot import mappings_of_run, staged_schema

SALESFORCE, SALESMANAGO = "salesforce", "salesmanago"
# What says who is bound to whom, and how they stand.
WHO = ("id", "object", "salesforce_id", "salesmanago_id", "status", "email", "updated_at")
# Beside the names of objects.
CONTACTS = "contacts"
# How the ids of each object begin (Salesforce: standard key prefixes).
KEY_PREFIX = {"Lead": "00Q", "Contact": "003", "PersonAccount": "001"}
# So often people are read again whom somebody else works on at the same time.
TRIES = 3
# So many cards are laid out at a time: some ten megabytes of them, as they came.
CARDS_IN_A_FRAME = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """One object: where its records are and what of them is read.

    Attributes:
        mapping: Its mapping.
        schema: What describe said.
    """

    mapping: Mapping
    schema: Schema

    def __post_init__(self) -> None:
        """Let the mapping write what this org calls each country."""
        fit(self.mapping, self.schema)

    @property
    def fields(self) -> list[str]:
        """The columns to select."""
        return read_fields(self.mapping, self.schema)

    @property
    def kind(self) -> str:
        """The condition that tells people of this object from others of the same sObject."""
        if not self.schema.has_person_accounts or self.mapping.object == "Lead":
            return ""
        return "IsPersonAccount = true" if self.mapping.object == "PersonAccount" else "IsPersonAccount = false"

    def condition(self, now: datetime, further: str = "") -> str:
        """Write in SOQL which records meet the criteria.

        Args:
            now: The moment that relative days are counted from.
            further: A condition in parentheses that they must meet too.
        """
        criterion = self.mapping.criteria.salesforce
        types = criteria_types(self.mapping, self.schema)
        written = "" if criterion is None else to_soql(criterion, types, now)
        return " AND ".join(filter(None, [self.kind, written, further]))

    @property
    def opt_outs(self) -> list[str]:
        """The mapped fields that say who has opted out, as far as they can be read."""
        lines = [self.mapping.line(key) for key in OPT_OUTS]
        return [line.salesforce[0] for line in lines if line is not None and self.schema.has(line.salesforce[0])]

    @property
    def opted_out(self) -> str:
        """The condition that tells people of this object who have opted out; empty where nobody can see it."""
        flags = [f"{field} = true" for field in self.opt_outs if self.schema.fields[field].filterable]
        return " AND ".join(filter(None, [self.kind, f"({' OR '.join(flags)})"])) if flags else ""

    def is_of_kind(self, row: Dictionary[str, Any]) -> bool:
        """Tell whether a row is a person of this object; looked up by id, it may be another of the same sObject."""
        wanted = {"PersonAccount": True, "Contact": False}.get(self.mapping.object)
        kind = row.get("IsPersonAccount")
        # One that cannot be read may be either: not to count it would mean that it was deleted.
        readable = isinstance(kind, bool) and self.schema.has_person_accounts
        return wanted is None or not readable or kind is wanted

    @property
    def email_field(self) -> str:
        """The Salesforce field that holds the address."""
        return self.mapping.email_line.salesforce[0]


def sources(ports: Ports, objects: Sequence[str]) -> dict[str, Source]:
    """Load the mappings of some objects, with the schema that the preflight staged."""
    mappings = [mapping for mapping in mappings_of_run(ports) if mapping.object in objects]
    return {mapping.object: Source(mapping, staged_schema(ports, mapping.sobject)) for mapping in mappings}


def witnesses(ports: Ports) -> dict[str, Source]:
    """Give the objects that are not synchronised, and whose opt-outs count."""
    found: dict[str, Source] = {}
    for name in OBJECTS:
        if name in checked(ports).witnesses:
            schema = staged_schema(ports, sobject_of(name))
            mapping = witness(name, schema)
            if mapping is not None:
                found[name] = Source(mapping, schema)
    return found


def details(mappings: Iterable[Mapping]) -> list[str]:
    """Name every standard detail that the mappings read."""
    keys: set[str] = set()
    for mapping in mappings:
        keys |= {line.key for line in mapping.lines}
        create = mapping.create.in_salesforce
        for criterion in (mapping.criteria.salesmanago, None if isinstance(create, bool) else create):
            keys |= fields_of(criterion) if criterion is not None else set()
    return sorted(key.removeprefix(DETAIL) for key in keys if key.startswith(DETAIL))


@dataclass(slots=True)
class Reading:
    """What was read so far.

    Attributes:
        ports: What it is read with.
        sources: The objects.
        records: For each object a Salesforce frame with the flag `in_scope`.
        contacts: A SALESmanago frame with the flag `in_scope`.
        testimony: For each object that is not synchronised, records that have an address of somebody who was read, as
            far as anybody of it is opted out.
        pages: For each object, and for contacts, where whole rows go; then only the columns of `links` are kept.
        links: These columns, likewise.
        dropped: Likewise, ids whose rows were thrown away to be asked for once more.
    """

    ports: Ports
    sources: dict[str, Source]
    records: dict[str, pd.DataFrame] = field(default_factory=dict)
    contacts: pd.DataFrame = field(default_factory=pd.DataFrame)
    _seen: list[pd.DataFrame] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)
    testimony: dict[str, pd.DataFrame] = field(default_factory=dict)
    pages: dict[str, Pages] = field(default_factory=dict)
    links: Dictionary[str, Sequence[str]] = field(default_factory=dict)
    dropped: dict[str, set[str]] = field(default_factory=dict)
    _newest: pd.DataFrame | None = None
    _bound: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        for part in self._seen:
            self._asked |= set(texts_of(part.loc[part["by_id"], "id"]))
        for name, source in self.sources.items():
            if name not in self.records:
                nobody = flagged(salesforce_frame([], source.fields), in_scope=True)
                self.records[name] = self._kept(name, nobody)
        if "contactId" not in self.contacts:
            self.contacts = self._kept(CONTACTS, self.card_frame([], in_scope=True))

    @property
    def is_empty(self) -> bool:
        """Whether there is nobody, and nobody is missing."""
        found = [self.contacts, *self.records.values(), self._missing(SALESFORCE), self._missing(SALESMANAGO)]
        return all(frame.empty for frame in found)

    def of(self, name: str) -> pd.DataFrame:
        """Give the records of an object, or the contacts."""
        return self.contacts if name == CONTACTS else self.records[name]

    def of_people(self, people: pd.DataFrame) -> Reading:
        """Keep the records and contacts of some people, and when they were read.

        Args:
            people: A people frame.
        """
        ids = pd.concat([people["salesforce_id"], people["salesmanago_id"]]).dropna()
        mine = {name: _rows(frame, "Id", ids) for name, frame in self.records.items()}
        seen = _rows(self.seen(), "id", ids)
        return Reading(self.ports, self.sources, mine, _rows(self.contacts, "contactId", ids), [seen])

    def record_frame(self, name: str, rows: Sequence[Dictionary[str, Any]], *, in_scope: bool) -> pd.DataFrame:
        """Lay out records with the flag `in_scope`."""
        return flagged(salesforce_frame(rows, self.sources[name].fields), in_scope=in_scope)

    def contact_frame(self, cards: Sequence[Dictionary[str, Any]]) -> pd.DataFrame:
        """Lay out contact cards with every detail that the mappings read."""
        return salesmanago_frame(cards, details(source.mapping for source in self.sources.values()))

    def card_frame(self, cards: Sequence[Dictionary[str, Any]], *, in_scope: bool) -> pd.DataFrame:
        """Lay out contact cards with the flag `in_scope`."""
        return flagged(self.contact_frame(cards), in_scope=in_scope)

    def add_records(self, name: str, rows: Sequence[Dictionary[str, Any]], *, in_scope: bool, at: datetime) -> None:
        """Take records of a list in; what is known already only gains scope.

        Args:
            name: The object.
            rows: The records.
            in_scope: Whether they take part, or only help to recognise people.
            at: When they were asked for.
        """
        self._add(name, [self.record_frame(name, rows, in_scope=in_scope)], at)

    def _add(self, name: str, frames: Iterable[pd.DataFrame], at: datetime) -> None:
        kept = [self._kept(name, frame) for frame in frames if len(frame)]
        if not kept:
            # To put nothing to everybody would copy everybody.
            return
        key, side = key_of(name), side_of(name)
        rows = distinct([self.of(name), *kept], key)
        if name == CONTACTS:
            self.contacts = rows
        else:
            self.records[name] = rows
        self._see(*(sightings(side, frame[key], at, frame[key], by_id=False) for frame in kept))

    def _kept(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Give what is kept of rows that have just been read: all of it, unless whole rows go to pages."""
        if name not in self.pages:
            return frame
        self.pages[name].add(frame)
        return frame[[column for column in frame if column in self.links[name]]]

    def fetch_records(self, name: str, ids: Iterable[str], *, in_scope: bool) -> None:
        """Look up records by id, those that are not known yet."""
        self._ask_for_records(name, self._unknown(ids, self.records[name]["Id"]), in_scope=in_scope)

    def find_records(self, emails: Iterable[str], *, in_scope: bool, objects: Iterable[str] | None = None) -> None:
        """Look up the records of all objects, or of some, that have one of the addresses, however it is spelled."""
        names = list(self.sources if objects is None else objects)
        wanted = spellings(emails) if names else []
        for name in names if wanted else ():
            source = self.sources[name]
            at = self.ports.now()
            rows = self.ports.salesforce.find(
                source.mapping.sobject, source.email_field, wanted, source.fields, source.kind
            )
            self.add_records(name, rows, in_scope=in_scope, at=at)

    def add_opted_out(self, name: str) -> None:
        """Look up the records of an object that are opted out and have the address of somebody who was read."""
        at = self.ports.now()
        self.add_records(name, self._opted_out(self.sources[name]), in_scope=False, at=at)

    def _opted_out(self, source: Source) -> list[dict[str, Any]]:
        """Read everybody of an object who is opted out, and keep those with an address of somebody who was read."""
        wanted, found = self.emails(), list[dict[str, Any]]()
        for page in self._matching(source):
            addresses = normalise_email(text_series(row.get(source.email_field) for row in page))
            found += [row for row, known in zip(page, addresses.isin(wanted), strict=True) if known]
        return found

    def _matching(self, source: Source) -> Iterator[list[dict[str, Any]]]:
        if source.opted_out:
            yield from self.ports.salesforce.matching(source.mapping.sobject, source.fields, source.opted_out)

    def add_testimony(self, *, everybody: bool) -> None:
        """Look up who of an object that is not synchronised has an address of somebody who was read.

        Args:
            everybody: Whether so many were read that it is cheaper to read all who are opted out, and then only their
                namesakes and those of other opt-outs.
        """
        for name, source in witnesses(self.ports).items():
            sobject, fields, out = source.mapping.sobject, source.fields, list[dict[str, Any]]()
            wanted = self.emails()
            if everybody:
                out = self._opted_out(source)
                told = addresses_in(text_series(row.get(source.email_field) for row in out))
                wanted = self.opted_out_emails() | told
            rows = self.ports.salesforce.find(sobject, source.email_field, spellings(wanted), fields, source.kind)
            self.testimony[name] = salesforce_frame([*out, *rows], fields)

    def opted_out_emails(self) -> set[str]:
        """The addresses of everybody who was read and has opted out on any channel."""
        frames = [(self.contacts, "email", list(OPT_OUTS))]
        frames += [(self.records[name], source.email_field, source.opt_outs) for name, source in self.sources.items()]
        found: set[str] = set()
        for frame, email, flags in frames:
            for flag in flags:
                found |= addresses_in(frame.loc[is_true(frame, flag), email])
        return found

    def fetch_contacts(
        self, ids: Iterable[str], *, in_scope: bool, tell: Callable[[int], None] = lambda read: None
    ) -> None:
        """Look up contacts by id, those that are not known yet; tell now and then how many came."""
        missing = self._unknown(ids, self.contacts["contactId"])
        self._ask_for_contacts(missing, in_scope=in_scope, tell=tell)

    def find_contacts(self, emails: Iterable[str], *, in_scope: bool) -> None:
        """Look up contacts by address, however it is spelled."""
        wanted, at = spellings(emails), self.ports.now()
        pages = self.ports.salesmanago.cards_by_email(wanted) if wanted else ()
        self._add(CONTACTS, self._card_frames(pages, in_scope=in_scope), at)

    def read_again(self, records: Dictionary[str, Iterable[str]], contacts: Iterable[str] = ()) -> None:
        """Look up records, by object, and contacts by id, whatever is known of them; they all take part."""
        for name, ids in records.items():
            if wanted := list(dict.fromkeys(ids)):
                self.dropped.setdefault(name, set()).update(wanted)
                self.records[name] = _without(self.records[name], "Id", wanted)
                self._ask_for_records(name, wanted, in_scope=True)
        if wanted := list(dict.fromkeys(contacts)):
            self.dropped.setdefault(CONTACTS, set()).update(wanted)
            self.contacts = _without(self.contacts, "contactId", wanted)
            self._ask_for_contacts(wanted, in_scope=True)

    def _ask_for_records(self, name: str, ids: Sequence[str], *, in_scope: bool) -> None:
        if ids:
            source, at = self.sources[name], self.ports.now()
            rows = self.ports.salesforce.retrieve(source.mapping.sobject, ids, source.fields)
            self.add_records(name, [row for row in rows if source.is_of_kind(row)], in_scope=in_scope, at=at)
            self._note_asked(SALESFORCE, ids, at, (row["Id"] for row in rows))

    def _ask_for_contacts(
        self, ids: Sequence[str], *, in_scope: bool, tell: Callable[[int], None] = lambda read: None
    ) -> None:
        if ids:
            at, frames = self.ports.now(), list[pd.DataFrame]()
            for frame in self._card_frames(self.ports.salesmanago.cards(ids), in_scope=in_scope):
                tell(len(frame))
                frames.append(frame)
            self._add(CONTACTS, frames, at)
            found = [name for frame in frames for name in texts_of(frame["contactId"]) if is_id(name)]
            self._note_asked(SALESMANAGO, ids, at, found)

    def _card_frames(
        self, pages: Iterable[Sequence[Dictionary[str, Any]]], *, in_scope: bool
    ) -> Iterator[pd.DataFrame]:
        """Lay out pages of cards, some of them together: a frame of fifty takes nearly as long as one of a thousand."""
        waiting: list[Dictionary[str, Any]] = []
        for page in pages:
            waiting += page
            if len(waiting) >= CARDS_IN_A_FRAME:
                yield self.card_frame(waiting, in_scope=in_scope)
                waiting = []
        if waiting:
            yield self.card_frame(waiting, in_scope=in_scope)

    def _unknown(self, ids: Iterable[str], known: pd.Series) -> list[str]:
        """Give those ids, each once, that were neither read nor asked for."""
        wanted = pd.Series(ids if isinstance(ids, pd.Series) else list(ids), dtype=TEXT).drop_duplicates()
        return [one for one in texts_of(wanted[~among(wanted, known)]) if one not in self._asked]

    def _note_asked(self, side: str, ids: Sequence[str], at: datetime, found: Iterable[str]) -> None:
        self._asked |= set(ids)
        self._see(sightings(side, ids, at, found, by_id=True))

    def _see(self, *sighted: pd.DataFrame) -> None:
        self._seen += sighted
        self._newest = self._bound = None

    def oldest(self, people: pd.DataFrame) -> datetime:
        """Say when the services were asked for some people, at the earliest; now, where they never were."""
        ids = pd.concat([people["salesforce_id"].dropna(), people["salesmanago_id"].dropna()])
        times = self.seen().loc[among(self.seen()["id"], ids), "at"]
        return self.ports.now() if times.empty else times.min().to_pydatetime()

    def was_asked(self, identifier: str) -> bool:
        """Tell whether a service was asked for this very id."""
        return identifier in self._asked

    def seen(self) -> pd.DataFrame:
        """For whom the services were asked (`domain.people.sightings`)."""
        if self._newest is None:
            self._newest = newest(self._seen)
            self._seen = [self._newest]
        return self._newest

    def inputs(self) -> list[ObjectInput]:
        """Hand the records to the plan."""
        account = checked(self.ports).account_name
        stand_ins = StandIns.of((source.mapping for source in self.sources.values()), account)
        return [
            ObjectInput(source.mapping, source.schema, self.records[name], stand_ins)
            for name, source in self.sources.items()
        ]

    def witness_inputs(self) -> list[ObjectInput]:
        """Hand the opt-outs of objects that are not synchronised to the plan."""
        found = witnesses(self.ports) if self.testimony else {}
        return [ObjectInput(found[name].mapping, found[name].schema, rows) for name, rows in self.testimony.items()]

    def bindings(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the bindings of everybody who was read or is not there, and of the dead who had somebody's address.

        Args:
            columns: Only these of the ledger's table, `id` among them.
        """
        ledger = self.ports.ledger
        ids = pd.concat([self._record_ids(), self._missing(SALESFORCE)], ignore_index=True)
        contacts = pd.concat([self.contacts["contactId"], self._missing(SALESMANAGO)], ignore_index=True)
        if not ledger.bindings.has_tombstones():
            return ledger.bindings.read(salesforce_ids=ids, salesmanago_ids=contacts, columns=columns)
        addresses = self.emails()
        bound = ledger.bindings.read(salesforce_ids=ids, salesmanago_ids=contacts, addresses=addresses, columns=columns)
        gone = ledger.bindings.tombstones(addresses)[list(bound)]
        # A frame without rows may have other dtypes.
        return pd.concat([bound, gone[~gone["id"].isin(bound["id"])]]) if len(gone) else bound

    def who(self) -> pd.DataFrame:
        """Give the ids of `bindings`: read once, until somebody else is read or the ledger is asked for news."""
        if self._bound is None:
            self._bound = self.bindings(WHO)
        return self._bound

    def choices(self) -> pd.DataFrame:
        """Read what was decided about held conflicts of those who were read, as far as they were read after that."""
        ledger = self.ports.ledger
        if not ledger.choices.any_waiting():
            return CHOICES.empty()
        made = ledger.choices.read_waiting(self._record_ids())
        read = self.seen().groupby("id")["at"].max()
        later = [made[f"{side}_id"].map(read) >= made["at"] for side in (SALESFORCE, SALESMANAGO)]
        return made[later[0] & later[1]]

    def _missing(self, side: str) -> pd.Series:
        """Name those that a service was asked for by id, and does not know."""
        seen = self.seen()
        missing: pd.Series = seen.loc[seen["side"].eq(side) & seen["by_id"] & ~seen["found"], "id"]
        return missing

    def _record_ids(self) -> pd.Series:
        return pd.concat([frame["Id"] for frame in self.records.values()], ignore_index=True)

    def unread(self, objects: Sequence[str]) -> pd.DataFrame:
        """Name bound people of some objects of whom a side was not read since the ledger last heard of them.

        Returns:
            Their bindings.
        """
        read = {SALESFORCE: self._record_ids(), SALESMANAGO: self.contacts["contactId"]}
        # The ledger may have heard of somebody since.
        self._bound = None
        bound = self.who()
        here = {side: among(bound[f"{side}_id"], ids) for side, ids in read.items()}
        missed = pd.Series(False, index=bound.index)
        for side, present in here.items():
            mine = of_side(self.seen(), side, bound[f"{side}_id"])
            missed |= standing(mine, present, ~present, bound["updated_at"]).eq(UNREAD)
        return bound[missed & (here[SALESFORCE] | here[SALESMANAGO]) & bound["object"].isin(objects)]

    def emails(self) -> set[str]:
        """The addresses of everybody who was read."""
        found = addresses_in(self.contacts["email"])
        for name, source in self.sources.items():
            found |= addresses_in(self.records[name][source.email_field])
        return found

    def add_successors(self) -> None:
        """Look up the records that carry on where one that was read is converted or merged into another."""
        followed: set[str] = set()
        while True:
            named = successors(
                [ObjectInput(s.mapping, s.schema, self.records[name]) for name, s in self.sources.items()]
            )
            ids = {successor.salesforce_id for some in named.values() for successor in some} - followed
            if not ids:
                return
            followed |= ids
            for name in self.sources:
                mine = [identifier for identifier in sorted(ids) if identifier.startswith(KEY_PREFIX[name])]
                self.fetch_records(name, mine, in_scope=True)


def read_news(reading: Reading, objects: Sequence[str]) -> bool:
    """Read again whoever the ledger heard of after this run had read them; tell whether there was anybody.

    The consent lane works beside every run. Who is still unread after some tries is left to the next run.
    """
    for tried in range(TRIES):
        news = reading.unread(objects)
        if news.empty:
            return tried > 0
        of_objects = {name: news.loc[news["object"].eq(name), "salesforce_id"] for name in objects}
        reading.read_again(of_objects, news["salesmanago_id"])
        reading.add_successors()
    return True


def flagged(frame: pd.DataFrame, *, in_scope: bool) -> pd.DataFrame:
    """Say of rows whether they take part, or only help to recognise people."""
    return frame.assign(in_scope=pd.Series(in_scope, index=frame.index, dtype="bool"))


def key_of(name: str) -> str:
    """Name the column that identifies a record, or a contact."""
    return "contactId" if name == CONTACTS else "Id"


def side_of(name: str) -> str:
    """Name the side of an object's records, or of contacts."""
    return SALESMANAGO if name == CONTACTS else SALESFORCE


def distinct(frames: Iterable[pd.DataFrame], key: str) -> pd.DataFrame:
    """Put rows together in the order of their reading: of one id the last is kept, in scope if any of them was."""
    some = list(frames)
    read = [frame for frame in some if len(frame)]
    if not read:
        return some[0] if some else pd.DataFrame()
    rows = pd.concat(read, ignore_index=True) if len(read) > 1 else read[0].reset_index(drop=True)
    if not rows[key].duplicated().any():
        return rows
    in_scope = rows.groupby(key)["in_scope"].transform("any").astype("bool")
    # The later reading is the truer one.
    return rows.assign(in_scope=in_scope).drop_duplicates(key, keep="last").reset_index(drop=True)


def _rows(frame: pd.DataFrame, key: str, ids: pd.Series) -> pd.DataFrame:
    return frame[among(frame[key], ids)].reset_index(drop=True)


def _without(frame: pd.DataFrame, key: str, ids: Iterable[str]) -> pd.DataFrame:
    return frame[~among(frame[key], set(ids))].reset_index(drop=True)
