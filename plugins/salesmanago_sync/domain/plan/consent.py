"""Consent: the opt-outs of everybody who has an address are one decision, which is written to all of them.

Whatever else becomes of a record (shadowed, in doubt, out of the criteria, paused, of an object outside the run), its
opt-out counts, and so does that of a contact. The rule this module protects: nobody is mailable whose address is opted
out on any living record, and the sync opts nobody in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesmanago_sync.domain.converters.email import normalise_email
from salesmanago_sync.domain.declared import Declared, flag, text
from salesmanago_sync.domain.frames import TEXT, among, looked_up, texts_of
from salesmanago_sync.domain.merge.base import opted_out_by_default
from salesmanago_sync.domain.merge.merge import DEFAULT_OPT_OUT, TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.merge.owed import OPT_OUTS
from salesmanago_sync.domain.people.identities import ObjectInput, is_true
from salesmanago_sync.domain.people.matching import (
    CREATE_IN_SALESFORCE,
    CREATE_IN_SALESMANAGO,
    PAIR,
    SKIP,
    Identities,
)
from salesmanago_sync.domain.plan.changes import CONSENT, Decision
from salesmanago_sync.domain.plan.findings import issues, stack
from salesmanago_sync.domain.staged_frames import CHANGES, FOUND_ISSUES, SEEN_OPT_OUTS

CREATES = (CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO)
CONTACT = "contact"
# How the rule of such a change begins, by the side on which the opt-out was seen.
SEEN = {"salesforce": "opted out in Salesforce: ", "salesmanago": "opted out in SALESmanago: "}
WAYS = {"salesforce": TO_SALESFORCE, "salesmanago": TO_SALESMANAGO}
HOLDERS = Declared(
    "holders",
    writer="plan, compare",
    meaning="Somebody alive who has an address, and a channel.",
    columns=(
        text("side", "salesforce or salesmanago"),
        text("object", "the object, or contact"),
        text("id", "the record or contact"),
        text("email", "the address"),
        text("group", "names the addresses that belong together"),
        flag("alone", "whether it is in no pair"),
        text("key", "the key of the opt-out"),
        flag("held", "the flag as read"),
        flag("out", "the flag as it will be"),
        flag("proof", "whether this one has opted out"),
        text("why", "who of the address has opted out, if anybody has"),
        flag("able", "whether the flag may be written"),
        flag("foreign", "whether nothing is written to its object"),
    ),
)
# So many opted-out records of one address are named.
PROOFS = 5


@dataclass(frozen=True, slots=True)
class Everybody:
    """Who was read.

    Attributes:
        found: Both sides as matching sees them.
        objects: Every enabled object.
        witnesses: Objects that are not synchronised: their opt-outs count, and nothing is written to them.
        contacts: The SALESmanago frame.
        bindings: The bindings after succession.
    """

    found: Identities
    objects: Sequence[ObjectInput]
    witnesses: Sequence[ObjectInput]
    contacts: pd.DataFrame
    bindings: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Shared:
    """What the opt-outs of whole addresses come to.

    Attributes:
        people: The people frame, with rows for whom only an opt-out is written (skip, `OUT_OF_RUN`).
        changes: Every change of the plan, those of this module among them.
        issues: People who opted in again, whose address is still opted out elsewhere; and people of whom a record of
            an object that is not synchronised is not opted out.
        seen: `SEEN_OPT_OUTS`: what was seen of records and contacts of which no write tells. `out` says that this one
            is opted out, and `told` that somebody of the address hears of it in this run; it is in no pair, if not.
            Where nobody of the address is opted out, this one, in no pair, is not `out`.
    """

    people: pd.DataFrame
    changes: pd.DataFrame
    issues: pd.DataFrame
    seen: pd.DataFrame


def share_opt_outs(everybody: Everybody, people: pd.DataFrame, decisions: Sequence[Decision], direction: str) -> Shared:
    """Let the opt-out of everybody who has an address count for all who have it.

    Args:
        everybody: Who was read.
        people: The people frame (`matching.match`) on the index `person`.
        decisions: What was decided about each object, after its review.
        direction: Which sides may be written.
    """
    changes = stack([decision.changes for decision in decisions], CHANGES)
    alive = _holders(everybody, people, decisions, changes)
    holders = alive[alive["why"].notna()]
    if holders.empty:
        return Shared(people, changes, FOUND_ISSUES.empty(), _seen(alive, changes))
    behind = holders[~holders["out"] & holders["able"]]
    changes, reverted = _without_opt_ins(changes, behind[behind["held"]])
    ways = [way for way in WAYS.values() if direction in ("both", way)]
    lacking = behind[~behind["held"] & behind["side"].map(WAYS).isin(ways)]
    changes = _with_newcomers(changes, people, holders, everybody.objects)
    people = _with_others(people, lacking, everybody.bindings)
    first = everybody.objects[0].mapping.object
    written = [_written(people, lacking[lacking["side"].eq(side)], side, first) for side in WAYS]
    changes = stack([changes, *written], CHANGES)
    found = [reverted, _unreached(holders, people)] if TO_SALESFORCE in ways else [reverted]
    return Shared(people, changes, stack(found, FOUND_ISSUES), _seen(alive, changes))


def unknown_opt_outs(decisions: Sequence[Decision]) -> tuple[int, int]:
    """Count contacts of which nobody knows who opted them out: the ledger does not know them, and nobody edited them.

    Returns:
        How many contacts are like that, and how many of them are opted out and their records are not.
    """
    untouched, alone = 0, 0
    for pairs in (decision.pairs for decision in decisions):
        ours = pairs.ours & pairs.bindings["id"].isna()
        untouched += int(ours.sum())
        out = pd.Series(False, index=pairs.people.index)
        for key in OPT_OUTS:
            if key in pairs.a and key in pairs.m:
                out |= pairs.m[key].eq("true").fillna(False) & pairs.a[key].ne("true").fillna(True)
        alone += int((ours & out).sum())
    return untouched, alone


def is_shared(rules: pd.Series) -> pd.Series:
    """Tell which changes carry an opt-out that somebody else with the address made."""
    return rules.str.startswith(tuple(SEEN.values())).fillna(False).astype(bool)


def side_seen(rules: pd.Series, default: str) -> pd.Series:
    """Say on which side the opt-outs were seen that led to some changes.

    Args:
        rules: The rules of the changes.
        default: The side for other rules: an opt-out of a pair comes from the side that is not written.
    """
    sides = pd.Series(default, index=rules.index, dtype=TEXT)
    for side, words in SEEN.items():
        sides = sides.mask(rules.str.startswith(words).fillna(False).astype(bool), side)
    return sides


def _holders(
    everybody: Everybody, people: pd.DataFrame, decisions: Sequence[Decision], changes: pd.DataFrame
) -> pd.DataFrame:
    """List everybody alive whose address is opted out, or who is in no pair, as the plan so far leaves them.

    Returns:
        `HOLDERS`, one row a channel.
    """
    alive = _alive(everybody)
    # Newcomers are a pair once they are created.
    paired = pd.concat([people.loc[people["status"].isin([PAIR, *CREATES])], everybody.bindings])
    alive["alone"] = ~(among(alive["id"], paired["salesforce_id"]) | among(alive["id"], paired["salesmanago_id"]))
    held = {key: _opted_out(everybody, key) for key in OPT_OUTS}
    touched = any(held.values()) or changes["field"].isin(OPT_OUTS).any()
    if alive.empty or not (touched or alive["alone"].any()):  # as nearly always, and most of the work is saved
        return HOLDERS.empty()
    planned = _planned(alive, changes, "email")
    alive["email"] = planned.fillna(alive["email"]).astype(TEXT)
    alive = alive[alive["email"].notna()]
    alive["group"] = _groups(alive, people, everybody.bindings)
    frames = [_of_channel(alive, key, held[key], everybody, decisions, changes) for key in OPT_OUTS]
    return pd.concat(frames, ignore_index=True)


def _alive(everybody: Everybody) -> pd.DataFrame:
    s, m = everybody.found.salesforce, everybody.found.salesmanago
    frames = [
        pd.DataFrame({"side": "salesforce", "object": s["object"], "id": s["salesforce_id"], "email": s["email"]})[
            ~s["gone"]
        ],
        *(_of_witness(item) for item in everybody.witnesses),
        pd.DataFrame({"side": "salesmanago", "object": CONTACT, "id": m["salesmanago_id"], "email": m["email"]})[
            ~m["gone"]
        ],
    ]
    return pd.concat(frames, ignore_index=True).drop_duplicates("id")


def _of_witness(item: ObjectInput) -> pd.DataFrame:
    records = item.records
    gone = is_true(records, "IsDeleted") | is_true(records, "IsConverted")
    email = normalise_email(records[item.mapping.email_line.salesforce[0]])
    rows = {"side": "salesforce", "object": item.mapping.object, "id": records["Id"], "email": email}
    return pd.DataFrame(rows, index=records.index)[~gone]


def _of_channel(
    alive: pd.DataFrame,
    key: str,
    held: set[str],
    everybody: Everybody,
    decisions: Sequence[Decision],
    changes: pd.DataFrame,
) -> pd.DataFrame:
    silent = set(_defaults(decisions, everybody.bindings, key, held))
    able = {item.mapping.object for item in everybody.objects if _writes(item, key)} | {CONTACT}
    rows = alive.assign(key=key, held=among(alive["id"], held))
    planned = _planned(rows, changes, key)
    rows["out"] = rows["held"].mask(planned.notna(), planned.eq("true").fillna(False).astype(bool)).astype(bool)
    rows["proof"] = rows["out"] & ~among(rows["id"], silent)
    rows["why"] = rows["group"].map(_why(rows[rows["proof"]])).astype(TEXT)
    rows["able"] = rows["object"].isin(able)
    foreign = {item.mapping.object for item in everybody.witnesses if item.mapping.line(key) is not None}
    rows["foreign"] = rows["object"].isin(foreign)
    return rows[rows["why"].notna() | rows["alone"]]


def _opted_out(everybody: Everybody, key: str) -> set[str]:
    """The ids of records and contacts that hold an opt-out; what flows to Salesforce only says nothing."""
    found = set(texts_of(everybody.contacts.loc[is_true(everybody.contacts, key), "contactId"]))
    for item in (*everybody.objects, *everybody.witnesses):
        line = item.mapping.line(key)
        if line is not None and line.to_salesmanago:
            found |= set(texts_of(item.records.loc[is_true(item.records, line.salesforce[0]), "Id"]))
    return found


def _writes(item: ObjectInput, key: str) -> bool:
    line = item.mapping.line(key)
    return line is not None and line.to_salesforce and line.salesforce[0] in item.records


def _defaults(decisions: Sequence[Decision], bindings: pd.DataFrame, key: str, held: set[str]) -> list[str]:
    """List the contacts that are opted out by their account's default, which is nobody's opt-out."""
    # Also of people about whom nothing else is decided, as of two contacts with one address.
    mine = bindings[among(bindings["salesmanago_id"], held)]
    found = [
        str(identifier)
        for identifier, base, owed in zip(mine["salesmanago_id"], mine["base"], mine["owed"], strict=True)
        if opted_out_by_default(base, owed, key)
    ]
    for decision in decisions:
        merged = decision.merged.get(key)
        if merged is not None:
            silent = merged["rule"].eq(DEFAULT_OPT_OUT) & ~decision.pairs.owes(key)
            found += decision.pairs.people.loc[silent, "salesmanago_id"].dropna().tolist()
    return found


def _planned(holders: pd.DataFrame, changes: pd.DataFrame, key: str) -> pd.Series:
    """Look up what the plan writes into a field of each holder; missing where it writes nothing."""
    told = pd.Series(None, index=holders.index, dtype=TEXT)
    updates = changes[changes["action"].eq("update") & changes["field"].eq(key)]
    for side, way in WAYS.items():
        mine = updates[updates["direction"].eq(way)].drop_duplicates(f"{side}_id", keep="last")
        if len(mine):
            told = told.fillna(looked_up(mine, f"{side}_id", "new", holders["id"]))
    return told


def _groups(holders: pd.DataFrame, people: pd.DataFrame, bindings: pd.DataFrame) -> pd.Series:
    """Name the addresses that belong together: those of the two sides of a pair may differ for a time."""
    paired = pd.concat([people.loc[people["status"].eq(PAIR)], bindings])[["salesforce_id", "salesmanago_id"]]
    here, there = (
        looked_up(holders[holders["side"].eq(side)], "id", "email", paired[f"{side}_id"])
        for side in ("salesforce", "salesmanago")
    )
    differ = here.notna() & there.notna() & here.ne(there)
    names: dict[str, str] = {}
    for left, right in zip(here[differ], there[differ], strict=True):
        names[_root(names, right)] = _root(names, left)
    if not names:
        return holders["email"]
    return holders["email"].map(lambda address: _root(names, address)).astype(TEXT)


def _root(names: dict[str, str], address: str) -> str:
    while names.get(address, address) != address:
        address = names[address]
    return address


def _why(proof: pd.DataFrame) -> dict[str, str]:
    """Say for each address who was seen to have opted out; of the two sides, Salesforce is named."""
    told = proof.assign(words=proof["object"] + " " + proof["id"]).sort_values(["side", "object", "id"])
    named: dict[tuple[str, str], list[str]] = {}
    for group, side, words in zip(*(texts_of(told[name]) for name in ("group", "side", "words")), strict=True):
        named.setdefault((group, side), []).append(words)
    found: dict[str, str] = {}
    for (group, side), words in sorted(named.items()):
        # Of a long list of duplicates a few are proof enough.
        found.setdefault(group, SEEN[side] + ", ".join(words[:PROOFS]))
    return found


def _seen(holders: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Say of whom evidence is due that no write gives (`Shared.seen`)."""
    sent = changes[changes["field"].isin(OPT_OUTS) & changes["new"].eq("true")]
    ids = [(texts_of(sent[name]), texts_of(sent["field"])) for name in ("salesforce_id", "salesmanago_id")]
    named = _pairs_among(holders, {pair for each in ids for pair in zip(*each, strict=True)})
    addresses = holders.loc[named, ["group", "key"]].drop_duplicates().assign(told=True)
    told = holders[["group", "key"]].merge(addresses, on=["group", "key"], how="left")["told"].notna().to_numpy()
    out = holders["held"] & holders["proof"] & (holders["alone"] | told) & ~named
    opted_in = holders["alone"] & ~holders["held"] & holders["why"].isna()
    seen = holders.assign(field=holders["key"], out=out, told=told)
    return seen.loc[out | opted_in, list(SEEN_OPT_OUTS.names)]


def _pairs_among(holders: pd.DataFrame, pairs: set[tuple[str, str]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    own = zip(texts_of(holders["id"]), texts_of(holders["key"]), strict=True)
    return np.fromiter((pair in pairs for pair in own), dtype=bool, count=len(holders))


def _without_opt_ins(changes: pd.DataFrame, stay: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Drop opt-ins of people whose address is opted out elsewhere, and report them.

    Args:
        changes: The changes of the plan.
        stay: Holders who are opted out and would be opted in.
    """
    if stay.empty:
        return changes, FOUND_ISSUES.empty()
    keys = set(zip(stay["id"], stay["key"], strict=True))
    mine = pd.Series(
        [pair in keys for pair in zip(changes["salesforce_id"], changes["field"], strict=True)], index=changes.index
    )
    mine &= changes["direction"].eq(TO_SALESFORCE) & changes["new"].eq("false")
    rows = changes[mine]
    others = rows.merge(stay[["id", "key", "why"]], left_on=["salesforce_id", "field"], right_on=["id", "key"])
    found = issues(others, "OPT_IN_REVERTED", field=others["field"], text="opted in again; still " + others["why"])
    return changes[~mine], found


def _unreached(holders: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Report records of objects that are not synchronised: whose address is opted out, and who are not.

    The issue is that of the first of the address whom the run synchronises: later runs look at him.
    """
    left = holders[holders["foreign"] & ~holders["out"]]
    if left.empty:
        return FOUND_ISSUES.empty()
    named = left.assign(words=left["object"] + " " + left["id"]).sort_values("words").groupby(["group", "key"])["words"]
    told = named.agg(lambda words: ", ".join(words.head(PROOFS))).rename("told").reset_index()
    names = ["object", "salesforce_id", "salesmanago_id"]
    whose = pd.concat([people[names].assign(id=people[f"{side}_id"]) for side in WAYS]).dropna(subset=["id"])
    others = holders[~holders["foreign"]].sort_values(["side", "object", "id"])[["group", "key", "id"]]
    firsts = others.merge(whose.drop_duplicates("id"), on="id").drop_duplicates(["group", "key"])
    rows = firsts.merge(told, on=["group", "key"])
    return issues(
        rows, "NOT_OPTED_OUT", field=rows["key"], direction=TO_SALESFORCE, text="not opted out: " + rows["told"]
    )


def _with_others(people: pd.DataFrame, lacking: pd.DataFrame, bindings: pd.DataFrame) -> pd.DataFrame:
    """Add rows for those whom matching left out of this run, and to whom an opt-out is written all the same."""
    rows = []
    for side in WAYS:
        mine = lacking[lacking["side"].eq(side)].drop_duplicates("id")
        unknown = mine[~among(mine["id"], people[f"{side}_id"])]
        rows.append(unknown[["object", "id"]].rename(columns={"id": f"{side}_id"}))
    records, cards = rows
    known = bindings[["object", "salesforce_id", "salesmanago_id"]].drop_duplicates("salesforce_id")
    bound = known[among(known["salesforce_id"], records["salesforce_id"])]
    bound = pd.concat([bound, known[among(known["salesmanago_id"], cards["salesmanago_id"])]]).drop_duplicates()
    more = pd.concat(
        [
            bound.assign(matched_by="binding"),
            records[~among(records["salesforce_id"], bound["salesforce_id"])],
            cards[~among(cards["salesmanago_id"], bound["salesmanago_id"])].assign(object=None),
        ]
    )
    if more.empty:
        return people
    more = more.assign(status=SKIP, reason="OUT_OF_RUN").reindex(columns=people.columns).reset_index(drop=True)
    start = int(people.index.max()) + 1 if len(people) else 0
    more.index = pd.RangeIndex(start, start + len(more), name=people.index.name)
    return pd.concat([people, more.astype(people.dtypes.to_dict())])


def _written(people: pd.DataFrame, lacking: pd.DataFrame, side: str, first: str) -> pd.DataFrame:
    """Write an opt-out to everybody of the address who has none."""
    if lacking.empty:
        return CHANGES.empty()
    column = f"{side}_id"
    persons = people.dropna(subset=[column]).drop_duplicates(column).reset_index().set_index(column, drop=False)
    whose = persons.loc[lacking["id"]].reset_index(drop=True)
    lacking = lacking.reset_index(drop=True)
    # A contact that no mapping wants is written all the same, in the batch of the first object.
    object_ = whose["object"].fillna(first) if side == "salesmanago" else lacking["object"]
    rows = pd.DataFrame(
        {
            "person": whose["person"],
            "object": object_,
            "direction": WAYS[side],
            "action": "update",
            "salesforce_id": whose["salesforce_id"],
            "salesmanago_id": whose["salesmanago_id"],
            "field": lacking["key"],
            "old": "false",
            "new": "true",
            # Nothing is said of the other side of a pair: it did not choose this.
            "source": None,
            "rule": lacking["why"],
            "lane": CONSENT,
        }
    )
    return rows.astype(CHANGES.dtypes)


def _with_newcomers(
    changes: pd.DataFrame, people: pd.DataFrame, holders: pd.DataFrame, objects: Sequence[ObjectInput]
) -> pd.DataFrame:
    """Create people opted out whose address is."""
    for side, way in WAYS.items():
        creates = changes["action"].eq("create") & changes["direction"].eq(way)
        other = "salesforce_id" if side == "salesmanago" else "salesmanago_id"
        for key in OPT_OUTS if creates.any() else ():
            mine = holders[holders["key"].eq(key)]
            told = looked_up(mine, "id", "why", changes.loc[creates, other]).reindex(changes.index)
            if side == "salesforce":
                able = [item.mapping.object for item in objects if _writes(item, key)]
                told = told.where(changes["object"].isin(able))
            if told.notna().any():
                changes = _created_opted_out(changes, told, key)
                creates = creates.reindex(changes.index, fill_value=False)
    return changes


def _created_opted_out(changes: pd.DataFrame, told: pd.Series, key: str) -> pd.DataFrame:
    of_key = changes["field"].eq(key)
    lenient = told.notna() & of_key & changes["new"].ne("true")
    changes = changes.assign(new=changes["new"].mask(lenient, "true"), rule=changes["rule"].mask(lenient, told))
    silent = told.notna() & ~changes["person"].isin(changes.loc[told.notna() & of_key, "person"])
    first = changes[silent].drop_duplicates("person")
    more = first.assign(field=key, old=None, new="true", source=None, rule=told[first.index])
    return stack([changes, more.astype(CHANGES.dtypes)], CHANGES)
