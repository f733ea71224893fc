"""Pairs: the people of one object with both sides' canonical values and their base, row by row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.converters.base import as_text
from salesmanago_sync.domain.frames import (
    TEXT,
    aligned,
    are_full_ids,
    either,
    full_ids,
    has_unreadable,
    texts_of,
    unreadable,
)
from salesmanago_sync.domain.mapping_files.card_lines import source_of
from salesmanago_sync.domain.mapping_files.mapping import Mapping
from salesmanago_sync.domain.merge.base import Base, unpack
from salesmanago_sync.domain.merge.canonical import Column, canonical_salesforce, canonical_salesmanago, columns
from salesmanago_sync.domain.merge.choices import CHOICES
from salesmanago_sync.domain.merge.merge import Flags, Sides, same
from salesmanago_sync.domain.org.schema import Schema
from salesmanago_sync.domain.people.identities import ObjectInput, is_true
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, PAIR

SALESFORCE_CLOCK = "LastModifiedDate"
SALESMANAGO_CLOCK = "modifiedOn"
SIDES = ("salesforce", "salesmanago")
ENDED = ("DELETED", "MERGED")
# A contact that the sync creates gets its links and defaults at once; a person comes later.
AT_ONCE = pd.Timedelta(minutes=2)
# Whether somebody takes part could not be read: consent goes on, as for those who are paused.
UNREADABLE_VALUE = "UNREADABLE_VALUE"


@dataclass(frozen=True)
class LostLedger:
    """A ledger that knew more than the present one.

    Attributes:
        synchronised_until: Up to when SALESmanago was synchronised, by its own clock.
        wrote: The spans of time, by the same clock, in which contacts were written since: a run writes after the time
            until which it has read.
    """

    synchronised_until: datetime
    wrote: Sequence[tuple[datetime, datetime]] = ()

    def wrote_last(self, contacts: pd.DataFrame) -> pd.Series:
        """Tell whom the sync has written last: a contact that names a record, and that nobody has edited since.

        It may be another record than the one that it belongs to now, which was converted, merged or replaced.
        """
        if "externalId" not in contacts:
            return pd.Series(False, index=contacts.index)
        edited, created = contacts[SALESMANAGO_CLOCK], contacts["createdOn"]
        untouched = (edited <= self.synchronised_until) | (edited <= created + AT_ONCE)
        for begin, end in self.wrote:
            untouched |= edited.between(begin, end, inclusive="left")
        return (untouched & are_full_ids(full_ids(contacts["externalId"]))).fillna(False).astype(bool)


@dataclass(frozen=True)
class Pairs:
    """People of one object, all frames on the index `person`.

    Attributes:
        mapping: The object's mapping.
        schema: The object's schema.
        people: Their rows of the people frame: pairs, newcomers, and bound people who are paused or have ended.
        records: Their Salesforce records as read; all missing for newcomers from SALESmanago.
        contacts: Their SALESmanago contacts as read; all missing for newcomers from Salesforce.
        a: Canonical Salesforce values.
        m: Canonical SALESmanago values.
        bindings: Their rows of the ledger; all missing for people who are not bound yet.
        base: Their base values.
        known_ids: Every Salesforce Id that the ledger or the reading knows.
        synchronised_until: Up to when SALESmanago was synchronised before this run, by its own clock; or nobody knows.
        default_opt_outs: Whether a contact that nobody edited is opted out by its account's default, as a person said.
        choices: What was decided about held conflicts (`choices.CHOICES`), one row a person and field.
        lost: What is known of a ledger that is not there any more.
    """

    mapping: Mapping
    schema: Schema
    people: pd.DataFrame
    records: pd.DataFrame
    contacts: pd.DataFrame
    a: pd.DataFrame
    m: pd.DataFrame
    bindings: pd.DataFrame
    base: Base
    known_ids: frozenset[str] = frozenset()
    synchronised_until: datetime | None = None
    default_opt_outs: bool | None = None
    choices: pd.DataFrame = field(default_factory=CHOICES.empty)
    lost: LostLedger | None = None

    def is_(self, status: str) -> pd.Series:
        """Where people have a status."""
        return self.people["status"].eq(status)

    @cached_property
    def paired(self) -> pd.Series:
        """Where people are on both sides and take part."""
        return self.is_(PAIR)

    @cached_property
    def paused(self) -> pd.Series:
        """Where bound people no longer meet the criteria."""
        return self.people["reason"].isin(["PAUSED", UNREADABLE_VALUE])

    @cached_property
    def ended(self) -> pd.Series:
        """Where bound people were deleted or merged away: nothing is merged, but something may be owed."""
        return self.people["reason"].isin(ENDED)

    @cached_property
    def away(self) -> pd.Series:
        """Where Salesforce shows no record of the object: nothing is merged, and no policy applies."""
        return self.people["reason"].eq("OUT_OF_OBJECT").fillna(False)

    @cached_property
    def blank(self) -> pd.Series:
        """A text column without values."""
        return pd.Series(None, index=self.people.index, dtype=TEXT)

    def lives(self, side: str) -> pd.Series:
        """Where a side was read and is not deleted."""
        frame, key = (self.records, "Id") if side == "salesforce" else (self.contacts, "contactId")
        gone = is_true(frame, "IsDeleted") | is_true(frame, "IsConverted") | is_true(frame, "deleted")
        return frame[key].notna() & ~gone

    @cached_property
    def _owed(self) -> dict[Any, dict[str, str]]:
        texts = self.bindings["owed"].fillna("{}")
        return {person: json.loads(text) for person, text in texts[texts.ne("{}")].items()}

    @property
    def owed_keys(self) -> list[str]:
        """Everything that is owed to anybody (`domain.merge.owed`)."""
        return sorted({key for keys in self._owed.values() for key in keys})

    def owes(self, key: str) -> pd.Series:
        """Where something is owed."""
        people = [person for person, keys in self._owed.items() if key in keys]
        if not people:
            return self._nobody
        return pd.Series(self.people.index.isin(people), index=self.people.index)

    def why_owed(self, key: str) -> pd.Series:
        """Why it is owed, in words."""
        texts = [self._owed.get(person, {}).get(key) for person in self.people.index]
        return pd.Series(texts, index=self.people.index, dtype=TEXT)

    def columns(self) -> list[Column]:
        """What can be merged: fields that were read on both sides, or are new on one."""
        return [column for column in columns(self.mapping) if column.key in self.a]

    def sides(self, column: Column) -> Sides:
        """Lay out one field for the merge, with echoes of our own writes taken into the base."""
        base_a, base_m, known = self.stored(column.key)
        a, m = self.a[column.key], self._values_of_contacts(column.key)
        if column.kind == "value":
            keeps = not column.rule.propagate_blank
            base_a = self.with_echo(base_a, "salesforce", column.key, known, a, keeps=keeps)
            base_m = self.with_echo(base_m, "salesmanago", column.key, known, m, keeps=keeps)
        if self.ours.any():
            base_a, base_m, known = self._taken_for_base(column, (base_a, base_m, known), a, m)
        sides = Sides(a, m, base_a, base_m, known, self.salesmanago_newer)
        spelled = converter(column.line) if column.kind == "value" else None
        return sides.spelled_alike(spelled.alike) if spelled is not None and spelled.has_spellings else sides

    @cached_property
    def ours(self) -> pd.Series:
        """Where nothing is known of a pair whose contact the sync wrote last: the ledger that knew was lost.

        The contact names the record as its `externalId`, and nobody has edited it since everything was synchronised,
        or, where nobody knows when that was, since moments after it was created. Of a ledger that was lost more is
        known (`LostLedger`); of whom an older copy of it knows, it may be less than there was.
        """
        if self.lost is not None:
            return self.paired & (self.lost.wrote_last(self.contacts) | self.untouched["salesmanago"])
        held = full_ids(self.contacts["externalId"]) if "externalId" in self.contacts else self.blank
        mine = self.paired & self.bindings["id"].isna() & held.eq(self.people["salesforce_id"])
        edited, created = self.contacts[SALESMANAGO_CLOCK], self.contacts["createdOn"]
        still = edited <= (created + AT_ONCE if self.synchronised_until is None else self.synchronised_until)
        return (mine & still).fillna(False).astype(bool)

    def _taken_for_base(
        self, column: Column, base: tuple[pd.Series, pd.Series, pd.Series], a: pd.Series, m: pd.Series
    ) -> tuple[pd.Series, pd.Series, pd.Series]:
        """Let what a contact holds that the sync wrote last be the base: it is what a service made of our own write.

        Salesforce wins where both sides hold a value. An opt-out that only the contact holds is the account's default,
        unless a person says otherwise (`default_opt_outs`): not every account marks a contact as modified that opts
        out. Without a watermark nothing says that the sync ever wrote it: it may be a person's decision.
        """
        base_a, base_m, known = base
        if column.kind == "consent":
            if not self._opted_out_by_default:
                return base
            alone = self.ours & ~known & m.eq("true").fillna(False) & a.ne("true").fillna(True)
            return base_a.mask(alone, a.fillna("false")), base_m.mask(alone, m), known | alone
        if column.rule.direction != "both":
            return base
        both = self.without_base(column.key, a, m) & a.notna().to_numpy() & m.notna().to_numpy()
        return either(both, m, base_a), either(both, m, base_m), known | both

    def without_base(self, key: str, a: pd.Series, m: pd.Series) -> Flags:
        """Where of a contact that the sync wrote last a field has no base, or one that neither side holds any more."""
        base_a, base_m, known = self.stored(key)
        unknown: Flags = self.ours.to_numpy() & ~known.to_numpy(dtype=bool)
        if self.lost is not None:
            older = self.ours & known & ~self.untouched["salesmanago"]
            unknown |= older.to_numpy(dtype=bool) & ~same(base_a, a) & ~same(base_m, m)
        return unknown

    @property
    def _opted_out_by_default(self) -> bool:
        """Whether the account opted them out; unsaid, nothing but a watermark tells that the sync made any."""
        said = self.default_opt_outs
        return self.synchronised_until is not None if said is None else said

    def stored(self, key: str) -> tuple[pd.Series, pd.Series, pd.Series]:
        """The base of one field as the ledger has it: both values, and whether there is one."""
        if key not in self._stored:
            self._stored[key] = self.base.of(key)
        return self._stored[key]

    @cached_property
    def _stored(self) -> dict[str, tuple[pd.Series, pd.Series, pd.Series]]:
        # The same objects each time: what was not changed since need not be compared.
        return {}

    def _values_of_contacts(self, key: str) -> pd.Series:
        if key in self.m:
            return self.m[key]
        return pd.Series(None, index=self.people.index, dtype=TEXT)

    def comparable(self, column: Column) -> pd.Series:
        """Where the field can be merged: it was readable where it was read.

        SALESmanago never shows some fields, which are then sent to newcomers only.
        """
        shown = self._everybody if column.key in self.m else self.is_(CREATE_IN_SALESMANAGO)
        for side in SIDES:
            for odd in (self.unreadable(column, side), self.unlisted(column, side)):
                shown = shown & ~odd if odd is not self._nobody else shown
        return shown

    def unlisted(self, column: Column, side: str) -> pd.Series:
        """Where a side holds a value to which the line's `values` give no name on the other: it is no blank.

        One way, it is none of the values that travel.
        """
        frame, read = (self.records, self.a) if side == "salesforce" else (self.contacts, self.m)
        if column.line.convert != "picklist" or column.rule.direction != "both" or column.key not in read:
            return self._nobody
        name = column.line.salesforce[0] if side == "salesforce" else source_of(column.line.key)
        held: pd.Series = as_text(frame[name]).notna()
        return held & read[column.key].isna()

    @cached_property
    def _everybody(self) -> pd.Series:
        return pd.Series(True, index=self.people.index)

    @cached_property
    def _nobody(self) -> pd.Series:
        return pd.Series(False, index=self.people.index)

    @cached_property
    def _with_unreadable(self) -> dict[str, bool]:
        frames = {"salesforce": self.records, "salesmanago": self.contacts}
        return {side: bool(has_unreadable(frame).any()) for side, frame in frames.items()}

    def unreadable(self, column: Column, side: str) -> pd.Series:
        """Where a side gave the field in no readable form: it takes no part, as if it had not been read."""
        frame, read = (self.records, self.a) if side == "salesforce" else (self.contacts, self.m)
        names = column.line.salesforce if side == "salesforce" else [source_of(column.line.key)]
        odd = unreadable(frame, names) if self._with_unreadable[side] else self._nobody
        if column.kind == "consent" and names[0] in frame and column.key in read:
            # A flag that is neither true nor false says nothing; taken for false, it would hide an opt-out.
            odd = odd | (frame[names[0]].notna() & read[column.key].isna())
        return odd

    def clock_as_read(self, side: str) -> pd.Series:
        """When the record was changed last, by whomever."""
        return self.records[SALESFORCE_CLOCK] if side == "salesforce" else self.contacts[SALESMANAGO_CLOCK]

    @cached_property
    def untouched(self) -> pd.DataFrame:
        """Where nobody has changed a record since our own last write, by its clock; a flag for each side."""
        flags = {side: self.clock_as_read(side) <= self.bindings[f"{side}_written_at"] for side in SIDES}
        return pd.DataFrame(flags, index=self.people.index).fillna(False).astype(bool)

    @cached_property
    def _awaited(self) -> pd.DataFrame:
        """The names of the fields whose echo was not seen yet, as JSON lists; empty where there is none to see."""
        lists = {
            side: self.bindings[f"{side}_written"].fillna("[]").where(self.untouched[side], "[]") for side in SIDES
        }
        return pd.DataFrame(lists, index=self.people.index)

    @cached_property
    def _awaited_by_anybody(self) -> dict[str, str]:
        return {side: ",".join(self._awaited[side].unique()) for side in SIDES}

    def with_echo(
        self, base: pd.Series, side: str, key: str, known: pd.Series, values: pd.Series, *, keeps: bool = False
    ) -> pd.Series:
        """Take a value into the base where it is what the service made of our own write.

        A blank in place of the value that was sent to a field that `keeps` it is no such thing: it is filled again.
        """
        # As the list spells it: with quotes, so that it is found whole, and its letters escaped.
        name = json.dumps(key)
        if name not in self._awaited_by_anybody[side]:
            return base
        echoed = known & self.awaits_echo(side, key)
        if keeps:
            echoed &= values.notna() | base.isna()
        return base.mask(echoed, values)

    def awaits_echo(self, side: str, key: str) -> pd.Series:
        """Where a side holds what it made of our own last write of a field, and nobody has read that yet."""
        # As the list spells it: with quotes, so that it is found whole, and its letters escaped.
        awaited = self._awaited[side].str.contains(json.dumps(key), regex=False)
        return awaited.fillna(False).astype(bool)

    def clock(self, side: str) -> pd.Series:
        """When a person touched the record last; our own write does not count."""
        return self.clock_as_read(side).mask(self.untouched[side], self.bindings[f"{side}_person_clock"])

    @cached_property
    def salesmanago_newer(self) -> pd.Series:
        """Where a person touched the SALESmanago contact last."""
        return (self.clock("salesmanago") > self.clock("salesforce")).fillna(False).astype(bool)

    @cached_property
    def echoes(self) -> pd.DataFrame:
        """Where an echo was seen, a flag for each side: the ledger need not wait for it any longer."""
        # Of a record with unreadable values not every echo was seen.
        whole = {"salesforce": self.records, "salesmanago": self.contacts}
        seen = {side: self._awaited[side].ne("[]") & ~has_unreadable(whole[side]) for side in SIDES}
        return pd.DataFrame(seen, index=self.people.index)


def pairs_of(
    item: ObjectInput,
    contacts: pd.DataFrame,
    bindings: pd.DataFrame,
    people: pd.DataFrame,
    synchronised_until: datetime | None = None,
    default_opt_outs: bool | None = None,
    choices: pd.DataFrame | None = None,
    lost: LostLedger | None = None,
) -> Pairs:
    """Gather the people of one object who may be written.

    Args:
        item: The object's mapping, schema and records.
        contacts: The SALESmanago frame.
        bindings: The ledger's bindings.
        people: The people frame (`matching.match`).
        synchronised_until: Up to when SALESmanago was synchronised before this run, by its own clock.
        default_opt_outs: Whether a contact that nobody edited is opted out by its account's default, as a person said.
        choices: What was decided about held conflicts, of anybody.
        lost: What is known of a ledger that is not there any more.
    """
    takes_part = people["status"].isin([PAIR, CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO])
    # Without the address of a contact nothing can be written to it.
    nameless = people["salesmanago_id"].isin(contacts.loc[unreadable(contacts, ["email"]), "contactId"])
    left = ["PAUSED", "OUT_OF_OBJECT", UNREADABLE_VALUE, *ENDED]
    bound = people["matched_by"].eq("binding") & people["reason"].isin(left)
    # Who was deleted before the ledger knew of him is remembered as such, and not created in another run.
    bound |= people["matched_by"].eq("external_id") & people["reason"].eq("DELETED")
    mine = people[people["object"].eq(item.mapping.object) & (takes_part | (bound & ~nameless)).fillna(False)]
    records, cards = _by_id(item.records, "Id"), _by_id(contacts, "contactId")
    known = bindings[bindings["object"].eq(item.mapping.object)].set_index("salesforce_id", drop=False)
    bound_rows = aligned(known, mine["salesforce_id"])
    mapped = aligned(canonical_salesforce(item.mapping, records, item.stand_ins), mine["salesforce_id"])
    return Pairs(
        mapping=item.mapping,
        schema=item.schema,
        people=mine,
        records=aligned(records, mine["salesforce_id"]),
        contacts=aligned(cards, mine["salesmanago_id"]),
        a=mapped,
        m=aligned(canonical_salesmanago(item.mapping, cards, item.stand_ins), mine["salesmanago_id"]),
        bindings=bound_rows,
        base=_without_predecessor(
            unpack(bound_rows["base"], _likely_keys(item.mapping)), bound_rows, mapped, item.mapping
        ),
        known_ids=_known_ids(bindings, records),
        synchronised_until=synchronised_until,
        default_opt_outs=default_opt_outs,
        choices=CHOICES.empty() if choices is None or choices.empty else _of_people(choices, mine),
        lost=lost,
    )


def _known_ids(bindings: pd.DataFrame, records: pd.DataFrame) -> frozenset[str]:
    before = bindings["from_salesforce_id"].dropna()
    return frozenset({*texts_of(bindings["salesforce_id"]), *texts_of(before), *texts_of(records.index)})


def _of_people(choices: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Put the choices about some people on their index."""
    keys = ["object", "salesforce_id", "salesmanago_id"]
    return people[keys].reset_index().merge(choices, on=keys).set_index("person")


def _likely_keys(mapping: Mapping) -> list[str]:
    """Name what a base has, as far as the mapping tells: lines that it had before may still have theirs."""
    return [*(line.key for line in mapping.lines), "externalId"]


def _without_predecessor(base: Base, bindings: pd.DataFrame, a: pd.DataFrame, mapping: Mapping) -> Base:
    """Forget what says nothing about a record that a binding has just moved to.

    A field that is blank there was not emptied by anybody: it never held the value. Consent is decided anew; but what
    was the account's default before its contact got another record is nobody's opt-out after it.
    """
    to_contact = bindings["from_salesmanago_id"].notna()
    moved = bindings["from_salesforce_id"].notna() | to_contact
    if not moved.any():
        return base
    known = base.known.copy()
    consents = {line.key for line in mapping.lines if line.convert == "consent"}
    for key in known:
        silent = a[key].isna() if key in a else moved
        if key in consents:
            by_default = base.m[key].eq("true").fillna(False) & base.a[key].ne("true").fillna(True)
            silent = ~by_default | to_contact
        known[key] = known[key] & ~(moved & silent)
    return Base(base.a, base.m, known)


def _by_id(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    # To drop nothing would copy every column.
    single = frame if frame[key].is_unique else frame.drop_duplicates(key)
    return single.set_index(key, drop=False)
