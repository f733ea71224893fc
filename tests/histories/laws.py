"""Laws of the sync, asked of both services, the ledger and what people did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesmanago_sync.steps.approval import Answer
from salesmanago_sync.steps.newcomers import FOLLOW_UP
from tests.histories.bench import SYSTEMS, Bench
from tests.histories.dag_run import DagRun
from tests.histories.diary import Diary, Edit, Side, Value
from tests.histories.look import CARD_OPT_OUTS, KEYS, OPT_OUTS, Bound, Moment, Pair, Someone

PROPAGATES = {"company"}
# Which field is held in a set-up that holds.
HELD = "city"
# The fields that are no ordinary values: the key of a person.
KEY = "email"
# Who wins where both sides were edited; the newest where nothing is said.
RULES = {"note": "salesmanago"}
# Statuses of bindings that have ended.
ENDED = ("deleted", "merged")
# Clocks of SALESmanago have whole seconds, and Salesforce tells no more.
TIE = 2.0
# What an opt-out moves beside its flag.
CLOCKS = {"modifiedOn", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}
# How old the sync's knowledge may be when it decides upon a request.
FRESH = 10.0
Kept = Callable[[Value], set[Value]]
Agreed = Mapping[Pair, Mapping[str, tuple[Value, Value]]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the laws judge by.

    Attributes:
        diary: What people did.
        agreed: What both sides held when they last came to rest, by pair.
        kept: What becomes of a text as the services hand it to each other.
        writes_at: When requests that write were decided upon, and when they arrived, by system.
        policies: Whether a deletion may opt somebody out.
        born_out: Whether the account creates contacts opted out.
        holds: Whether a field is held where both sides were edited.
        deletes: Whether a deletion may delete the contact, too.
        untold: Whether the ledger was lost where the account opts new contacts out and no clock tells of an opt-out:
            nobody can tell one from the other then, and whoever was asked has answered that it is the account's.
    """

    diary: Diary
    agreed: Agreed
    kept: Kept
    writes_at: Mapping[str, Sequence[tuple[float, float]]]
    policies: bool
    born_out: bool
    holds: bool = False
    deletes: bool = False
    untold: bool = False


def relate(now: Moment, diary: Diary) -> None:
    """Note who shares an address or a binding, and so may be one person."""
    for one in now.everybody.values():
        if one.email is not None:
            diary.kin.join(one.id, f"address {one.email}")
    for pair in now.bindings:
        diary.kin.join(*pair)


def agreement(now: Moment) -> dict[Pair, dict[str, tuple[Value, Value]]]:
    """What both sides of everybody hold who has no issue."""
    return {
        bound.pair: {key: (value, card.values[key]) for key, value in record.values.items()}
        for bound, record, card in now.pairs("active")
        if not disputed(now, bound)
    }


# -- after every run, whatever became of it


def nobody_is_opted_in(now: Moment, diary: Diary) -> None:
    """The sync opts nobody in: a flag that is gone was taken away by a person."""
    for one in now.everybody.values():
        for channel, out in enumerate(one.opted_out):
            known = diary.flags.get((one.id, channel), False)
            assert out or not known, ("the sync opted somebody in", one.object, one.id, channel)
            diary.flags[one.id, channel] = out


def nobody_is_opted_out_without_evidence(now: Moment, evidence: Evidence) -> None:
    """Whoever is opted out was opted out by a person, on a record or contact that may be the same person.

    A contact may be opted out by the account's own default; that is nobody's decision and goes no further.
    """
    diary = evidence.diary
    for one in now.everybody.values():
        for channel, out in enumerate(one.opted_out):
            if not out or diary.related(one.id, diary.opted_out[channel]):
                continue
            by_default = channel == 0 and (_by_default(one, evidence) or _of_what_is_unknown(one, now, evidence))
            by_policy = evidence.policies and diary.related(one.id, diary.ended)
            assert by_default or by_policy, ("opted out without a person's doing", one.object, one.id, channel)


def _by_default(one: Someone, evidence: Evidence) -> bool:
    """Whether the account may have opted a new contact out by itself."""
    diary = evidence.diary
    by_a_person = {*diary.made, *diary.opted_out[0]} - diary.restored
    untold = evidence.untold or one.id in diary.unheard
    return evidence.born_out and one.object == "contact" and (untold or one.id not in by_a_person)


def _of_what_is_unknown(one: Someone, now: Moment, evidence: Evidence) -> bool:
    """Whether a record belongs to a contact of whom nothing was known any more, and that a person had edited.

    The sync made the record of the contact, or the contact of the record. After a loss of the ledger nobody can tell
    such a contact's flag from a person's, for all of its address, and mailing is the worse mistake. So it is of one
    that was written since the watermark by a run that did not come to its end, and so could not note that; and of one
    that a write made anew whom a person had removed meanwhile, where the run died with that write; and of one whose
    record is gone. Of a contact of whom nothing is known a record is made as opted out as the contact is.
    """
    diary = evidence.diary
    cards = {bound.pair[1] for bound in now.bindings.values() if bound.pair[0] == one.id}
    if evidence.born_out and one.email in diary.purged and cards - diary.made.keys():
        return True
    if evidence.born_out and diary.ledger_lost and cards and one.id not in diary.outlived | diary.made.keys():
        return True
    edited = now.cards.keys() & (diary.touched.keys() | diary.rewritten)
    unknown = edited | {card.id for card in _left_behind(now)}
    if evidence.born_out and diary.ledger_lost and diary.related(one.id, unknown - diary.made.keys()):
        return True
    return evidence.born_out and one.id not in diary.made and bool(cards & edited)


def _left_behind(now: Moment) -> list[Someone]:
    """List the contacts that name a record which is gone."""
    gone = {one.id for one in now.records.values() if one.gone}
    return [one for one in now.cards.values() if one.raw.get("externalId") in gone]


def nobody_is_there_twice(before: Moment, after: Moment, diary: Diary, since: float) -> None:
    """The sync makes no record for an address that a living record has, and no card for a record that had one."""
    made = [one for one in after.living.values() if one.id not in before.records and one.id not in diary.made]
    addresses = [one.email for one in made]
    assert len(set(addresses)) == len(addresses), ("two records were made for one address", addresses)
    # Whoever gave an address up in this run leaves it to others.
    here = {
        one.email for key, one in before.living.items() if key in after.living and after.living[key].email == one.email
    }
    again = {address for address in addresses if address in here and _untouched(diary, address, since)}
    assert not again, ("a record was made for an address that is there", again)
    had = {record for record, _ in before.bindings}
    for key in after.cards.keys() - before.cards.keys() - diary.made.keys():
        owners = {bound.pair[0] for bound in after.bindings.values() if bound.pair[1] == key}
        second = {owner for owner in owners & had if diary.touched.get(owner, 0) < since}
        assert not second, ("a record got a second contact", second, key)


def no_tombstone_is_revived(before: Moment, after: Moment, diary: Diary, since: float) -> None:
    """The sync makes nobody with the address of somebody who was deleted or merged away, and restores nobody."""
    ended = [bound for bound in before.bindings.values() if bound.status in ENDED]
    gone = {_last_address(before, bound, diary) for bound in ended} - {None}
    left = {one.email for one in _left_behind(before)} - {None}
    was = before.everybody
    for one in after.everybody.values():
        if one.id in diary.made and diary.made[one.id] >= since:
            continue
        if one.id not in was:
            # A record that a person made without an address is heard of once the sync fills it in.
            by_sync = one.id not in diary.made
            of_the_gone = gone if one.object == "contact" else gone | left
            back = by_sync and not one.gone and one.email in of_the_gone and _untouched(diary, one.email, since)
            assert not back, ("somebody who was deleted came back", one.object, one.id)
        elif diary.touched.get(one.id, 0) < since:
            assert one.gone or not was[one.id].gone, ("the sync restored somebody", one.object, one.id)


def _last_address(now: Moment, bound: Bound, diary: Diary) -> Value:
    """The address of both sides; of nobody, where they differ, or may have: a person took it elsewhere.

    Of nobody either whose record was merged into another one: the person lives on there.
    """
    record, card = now.records.get(bound.pair[0]), now.cards.get(bound.pair[1])
    if record is not None and record.raw.get("MasterRecordId") is not None:
        return None
    known = [one for one in (record, card) if one is not None]
    addresses = {one.email for one in known}
    # Of one side nothing is left: the other had its address from the beginning, or nobody knows.
    if len(known) == 1 and diary.moved.get(known[0].email or "", 0) > diary.made.get(known[0].id, 0):
        return None
    return addresses.pop() if len(addresses) == 1 else None


def strangers_are_left_alone(before: Moment, after: Moment, diary: Diary, since: float) -> None:
    """The sync writes nothing but opt-outs to a record or contact of whom the ledger knows nothing afterwards."""
    known = {key for pair in (*after.bindings, *before.bindings) for key in pair}
    was, is_ = before.everybody, after.everybody
    for key in (was.keys() & is_.keys()) - known:
        if diary.touched.get(key, 0) < since:
            same = _but_consent(was[key]) == _but_consent(is_[key])
            assert same, ("a stranger was written", is_[key].object, key)


def nobody_is_deleted_without_a_reason(
    before: Moment, after: Moment, evidence: Evidence, since: float, created: Set[str]
) -> None:
    """The sync deletes by a policy, or by an undo whom a run created and nobody has edited since.

    Args:
        before: Before the run.
        after: After it.
        evidence: What people did.
        since: When the run began.
        created: Whom the run may delete, as long as no person has touched them.
    """
    diary = evidence.diary
    for key, one in before.everybody.items():
        left = after.everybody.get(key)
        if one.gone or (left is not None and not left.gone) or diary.ended.get(key, 0) >= since:
            continue
        by_policy = evidence.deletes and one.object == "contact" and diary.related(key, diary.ended)
        if by_policy:
            continue
        assert key in created, ("the sync deleted somebody without a reason", one.object, key)
        side: Side = "salesmanago" if one.object == "contact" else "salesforce"
        edited = key in diary.edited and not _raced(Edit(diary.edited[key], side, None), evidence)
        assert not edited, ("an undo deleted whom a person had edited", one.object, key)
        chosen = key in diary.touched and not _raced(Edit(diary.touched[key], side, None), evidence)
        partners = [
            after.everybody.get(name) for pair in before.bindings if key in pair for name in pair if name != key
        ]
        for channel, out in enumerate(one.opted_out):
            lost = chosen and out and key in diary.opted_out[channel]
            kept = all(partner is None or partner.gone or partner.opted_out[channel] for partner in partners)
            assert kept or not lost, ("an undo deleted whom a person had opted out, and nobody else knows", key)


def _but_consent(one: Someone) -> dict[str, Any]:
    flags = {*CARD_OPT_OUTS, *(name for names in OPT_OUTS.values() for name in names)}
    return {name: value for name, value in one.raw.items() if name not in flags | CLOCKS}


def _untouched(diary: Diary, address: Value, since: float) -> bool:
    return address is not None and diary.moved.get(address, 0) < since


def everybody_is_accounted_for(totals: Mapping[str, Any] | None) -> None:
    """Read = unchanged + written + skipped + failed."""
    for row in (totals or {}).get("rows", []):
        told = sum(row[name] for name in ("unchanged", "created", "updated", "planned", "failed"))
        told += sum(row["skipped"].values())
        assert row["read"] == told and row["unchanged"] >= 0, ("not everybody is accounted for", row)  # noqa: PT018


def the_lock_is_free(bench: Bench) -> None:
    """Whatever became of a run: nobody who is not at work holds the lock."""
    holder = bench.ledger.lock.holder(bench.now())
    assert holder is None, ("the lock is not free", str(holder))


def the_watermark_moves_forward_over_settled_changes(before: Any, bench: Bench, run: DagRun) -> None:
    """It moves forward only, and only where nothing of the run is still planned."""
    after = bench.variables.get("salesmanago_last_sync")
    if after is None or (before is not None and all(after[side] == before[side] for side in SYSTEMS)):
        return
    assert before is None or all(after[side] >= before[side] for side in SYSTEMS), ("it moved back", before, after)
    left = bench.ledger.changes.read(run.number, state="planned")
    assert left.empty, f"the watermark moved over unwritten changes:\n{left.to_string()}"


def only_what_was_approved_is_written(planned: pd.DataFrame, now: pd.DataFrame, answer: Answer) -> None:
    """What was not approved is dropped, nothing is planned anew, and what is written is what was shown.

    Args:
        planned: The rows of the question, by id.
        now: The rows of the run once it has ended.
        answer: What was answered.
    """
    meant = answer.scope.holds(planned) if answer.approved else pd.Series(False, index=planned.index)
    new = now.loc[now.index.difference(planned.index)]
    assert new["action"].eq(FOLLOW_UP).all(), ("something was planned after the question", new.to_dict("records"))
    then = now.reindex(planned.index)
    left = then.loc[~meant & ~planned["state"].eq("dropped"), "state"]
    assert left.eq("dropped").all(), ("what was not approved is not dropped", left.to_dict())
    shown = ["field", "direction", "new"]
    same = (then[shown].fillna("") == planned[shown].fillna("")).all(axis=1)
    assert same.all(), ("what is written is not what was shown", then[~same].to_dict("records"))


def an_undo_writes_what_was_approved(planned: pd.DataFrame, now: pd.DataFrame, answer: Answer) -> None:
    """An undo that asked writes nothing that was not shown as it is, or not approved.

    Args:
        planned: The rows of the question.
        now: The rows of the run once it has ended.
        answer: What was answered.
    """
    shown = ["salesforce_id", "salesmanago_id", "field", "direction", "new"]
    meant = planned[answer.scope.holds(planned) & planned["state"].eq("planned")] if answer.approved else planned[:0]
    wrote = now[now["state"].isin(["done", "failed"])]
    approved, written = ({*frame[shown].fillna("").itertuples(index=False, name=None)} for frame in (meant, wrote))
    assert written <= approved, ("an undo wrote what was not approved", written - approved)


def an_undo_restores(
    before: Moment, between: Moment, after: Moment, told: pd.DataFrame, kept: Kept, transforms: bool
) -> None:
    """An undo right after a run restores everything that it has not told to have left, and touches nothing else.

    Args:
        before: Before the run.
        between: After the run.
        after: After the undo.
        told: The rows of the undo.
        kept: What becomes of a text as the services hand it to each other.
        transforms: Whether a service may have changed what the run wrote, so that it counts as edited.
    """
    left = _left(told, "EDITED", transforms)
    excused = {
        (row[f"{row['direction'].removeprefix('to_')}_id"], KEYS.get(row["field"])) for row in left.to_dict("records")
    }
    was, wrote = before.everybody, between.everybody
    for one in after.everybody.values():
        if one.id not in was:
            continue
        assert one.opted_out == wrote[one.id].opted_out, ("an undo changed an opt-out", one.object, one.id)
        for key, value in one.values.items():
            first, second = was[one.id].values[key], wrote[one.id].values[key]
            if first == second:
                assert value == second, ("an undo touched what the run had not written", one.object, one.id, key)
            elif (one.id, key) not in excused:
                assert value in kept(first), ("an undo did not restore", one.object, one.id, key, first, second, value)


def an_undo_deletes_what_was_created(
    before: Moment, between: Moment, after: Moment, told: pd.DataFrame, transforms: bool
) -> None:
    """An undo right after a run deletes whom the run created, but for those of whom it says why not.

    Args:
        before: Before the run.
        between: After the run.
        after: After the undo.
        told: The rows of the undo.
        transforms: Whether a service may have changed what the run wrote, so that it counts as edited.
    """
    left = _left(told, "CREATED_EDITED", transforms)
    excused = {*left["salesforce_id"], *left["salesmanago_id"]}
    made = [one for key, one in between.everybody.items() if key not in before.everybody and key not in excused]
    stayed = [(one.object, one.id) for one in made if not after.everybody[one.id].gone]
    assert not stayed, ("an undo did not delete what the run had created", stayed)


def _left(told: pd.DataFrame, reason: str, transforms: bool) -> pd.DataFrame:
    """Give what an undo has left: right after the run nobody has edited anything."""
    left = told[~told["state"].eq("done")]
    edited = left[left["reason"].eq(reason)]
    assert transforms or edited.empty, ("what nobody has edited counts as edited", edited.to_dict("records"))
    return left


# -- once both sides have come to rest


def whoever_is_opted_out_is_so_on_both_sides(now: Moment, evidence: Evidence) -> None:
    """A bound person is opted out on both sides or on none; an account's default for new contacts stays there."""
    for bound, record, card in now.pairs():
        same = record.opted_out == card.opted_out or (
            _by_default(card, evidence)
            and (evidence.untold or card.id in evidence.diary.unheard or record.opted_out[1] == card.opted_out[1])
        )
        assert same, ("opted out on one side only", bound, record.opted_out, card.opted_out)


def nobody_of_an_opted_out_address_is_mailable(now: Moment, evidence: Evidence) -> None:
    """Consent belongs to the address: the opt-out of any living record of it is that of all."""
    there = [one for one in now.everybody.values() if not one.gone and one.email is not None]
    for channel in (0, 1):
        out = {one.email: one.id for one in there if one.opted_out[channel] and not _by_default(one, evidence)}
        mailable = [one for one in there if one.email in out and not one.opted_out[channel]]
        told = [(one.object, one.id, out[one.email]) for one in mailable]
        assert not told, ("reachable, and the address is opted out", channel, told)


def no_opt_out_is_left_behind(before: Moment, after: Moment, evidence: Evidence, since: float) -> None:
    """After the consent lane nobody is mailable whose address was opted out when it began, on any living record.

    A contact whose record has moved to another address is about to follow it, in the next run: an opt-out at its old
    address is none of theirs, nor the other way round.

    Args:
        before: When it began.
        after: When it had ended.
        evidence: Whom people touched since then may have been out of its sight.
        since: The end of what it reads.
    """
    then, touched = before.everybody, evidence.diary.touched
    moving = {one.id for _, *pair in before.pairs() if pair[0].email != pair[1].email for one in pair}
    there = [
        one
        for one in after.everybody.values()
        if one.email is not None and _lives_as(one, then.get(one.id)) and touched.get(one.id, 0) < since
        if one.id not in moving
    ]
    for channel in (0, 1):
        out = {one.email: one.id for one in there if then[one.id].opted_out[channel] and not _by_default(one, evidence)}
        mailable = [one for one in there if one.email in out and not one.opted_out[channel]]
        told = [
            (one.object, one.id, out[one.email]) for one in mailable if not after.disputed & {one.id, out[one.email]}
        ]
        assert not told, ("the consent lane left an opt-out behind", channel, told)


def _lives_as(one: Someone, then: Someone | None) -> bool:
    """Whether somebody lived before, too, and had the same address."""
    return then is not None and not (one.gone or then.gone) and one.email == then.email


def both_sides_agree(now: Moment, kept: Kept, *agreed: Agreed) -> None:
    """Nothing is left to do for whoever has no issue: both sides hold the same, or what they differ in by an undo.

    Args:
        now: Both sides.
        kept: What becomes of a text as the services hand it to each other.
        *agreed: What both sides held when they came to rest, and what undoes left them holding.
    """
    # The contact stays one where a binding moves, as to the winner of a merge.
    told = [{card: fields for (_, card), fields in one.items()} for one in agreed]
    for bound, record, card in now.pairs("active"):
        if disputed(now, bound):
            continue
        for key, value in record.values.items():
            there = card.values[key]
            if any(of_card.get(bound.pair[1], {}).get(key) == (value, there) for of_card in told):
                continue
            assert there in kept(value) or value in kept(there), ("both sides differ", bound, key, value, there)


def no_edit_is_lost(now: Moment, evidence: Evidence) -> None:
    """What a field of a bound person holds is what a rule allows: the last that was typed, or what won over it."""
    for bound, record, card in now.pairs("active"):
        if disputed(now, bound):
            continue
        for key in record.values:
            may = _allowed(bound, key, record, card, evidence)
            found = {record.values[key], card.values[key]}
            kept = {one for value in may for one in evidence.kept(value)}
            assert found <= kept, (
                "an edit was lost, or a value made up",
                bound,
                key,
                sorted(map(str, may)),
                found,
            )


def nothing_held_is_overwritten(now: Moment, evidence: Evidence) -> None:
    """What people typed on both sides stays on both, until somebody decides."""
    for bound, record, card in now.pairs("active") if evidence.holds else ():
        typed = _held_apart(bound, evidence)
        for one, value in zip((record, card), typed, strict=False):
            assert one.values[HELD] in evidence.kept(value), ("a held value was overwritten", bound, one.id, value)


def _held_apart(bound: Bound, evidence: Evidence) -> tuple[Value, ...]:
    """Give what was typed last on each side, where no run can have carried one to the other."""
    diary, agreed = evidence.diary, evidence.agreed.get(bound.pair, {}).get(HELD)
    edits = [diary.edits.get((identifier, HELD), []) for identifier in bound.pair]
    if agreed is None or not all(edits) or set(bound.pair) & diary.turned or (bound.pair, HELD) in diary.decided:
        return ()
    last = [mine[-1] for mine in edits]
    known = [*agreed, *(edit.value for mine in edits for edit in mine)]
    fresh = all(edit.value is not None and known.count(edit.value) == 1 for edit in last)
    first, second = sorted(last, key=lambda edit: edit.at)
    carried = any(first.at <= arrived <= second.at + FRESH for _, arrived in evidence.writes_at[second.side])
    if not fresh or carried or any(_raced(edit, evidence) for edit in last):
        return ()
    return tuple(edit.value for edit in last)


def decisions_are_carried_out(conflicts: set[Pair], evidence: Evidence) -> None:
    """What was decided about a held field, and nobody has touched since, is held no longer."""
    for pair, key in evidence.diary.decided:
        turned = set(pair) & evidence.diary.turned
        assert turned or pair not in conflicts, ("a decision was not carried out", pair, key)


def _allowed(bound: Bound, key: str, record: Someone, card: Someone, evidence: Evidence) -> set[Value]:
    diary, agreed = evidence.diary, evidence.agreed.get(bound.pair, {}).get(key)
    if (bound.pair, key) in diary.decided:
        return {diary.decided[bound.pair, key]}
    turned = {record.id, card.id} & diary.turned
    if agreed is None or turned or key == KEY:
        return _ever(key, record, card, evidence) | set(agreed or ())
    edits = [edit for one in (record, card) for edit in diary.edits.get((one.id, key), [])]
    if not edits:
        return set(agreed)
    edits.sort(key=lambda edit: edit.at)
    everything = set(agreed) | {edit.value for edit in edits}
    last = edits[-1]
    if _raced(last, evidence):
        return everything
    latest = {edit.side: edit.value for edit in edits}
    if len(latest) == len(SYSTEMS) and set(latest.values()) == {None}:
        # Emptied on both sides before a run looked: both say the same.
        return everything
    if last.value is None and key not in PROPAGATES:
        # A blank never overwrites a value: any that was there meanwhile may have been sent back.
        return everything if None in agreed else everything - {None}
    if last.value == agreed[SYSTEMS.index(last.side)]:
        # By value nothing has changed on this side: what was typed on the other one counts.
        return {*agreed, *(edit.value for edit in edits if edit.side != last.side)}
    return {last.value} | _rivals(key, last, edits, _touched(last, record, card, diary), holds=evidence.holds)


def _rivals(key: str, last: Edit, edits: Sequence[Edit], other_touched: float, *, holds: bool) -> set[Value]:
    """The values that may win over the last one by a rule: of fields where SALESmanago wins, and of equal clocks."""
    others = {edit.value for edit in edits if edit.side != last.side}
    beaten = other_touched >= last.at - TIE and not (holds and key == HELD)
    if RULES.get(key) == "salesmanago":
        beaten = last.side == "salesforce"
    return others if beaten else set()


def _touched(last: Edit, record: Someone, card: Someone, diary: Diary) -> float:
    """When a person last touched the other side: a record has one clock for all its fields."""
    other = card if last.side == "salesforce" else record
    return diary.touched.get(other.id, 0.0)


def _raced(last: Edit, evidence: Evidence) -> bool:
    """Whether a write to the same side was under way: between what is known and what is done lies one request."""
    return any(decided - FRESH <= last.at <= arrived for decided, arrived in evidence.writes_at[last.side])


def _ever(key: str, record: Someone, card: Someone, evidence: Evidence) -> set[Value]:
    """Everything that was ever typed into the field of somebody who may be the same person."""
    mine = evidence.diary.kin.of(record.id), evidence.diary.kin.of(card.id)
    found: set[Value] = {None}
    for (identifier, name), values in evidence.diary.typed.items():
        if name == key and evidence.diary.kin.of(identifier) in mine:
            found |= values
    return found


def disputed(now: Moment, bound: Bound) -> bool:
    """Whether the person has an open issue."""
    return bool(now.disputed & set(bound.pair))
