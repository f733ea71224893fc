"""Matching: which Salesforce record and which SALESmanago contact are one person.

In this order: the binding; an id that one side holds of the other; the normalised e-mail. One person, one pair: of
several records with one e-mail the preferred object takes part and the others are shadowed; two of one object are
ambiguous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from salesmanago_sync.domain.frames import TEXT, among, looked_up, texts_of
from salesmanago_sync.domain.people.sightings import (
    ABSENT,
    ELSEWHERE,
    GONE,
    LIVES,
    UNREAD,
    of_side,
    standing,
)
from salesmanago_sync.domain.staged_frames import MATCHED_PEOPLE, SIGHTINGS

PREFERENCE = ("Contact", "PersonAccount", "Lead")

PAIR = "pair"
CREATE_IN_SALESMANAGO = "create_in_salesmanago"
CREATE_IN_SALESFORCE = "create_in_salesforce"
SKIP = "skip"
ISSUE = "issue"

SALESFORCE = "salesforce"
SALESMANAGO = "salesmanago"
# Statuses of bindings that have ended: the person is never created again while they stand.
TOMBSTONES = ("deleted", "merged")
HIDDEN = "Salesforce gives no row for this id: the integration user may no longer see the record, or it was purged"

TAKES_PART = "takes_part."
PAIR_IDS = ["salesforce_id", "salesmanago_id"]


@dataclass(frozen=True, slots=True)
class Identities:
    """What matching looks at.

    Attributes:
        salesforce: One row a record: `object`, `salesforce_id`, `email` (normalised or missing), `salesmanago_id` (held
            in `SALESmanago_Contact_Id__c`, or missing), and the flags `in_scope`, `takes_part`, `gone` (deleted or
            converted).
        salesmanago: One row a contact: `salesmanago_id`, `email`, `salesforce_id` (held in `externalId`, or missing),
            `wanted_by` (the object that would be created, or missing) and the flags `in_scope`, `gone`, and
            `takes_part.<object>` for each object.
        bindings: `object`, `salesforce_id`, `salesmanago_id`, `status`, `email`, the address of a tombstone, and
            `updated_at`, when the ledger last heard of the person.
        creates_in_salesmanago: The objects whose mapping creates contacts in SALESmanago.
        consent_hidden: Those of which nobody is created, because the opt-outs in Salesforce cannot be seen.
        seen: For whom the services were asked (`sightings`).
    """

    salesforce: pd.DataFrame
    salesmanago: pd.DataFrame
    bindings: pd.DataFrame
    creates_in_salesmanago: frozenset[str]
    consent_hidden: frozenset[str] = frozenset()
    seen: pd.DataFrame = field(default_factory=SIGHTINGS.empty)


def match(identities: Identities) -> pd.DataFrame:
    """Account for every record and contact that was read, one row a person.

    Args:
        identities: Both sides and the bindings.

    Returns:
        `object, salesforce_id, salesmanago_id, matched_by` (binding, external_id, email or missing), `status` (pair,
        create_in_salesmanago, create_in_salesforce, skip, issue), `reason` and `text`; all text columns.
    """
    bound = _bound(identities)
    free_s = _without(identities.salesforce, "salesforce_id", identities.bindings)
    free_m = _without(identities.salesmanago, "salesmanago_id", identities.bindings)
    if free_s.empty and free_m.empty:  # as in most runs: everybody who was read is bound
        return _stack([bound])
    gone = _rows(free_s[free_s["gone"]], SKIP, "DELETED")
    free_s = free_s[~free_s["gone"]]
    by_id = _by_id(free_s, free_m)
    paired_by_id = _judge_pairs(by_id, free_s, free_m)
    free_s = _without(free_s, "salesforce_id", by_id)
    free_m = _without(free_m, "salesmanago_id", by_id)
    pairs = pd.concat([identities.bindings[PAIR_IDS], by_id[PAIR_IDS]])
    held = _Held.by(identities, pairs)
    by_email = _by_email(free_s, free_m, held, identities.creates_in_salesmanago)
    active = _stack([bound, paired_by_id])
    by_email = _hopeful(by_email, identities, held.leaving(active[active["status"].eq(PAIR)]))
    by_email = _without_revived(_with_hidden_consent(by_email, identities.consent_hidden), identities)
    return _stack([bound, gone, paired_by_id, by_email])


def _hopeful(people: pd.DataFrame, identities: Identities, leaving: set[str]) -> pd.DataFrame:
    """Let newcomers hope for an address that is about to be given up: those of whom there is only one, or one leads.

    They bear the reason that applies if it is not given up after all (`domain.plan.addresses`).
    """
    if not leaving:
        return people
    s, m = identities.salesforce, identities.salesmanago
    here = looked_up(s, "salesforce_id", "email", people["salesforce_id"])
    there = looked_up(m, "salesmanago_id", "email", people["salesmanago_id"])
    address = here.fillna(there)
    # Of one object the second is in doubt, of another it is behind: here it may turn out to be neither.
    second = people["salesforce_id"].notna() & people["reason"].isin(["SHADOWED", "AMBIGUOUS_MATCH"])
    # Nobody's rivals are a deleted contact that has the address too, and whoever stays behind one of another object.
    theirs = address.mask(
        people["reason"].eq("DELETED").fillna(False) | _behind(people["object"].where(second), address)
    )
    lone = among(theirs, leaving) & ~theirs.duplicated(keep=False)
    record = lone & second
    record &= among(people["object"], identities.creates_in_salesmanago)
    wanted = m.loc[m["wanted_by"].notna() & ~m["gone"], "salesmanago_id"]
    contact = (
        lone
        & among(people["salesmanago_id"], set(wanted))
        & people["reason"].isin(["OUT_OF_CRITERIA", "AMBIGUOUS_MATCH"])
    )
    status = people["status"].mask(record, CREATE_IN_SALESMANAGO).mask(contact, CREATE_IN_SALESFORCE)
    reason = people["reason"].mask(record, "SHADOWED").mask(contact, "OUT_OF_CRITERIA")
    return people.assign(status=status, reason=reason, text=people["text"].mask(record | contact))


def _behind(objects: pd.Series, address: pd.Series) -> pd.Series:
    """Tell who has the address of somebody whose object is preferred."""
    order = objects.map({name: number for number, name in enumerate(PREFERENCE)})
    behind: pd.Series = order.gt(order.groupby(address).transform("min"))
    return behind


def _with_hidden_consent(people: pd.DataFrame, hidden: frozenset[str]) -> pd.DataFrame:
    theirs = people["status"].eq(CREATE_IN_SALESMANAGO) & people["object"].isin(hidden)
    status, reason = people["status"].mask(theirs, SKIP), people["reason"].mask(theirs, "CONSENT_HIDDEN")
    return people.assign(status=status, reason=reason)


def _without_revived(people: pd.DataFrame, identities: Identities) -> pd.DataFrame:
    """Take out newcomers who have the address of somebody who was deleted: the sync never brings anybody back.

    Nor anybody whose contact names a record that is gone, of which the ledger knows nothing, or nothing any more.
    """
    creates = people["status"].isin([CREATE_IN_SALESMANAGO, CREATE_IN_SALESFORCE])
    if not creates.any():
        return people
    gone = _addresses_of_the_gone(identities)
    s, m = identities.salesforce, identities.salesmanago
    # SALESmanago knows one contact an address: made anew, one that was deleted would come back.
    deleted = set(texts_of(m.loc[m["gone"], "email"].dropna()))
    without_record = set(m.loc[among(m["salesforce_id"], s.loc[s["gone"], "salesforce_id"]), "salesmanago_id"])
    if not (gone or deleted or without_record):
        return people
    ids = set(s.loc[among(s["email"], gone), "salesforce_id"])
    ids |= set(m.loc[among(m["email"], gone), "salesmanago_id"])
    theirs = creates & (among(people["salesforce_id"], ids) | among(people["salesmanago_id"], ids))
    revived = set(s.loc[among(s["email"], deleted), "salesforce_id"])
    theirs |= people["status"].eq(CREATE_IN_SALESMANAGO) & among(people["salesforce_id"], revived)
    theirs |= people["status"].eq(CREATE_IN_SALESFORCE) & among(people["salesmanago_id"], without_record)
    return people.assign(status=people["status"].mask(theirs, SKIP), reason=people["reason"].mask(theirs, "TOMBSTONE"))


def _addresses_of_the_gone(identities: Identities) -> set[str]:
    """Addresses of people of whom neither side lives; where one does, its own address counts."""
    s, m, bindings = identities.salesforce, identities.salesmanago, identities.bindings
    alive = among(bindings["salesforce_id"], s.loc[~s["gone"], "salesforce_id"])
    alive |= among(bindings["salesmanago_id"], m.loc[~m["gone"], "salesmanago_id"])
    return set(texts_of(bindings.loc[~alive, "email"].dropna())) - {""}


def _without(frame: pd.DataFrame, key: str, others: pd.DataFrame) -> pd.DataFrame:
    return frame[~among(frame[key], others[key])]


def _stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else MATCHED_PEOPLE.empty()


def _rows(frame: pd.DataFrame, status: str, reason: str | None = None, matched_by: str | None = None) -> pd.DataFrame:
    if frame.empty:
        return MATCHED_PEOPLE.empty()
    rows = frame.reindex(columns=list(MATCHED_PEOPLE.names)).copy()
    rows["status"] = status
    rows["reason"] = reason
    if matched_by is not None:
        rows["matched_by"] = matched_by
    return rows.astype(TEXT)


def _bound(identities: Identities) -> pd.DataFrame:
    """Bound people of whom at least one side is in scope, or none is left.

    A side is gone where the service was asked for it and said so. The text of a person who is gone says on which side:
    salesforce, salesmanago or both. A record of which Salesforce gives no row was purged, or sharing hides it: it is
    gone where its contact is, too, or where the ledger knows that it was deleted.
    """
    s = identities.salesforce[["salesforce_id", "in_scope", "takes_part", "gone"]]
    m = identities.salesmanago.drop(columns=["email", "salesforce_id", "wanted_by"])
    both = identities.bindings.merge(s, on="salesforce_id", how="left").merge(
        m, on="salesmanago_id", how="left", suffixes=("", "_m")
    )
    record = _standing(identities, both, SALESFORCE, both["takes_part"].notna(), _flag(both["gone"]))
    contact = _standing(identities, both, SALESMANAGO, both["in_scope_m"].notna(), _flag(both["gone_m"]))
    contact = contact.replace(ABSENT, GONE)
    record = record.mask(record.eq(ABSENT) & (contact.eq(GONE) | both["status"].isin(TOMBSTONES)), GONE)
    standings = pd.DataFrame({SALESFORCE: record, SALESMANAGO: contact})
    # Of whom nothing is there any longer neither side is read; once the ledger knows it, nothing new is learnt.
    lost = standings.isin([GONE]).all(axis=1) & ~both["status"].isin(TOMBSTONES)
    told = _flag(both["in_scope"]) | _flag(both["in_scope_m"]) | lost
    both, standings = both[told], standings[told]
    unread, gone = standings.isin([UNREAD]).any(axis=1), standings.isin([GONE])
    elsewhere = standings.isin([ELSEWHERE, ABSENT]).any(axis=1) & ~unread
    missing, merged = gone.any(axis=1) & ~unread & ~elsewhere, both["status"].eq("merged")
    where = pd.Series("both", index=both.index)
    where = where.mask(~gone[SALESFORCE], SALESMANAGO).mask(~gone[SALESMANAGO], SALESFORCE)
    living = both[standings.isin([LIVES]).all(axis=1)]
    partakes = _flag(living["takes_part"]) & _takes_part_of_object(living)
    ended = both.assign(text=where)
    away = both.assign(text=standings[SALESFORCE].eq(ABSENT).map({True: HIDDEN, False: None}))
    return _stack(
        [
            _rows(both[unread], SKIP, "NOT_READ", "binding"),
            _rows(away[elsewhere], SKIP, "OUT_OF_OBJECT", "binding"),
            _rows(ended[missing & ~merged], SKIP, "DELETED", "binding"),
            _rows(ended[missing & merged], SKIP, "MERGED", "binding"),
            _rows(living[~partakes], SKIP, "PAUSED", "binding"),
            _rows(living[partakes], PAIR, None, "binding"),
        ]
    )


def _standing(identities: Identities, both: pd.DataFrame, side: str, here: pd.Series, gone: pd.Series) -> pd.Series:
    return standing(of_side(identities.seen, side, both[f"{side}_id"]), here, gone, both["updated_at"])


def _flag(column: pd.Series) -> pd.Series:
    return column.astype("boolean").fillna(False).astype(bool)


def _takes_part_of_object(frame: pd.DataFrame) -> pd.Series:
    """Read each row's `takes_part.<its object>`."""
    result = pd.Series(False, index=frame.index)
    for name in frame["object"].dropna().unique():
        column = TAKES_PART + name
        if column in frame:
            result = result.mask(frame["object"].eq(name), _flag(frame[column]))
    return result


def _by_id(s: pd.DataFrame, m: pd.DataFrame) -> pd.DataFrame:
    """Pair records of which one holds the other's id, where that is unique on both sides."""
    held_by_m = m.dropna(subset=["salesforce_id"])[["salesmanago_id", "salesforce_id"]]
    held_by_m = held_by_m[among(held_by_m["salesforce_id"], s["salesforce_id"])]
    held_by_s = s.dropna(subset=["salesmanago_id"])[["salesmanago_id", "salesforce_id"]]
    held_by_s = held_by_s[among(held_by_s["salesmanago_id"], m["salesmanago_id"])]
    pairs = pd.concat([held_by_m, held_by_s]).drop_duplicates()
    unique = ~pairs["salesforce_id"].duplicated(keep=False) & ~pairs["salesmanago_id"].duplicated(keep=False)
    pairs = pairs[unique]
    pairs["matched_by"] = "external_id"
    return pairs


def _judge_pairs(pairs: pd.DataFrame, s: pd.DataFrame, m: pd.DataFrame) -> pd.DataFrame:
    """Tell which matched pairs take part: the criteria of both sides count."""
    if pairs.empty:
        return MATCHED_PEOPLE.empty()
    flags = m.drop(columns=["email", "salesforce_id", "wanted_by", "in_scope"])
    both = pairs.merge(s[["object", "salesforce_id", "takes_part"]], on="salesforce_id").merge(
        flags, on="salesmanago_id"
    )
    gone = _flag(both["gone"])
    partakes = _flag(both["takes_part"]) & _takes_part_of_object(both)
    status = pd.Series(SKIP, index=both.index).mask(partakes & ~gone, PAIR)
    reason = pd.Series("OUT_OF_CRITERIA", index=both.index).mask(gone, "DELETED").mask(partakes & ~gone, None)
    both["status"], both["reason"] = status, reason
    return both.reindex(columns=list(MATCHED_PEOPLE.names)).astype(TEXT)


@dataclass(frozen=True, slots=True)
class _Held:
    """The addresses of those who are paired already: of living records (`object`, `id`, `email`), and of contacts."""

    records: pd.DataFrame
    contacts: pd.DataFrame

    @classmethod
    def by(cls, identities: Identities, pairs: pd.DataFrame) -> _Held:
        s, m = identities.salesforce, identities.salesmanago
        of_s = s[among(s["salesforce_id"], pairs["salesforce_id"]) & ~s["gone"] & s["email"].notna()]
        of_m = m[among(m["salesmanago_id"], pairs["salesmanago_id"]) & ~m["gone"] & m["email"].notna()]
        return cls(
            of_s[["object", "salesforce_id", "email"]].rename(columns={"salesforce_id": "id"}),
            of_m[["salesmanago_id", "email"]].rename(columns={"salesmanago_id": "id"}),
        )

    @property
    def emails(self) -> set[str]:
        return {*texts_of(self.records["email"]), *texts_of(self.contacts["email"])}

    def leaving(self, pairs: pd.DataFrame) -> set[str]:
        """Addresses of pairs whose sides differ and will be merged: one of the two is about to be given up.

        Not where somebody else has it who stays as he is, though nothing else may be written to him.
        """
        here = looked_up(self.records, "id", "email", pairs["salesforce_id"])
        there = looked_up(self.contacts, "id", "email", pairs["salesmanago_id"])
        differ = here.notna() & there.notna() & here.ne(there)
        stay_here = self.records[~among(self.records["id"], pairs.loc[differ, "salesforce_id"])]
        stay_there = self.contacts[~among(self.contacts["id"], pairs.loc[differ, "salesmanago_id"])]
        given_up = {*texts_of(here[differ]), *texts_of(there[differ])}
        return given_up - {*texts_of(stay_here["email"]), *texts_of(stay_there["email"])}

    def alike(self, candidates: pd.DataFrame) -> pd.Series:
        """Name the paired record of the same object and address; missing where there is none."""
        known = self.records.drop_duplicates(["object", "email"]).set_index(["object", "email"])["id"]
        keys = pd.MultiIndex.from_frame(candidates[["object", "email"]])
        return pd.Series(known.reindex(keys).to_numpy(), index=candidates.index, dtype=TEXT)

    def twins(self, contacts: pd.DataFrame) -> pd.Series:
        """Name the paired contact of the same address; missing where there is none."""
        known = self.contacts.drop_duplicates("email").set_index("email")["id"]
        return contacts["email"].map(known).astype(TEXT)


def _by_email(s: pd.DataFrame, m: pd.DataFrame, held: _Held, creates: frozenset[str]) -> pd.DataFrame:
    """Decide by their addresses about records and contacts that are in no pair yet."""
    records, contacts = _placed_records(s, held), _placed_contacts(m, held)
    in_doubt = set(records.loc[records["place"].eq("ambiguous") & records["alike"].isna(), "email"])
    in_two = set(contacts.loc[contacts["place"].eq("twin"), "email"])
    known = set(texts_of(s["email"].dropna())) | held.emails
    pairs = _pair_by_email(records[records["place"].eq("first")], contacts[contacts["place"].eq("first")])
    return _stack(
        [
            _without(_of_records(records, in_two, creates), "salesforce_id", pairs),
            _without(_of_contacts(contacts, in_doubt, known), "salesmanago_id", pairs),
            _judge_pairs(pairs, s, m),
        ]
    )


def _placed_records(s: pd.DataFrame, held: _Held) -> pd.DataFrame:
    """Add `place`: nameless, aside (takes no part), first, shadowed or ambiguous; and `alike`.

    `alike` is the paired record of the same object and address, where there is one.
    """
    nameless, taken = s["email"].isna(), among(s["email"], held.emails)
    place = rank(s[s["takes_part"] & ~nameless & ~taken])["place"].reindex(s.index).astype(TEXT)
    alike = held.alike(s).where(taken & s["takes_part"])
    place = place.mask(taken, "shadowed").mask(alike.notna(), "ambiguous")
    return s.assign(
        place=place.mask(~s["takes_part"], "aside").mask(s["takes_part"] & nameless, "nameless"), alike=alike
    )


def _placed_contacts(m: pd.DataFrame, held: _Held) -> pd.DataFrame:
    """Add `place`: nameless, outlived (deleted, and another one has the address), twin or first; and `alike`.

    `alike` is the paired contact of the same address, where there is one.
    """
    nameless = m["email"].isna()
    named = m[~nameless].sort_values("gone", kind="stable")
    outlived = (named["gone"] & named["email"].duplicated()).reindex(m.index, fill_value=False)
    alike = held.twins(m).where(~m["gone"])
    lone = m["email"].where(~nameless & ~outlived & alike.isna())
    twin = alike.notna() | (lone.notna() & lone.duplicated(keep=False))
    place = pd.Series("first", index=m.index, dtype=TEXT).mask(twin, "twin").mask(outlived, "outlived")
    return m.assign(place=place.mask(nameless, "nameless"), alike=alike)


class _Rules:
    """Fills in status and reason where nothing was decided yet: the first rule that speaks wins."""

    def __init__(self, people: pd.DataFrame) -> None:
        self.people = people
        self.open = np.ones(len(people), dtype=bool)
        self.status, self.reason = (np.full(len(people), None, dtype=object) for _ in range(2))

    def where(self, chosen: pd.Series, status: str, reason: str | None = None) -> None:
        mine = self.open & chosen.to_numpy(dtype=bool)
        self.status[mine], self.reason[mine] = status, reason
        self.open &= ~mine

    def otherwise(self, status: str, reason: str) -> None:
        self.where(pd.Series(True, index=self.people.index), status, reason)

    def decided(self) -> pd.DataFrame:
        return self.people.assign(status=self.status, reason=self.reason)


def _of_records(s: pd.DataFrame, in_two: set[str], creates: frozenset[str]) -> pd.DataFrame:
    """Decide about records (`_placed_records`), as if none of them had a contact.

    Args:
        s: The records.
        in_two: Addresses that two contacts have.
        creates: The objects of which contacts are made.
    """
    place, wanted = s["place"], among(s["object"], creates)
    rules = _Rules(s.assign(salesmanago_id=None))  # what a record says of its contact is a claim
    rules.where(place.eq("aside"), SKIP, "OUT_OF_CRITERIA")
    rules.where(place.eq("nameless") & ~wanted, SKIP, "CREATE_OFF")
    rules.where(place.eq("nameless"), ISSUE, "NO_EMAIL")
    rules.where(place.eq("shadowed"), SKIP, "SHADOWED")
    rules.where(place.eq("ambiguous"), ISSUE, "AMBIGUOUS_MATCH")
    rules.where(among(s["email"], in_two), SKIP, "AMBIGUOUS_MATCH")
    rules.where(wanted, CREATE_IN_SALESMANAGO)
    rules.otherwise(SKIP, "CREATE_OFF")
    return _led(rules.decided(), "salesforce_id")


def _of_contacts(m: pd.DataFrame, in_doubt: set[str], known: set[str]) -> pd.DataFrame:
    """Decide about contacts (`_placed_contacts`), as if none of them had a record.

    Args:
        m: The contacts.
        in_doubt: Addresses of two records of one object.
        known: Every address in Salesforce.
    """
    place, nameless, wanted = m["place"], m["place"].eq("nameless"), m["wanted_by"].notna()
    inside = m.filter(like=TAKES_PART).any(axis=1)
    # A contact's `salesforce_id` is only what its externalId claims.
    rules = _Rules(m.assign(salesforce_id=None, object=m["wanted_by"]))
    rules.where((nameless & m["gone"]) | place.eq("outlived"), SKIP, "DELETED")
    rules.where(nameless & ~inside, SKIP, "OUT_OF_CRITERIA")
    rules.where(nameless & ~wanted, SKIP, "CREATE_OFF")
    rules.where(nameless, ISSUE, "NO_EMAIL")
    rules.where(place.eq("twin"), ISSUE, "AMBIGUOUS_MATCH")
    rules.where(among(m["email"], in_doubt), SKIP, "AMBIGUOUS_MATCH")
    # The person is in Salesforce, in a record that does not take part: a create would make a duplicate.
    rules.where(among(m["email"], known), SKIP, "OUT_OF_CRITERIA")
    rules.where(m["gone"], SKIP, "DELETED")
    rules.where(wanted, CREATE_IN_SALESFORCE)
    rules.otherwise(SKIP, "CREATE_OFF")
    return _led(rules.decided(), "salesmanago_id")


def _led(people: pd.DataFrame, column: str) -> pd.DataFrame:
    """Let one of each address in doubt lead, with an issue that names all of them; the others are skipped.

    Args:
        people: Those who were decided about, and who is `alike` and paired already: he is named first.
        column: By which id they are known.
    """
    decided = people.assign(text=None).reindex(columns=list(MATCHED_PEOPLE.names)).astype(TEXT)
    doubtful = people[people["status"].eq(ISSUE) & people["reason"].eq("AMBIGUOUS_MATCH")].sort_values(column)
    if doubtful.empty:
        return decided
    groups = doubtful.groupby("email")
    named = "candidates: " + (groups["alike"].first() + ", ").fillna("") + groups[column].agg(", ".join)
    leads = ~doubtful["email"].duplicated()
    decided.loc[doubtful.index[leads], "text"] = doubtful.loc[leads, "email"].map(named)
    decided.loc[doubtful.index[~leads], "status"] = SKIP
    return decided


def rank(candidates: pd.DataFrame) -> pd.DataFrame:
    """Add `place`: first, shadowed or ambiguous among the records of one e-mail."""
    ranked = candidates.copy()
    order = ranked["object"].map({name: number for number, name in enumerate(PREFERENCE)}).astype("int64")
    best = order.groupby(ranked["email"]).transform("min")
    leading = order.eq(best)
    leaders = leading.groupby(ranked["email"]).transform("sum")
    ranked["place"] = (
        pd.Series("shadowed", index=ranked.index).mask(leading, "first").mask(leading & leaders.gt(1), "ambiguous")
    )
    return ranked


def _pair_by_email(first: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    pairs = first[["salesforce_id", "email"]].merge(contacts[["salesmanago_id", "email"]], on="email")
    return pairs[["salesforce_id", "salesmanago_id"]].assign(matched_by="email")
