"""Addresses: who may take which address, and after whom, so that nobody is given what somebody else still has.

An address that its holder gives up in the same run is free once he has moved: moves follow each other in the lanes
`moves 1`, `moves 2` and so on. SALESmanago knows a contact by the address, so that a ring of people who wait for each
other's cannot be untied there; each of its moves is an issue, and everything else of these people goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, PAIR, SKIP, Identities
from salesmanago_sync.domain.plan.changes import VERDICTS, Decision
from salesmanago_sync.domain.plan.findings import issues, stack
from salesmanago_sync.domain.staged_frames import CHANGES, FOUND_ISSUES

MOVES = "moves "
EMAIL = "email"
OWN = {TO_SALESMANAGO: "salesmanago_id", TO_SALESFORCE: "salesforce_id"}
CREATES = (CREATE_IN_SALESMANAGO, CREATE_IN_SALESFORCE)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Somebody who is about to take an address.

    Attributes:
        own: The id on the side that is written; nothing for a newcomer.
        holders: Who has the address.
        rivals: Who is about to take it too.
    """

    way: str
    own: str
    holders: tuple[str, ...]
    rivals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of a claim: why it is refused, or in which turn it comes, and after whom."""

    refusal: str = ""
    turn: int = 1
    after: str = ""


@dataclass(slots=True)
class _Judge:
    """Decides claims, by person, each after those of the holders whom it waits for."""

    claims: dict[int, _Claim]
    gone: frozenset[str]
    verdicts: dict[int, _Verdict] = field(default_factory=dict)
    movers: dict[str, int] = field(init=False)
    _waiting: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.movers = {claim.own: person for person, claim in self.claims.items() if claim.own}

    def judge(self, person: int) -> _Verdict:
        if person not in self.verdicts:
            self._waiting.append(person)
            verdict = self._decide(self.claims[person])
            self._waiting.pop()
            # Whoever closes a ring decides for all who are in it.
            self.verdicts.setdefault(person, verdict)
        return self.verdicts[person]

    def _decide(self, claim: _Claim) -> _Verdict:
        if claim.rivals:
            return _Verdict(f"held by {claim.rivals[0]}, or about to be: two people are to have it")
        verdict = _Verdict()
        for holder in claim.holders:
            found = self._behind(holder, claim.way)
            if found.refusal:
                return found
            verdict = found if found.turn > verdict.turn else verdict
        return verdict

    def _behind(self, holder: str, way: str) -> _Verdict:
        mover = self.movers.get(holder)
        if mover is None:
            deleted = ", which is deleted: restore it, or remove it for good" if holder in self.gone else ""
            return _Verdict(f"held by {holder}{deleted}")
        if mover in self._waiting:
            return self._ring(self._waiting[self._waiting.index(mover) :], way)
        first = self.judge(mover)
        if first.refusal:
            return _Verdict(f"held by {holder}, which waits for another address itself")
        return _Verdict(turn=first.turn + 1, after=holder)

    def _ring(self, persons: list[int], way: str) -> _Verdict:
        if way == TO_SALESFORCE:
            # Salesforce lets several records have one address for a moment.
            return _Verdict()
        ids = ", ".join(sorted(self.claims[person].own for person in persons))
        told = _Verdict(
            f"held in a ring by people who wait for each other: {ids}. In Salesforce, give one of them a free address, "
            "let a run pass, and then give the right one"
        )
        self.verdicts |= dict.fromkeys(persons, told)
        return told


def settle_addresses(
    decisions: Sequence[Decision], found: Identities, people: pd.DataFrame
) -> tuple[list[Decision], pd.DataFrame]:
    """Hold back moves to an address that stays somebody else's, and put the others in order.

    Args:
        decisions: What was decided about each object, after its review.
        found: Both sides as matching sees them.
        people: The people frame. A newcomer whose address somebody is about to give up bears the reason that applies
            if he does not.

    Returns:
        The decisions, and `person, direction, after`: the record or contact that must have moved before.
    """
    hopeful = people[people["status"].isin(CREATES) & people["reason"].notna()]
    rows = stack([_about_addresses(decision, hopeful) for decision in decisions], CHANGES)
    if rows.empty:
        return [_admitted(decision, hopeful, {}) for decision in decisions], _order({}, {})
    judge = _Judge(dict(_claims(rows, found, people)), _deleted(found))
    verdicts = {person: judge.judge(person) for person in judge.claims}
    turns = {person: verdict.turn for person, verdict in verdicts.items() if verdict.turn > 1}
    # Whoever is waited for goes before, in a lane of its own.
    turns |= {judge.movers[one.after]: verdicts[judge.movers[one.after]].turn for one in verdicts.values() if one.after}
    refused = {person: verdict.refusal for person, verdict in verdicts.items() if verdict.refusal}
    settled = [_in_turn(_refused(decision, refused, hopeful), judge.claims, turns) for decision in decisions]
    return [_admitted(decision, hopeful, refused) for decision in settled], _order(judge.claims, verdicts)


def _about_addresses(decision: Decision, hopeful: pd.DataFrame) -> pd.DataFrame:
    changes = decision.changes
    mine = changes[changes["field"].eq(EMAIL) & changes["new"].notna()]
    return mine[mine["action"].eq("update") | mine["person"].isin(hopeful.index)]


def _claims(rows: pd.DataFrame, found: Identities, people: pd.DataFrame) -> Iterator[tuple[int, _Claim]]:
    holders = {way: _holders(found, way, rows["new"]) for way in OWN}
    paired = people[people["status"].eq(PAIR)]
    settled = frozenset({*paired["salesforce_id"], *paired["salesmanago_id"]})
    own = pd.Series("", index=rows.index, dtype=TEXT)
    for way, column in OWN.items():
        own = own.mask(rows["direction"].eq(way) & rows["action"].eq("update"), rows[column])
    moves: dict[tuple[str, str], list[str]] = {}
    for way, address, mine in zip(rows["direction"], rows["new"], own, strict=True):
        moves.setdefault((way, address), []).append(mine)
    for person, way, address, mine in zip(rows["person"], rows["direction"], rows["new"], own, strict=True):
        other = TO_SALESFORCE if way == TO_SALESMANAGO else TO_SALESMANAGO
        those = [*holders[way].get(address, ())]
        if not mine:
            # A newcomer must find it free on both sides: a pair that is about to take it has it on one.
            those += [one for one in holders[other].get(address, ()) if one in settled]
        rivals = tuple(one for one in moves[way, address] if one and one != mine)
        yield int(person), _Claim(way, mine, tuple(one for one in those if one != mine), rivals)


def _holders(found: Identities, way: str, wanted: pd.Series) -> dict[str, list[str]]:
    side = found.salesmanago if way == TO_SALESMANAGO else found.salesforce
    # A deleted contact keeps its address; a deleted record does not.
    mine = side[side["email"].isin(wanted) & ((way == TO_SALESMANAGO) | ~side["gone"])]
    return {str(email): list(ids) for email, ids in mine.groupby("email")[OWN[way]]}


def _deleted(found: Identities) -> frozenset[str]:
    return frozenset(found.salesmanago.loc[found.salesmanago["gone"], "salesmanago_id"])


def _refused(decision: Decision, refused: dict[int, str], hopeful: pd.DataFrame) -> Decision:
    changes = decision.changes
    if not changes["person"].isin(list(refused)).any():
        return decision
    held = changes[changes["field"].eq(EMAIL) & changes["action"].eq("update") & changes["person"].isin(list(refused))]
    words = held["person"].map(refused).astype(TEXT)
    found = issues(held, "EMAIL_TAKEN", field=EMAIL, direction=held["direction"], text=words)
    out = changes["person"].isin([person for person in refused if person in hopeful.index])
    gone = changes.index.isin(held.index) | (out & changes["action"].eq("create"))
    return replace(decision, changes=changes[~gone], issues=stack([decision.issues, found], FOUND_ISSUES))


def _in_turn(decision: Decision, claims: dict[int, _Claim], turns: dict[int, int]) -> Decision:
    """Let all that is written to somebody beside the address go in the same lane: it is sent by the address."""
    changes = decision.changes
    if not changes["person"].isin(list(turns)).any():
        return decision
    lane = changes["person"].map({person: f"{MOVES}{turn}" for person, turn in turns.items()})
    way = changes["person"].map({person: claims[person].way for person in turns})
    mine = changes["lane"].eq("fields") & changes["direction"].eq(way)
    return replace(decision, changes=changes.assign(lane=changes["lane"].mask(mine, lane)))


def _admitted(decision: Decision, hopeful: pd.DataFrame, refused: dict[int, str]) -> Decision:
    """Say whether those who hoped for an address are created."""
    mine = hopeful[hopeful.index.isin(decision.pairs.people.index) & ~hopeful.index.isin(decision.verdicts["person"])]
    if mine.empty:
        return decision
    out = mine.index.isin(list(refused))
    rows = pd.DataFrame(
        {
            "person": mine.index,
            "status": mine["status"].mask(out, SKIP).to_numpy(),
            "reason": mine["reason"].where(out).to_numpy(),
        }
    )
    return replace(decision, verdicts=stack([decision.verdicts, rows], VERDICTS))


def _order(claims: dict[int, _Claim], verdicts: dict[int, _Verdict]) -> pd.DataFrame:
    rows = [(person, claims[person].way, verdict.after) for person, verdict in verdicts.items() if verdict.after]
    return pd.DataFrame(rows, columns=["person", "direction", "after"])
