"""Each law sees its breach: a law that cannot be broken is worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.steps.approval import Answer
from tests.histories import laws
from tests.histories.diary import Diary, Value
from tests.histories.look import Bound, Moment, Someone

PAIR = ("00Q1", "m1")
NOBODY_WRITES: dict[str, list[tuple[float, float]]] = {"salesforce": [], "salesmanago": []}


def someone(identifier: str, out: bool = False, gone: bool = False, **values: Any) -> Someone:
    name = "contact" if identifier.startswith("m") else "Lead"
    held = {"name": "Nowak", "email": "a@example.com", "city": "Łódź", "note": None, "company": "Acme"} | values
    return Someone(identifier, name, held, (out, False), gone, dict(held))


def at(*people: Someone, status: str = "active", bound: bool = True) -> Moment:
    records = {one.id: one for one in people if one.object == "Lead"}
    cards = {one.id: one for one in people if one.object == "contact"}
    return Moment(records, cards, {PAIR: Bound(PAIR, "Lead", status)} if bound else {}, frozenset())


def as_sent(value: Value) -> set[Value]:
    return {value}


def evidence(diary: Diary, **more: Any) -> laws.Evidence:
    agreed = {PAIR: {key: (value, value) for key, value in someone("00Q1").values.items()}}
    known = {"writes_at": NOBODY_WRITES, "policies": False, "born_out": False} | more
    return laws.Evidence(diary, agreed, as_sent, **known)


OPTED_OUT = at(someone("00Q1", out=True), someone("m1"))
QUIET = at(someone("00Q1"), someone("m1"))
BREACHES: dict[str, Callable[[], None]] = {
    "the sync opted somebody in": lambda: _one_after_another(at(someone("00Q1", out=True)), QUIET),
    "opted out without a person's doing": lambda: laws.nobody_is_opted_out_without_evidence(
        at(someone("00Q1", out=True), someone("m1")), evidence(Diary())
    ),
    "two records were made for one address": lambda: laws.nobody_is_there_twice(
        at(), at(someone("00Q1"), someone("00Q2")), Diary(), 0
    ),
    "a record was made for an address that is there": lambda: laws.nobody_is_there_twice(
        at(someone("00Q1")), at(someone("00Q1"), someone("00Q2")), Diary(), 1
    ),
    "a record got a second contact": lambda: laws.nobody_is_there_twice(
        at(someone("00Q1")), at(someone("00Q1"), someone("m1")), Diary(), 1
    ),
    "somebody who was deleted came back": lambda: laws.no_tombstone_is_revived(
        at(someone("00Q1", gone=True), status="deleted"),
        at(someone("00Q1", gone=True), someone("m2"), status="deleted"),
        Diary(),
        1,
    ),
    "the sync restored somebody": lambda: laws.no_tombstone_is_revived(
        at(someone("00Q1"), someone("m1", gone=True)), QUIET, Diary(), 1
    ),
    "a stranger was written": lambda: laws.strangers_are_left_alone(
        at(someone("00Q7"), bound=False), at(someone("00Q7", city="Paris"), bound=False), Diary(), 1
    ),
    "the sync deleted somebody without a reason": lambda: _deleted(Diary(), created=frozenset()),
    "an undo deleted whom a person had edited": lambda: _deleted(typed((5, "salesmanago", "note", "b"))),
    "an undo deleted whom a person had opted out": lambda: _deleted(_opted_out(), out=True),
    "an undo did not delete what the run had created": lambda: laws.an_undo_deletes_what_was_created(
        at(someone("00Q1")), QUIET, QUIET, NOTHING_LEFT, transforms=False
    ),
    "what nobody has edited counts as edited": lambda: laws.an_undo_deletes_what_was_created(
        at(someone("00Q1")), QUIET, QUIET, NOTHING_LEFT.assign(state="dropped"), transforms=False
    ),
    "not everybody is accounted for": lambda: laws.everybody_is_accounted_for({"rows": [_row(read=2)]}),
    "opted out on one side only": lambda: laws.whoever_is_opted_out_is_so_on_both_sides(
        at(someone("00Q1", out=True), someone("m1")), evidence(Diary())
    ),
    "reachable, and the address is opted out": lambda: laws.nobody_of_an_opted_out_address_is_mailable(
        at(someone("00Q1", out=True), someone("00Q2")), evidence(Diary())
    ),
    "the consent lane left an opt-out behind": lambda: laws.no_opt_out_is_left_behind(
        OPTED_OUT, OPTED_OUT, evidence(Diary()), 1
    ),
    "both sides differ": lambda: laws.both_sides_agree(at(someone("00Q1", city="Paris"), someone("m1")), as_sent, {}),
    "a held value was overwritten": lambda: laws.nothing_held_is_overwritten(
        at(someone("00Q1", city="Opole"), someone("m1", city="Opole")), evidence(_disagreeing(), holds=True)
    ),
    "a decision was not carried out": lambda: laws.decisions_are_carried_out({PAIR}, evidence(_decided())),
    "an edit was lost": lambda: laws.no_edit_is_lost(
        at(someone("00Q1", city="Radom"), someone("m1", city="Opole")), evidence(_decided(), holds=True)
    ),
}


def _deleted(diary: Diary, *, out: bool = False, created: frozenset[str] = frozenset({"m1"})) -> None:
    """A run deletes the contact, and may have been asked to."""
    before, after = (at(someone("00Q1"), someone("m1", out=out, gone=gone)) for gone in (False, True))
    laws.nobody_is_deleted_without_a_reason(before, after, evidence(diary), 10, created)


def _opted_out() -> Diary:
    diary = Diary()
    diary.chooses(5, "m1", 0, True)
    return diary


def _disagreeing() -> Diary:
    diary = Diary()
    diary.types(1, "salesforce", PAIR[0], {"city": "Radom"})
    diary.types(2, "salesmanago", PAIR[1], {"city": "Opole"})
    return diary


def _decided() -> Diary:
    diary = _disagreeing()
    diary.decides(PAIR, "city", "Radom")
    return diary


def _one_after_another(*moments: Moment) -> None:
    diary = Diary()
    for one in moments:
        laws.nobody_is_opted_in(one, diary)


def _row(**counts: int) -> dict[str, Any]:
    zero = dict.fromkeys(("read", "unchanged", "created", "updated", "planned", "failed"), 0)
    return {**zero, "skipped": {}, **counts}


@pytest.mark.parametrize("words", BREACHES)
def test_a_breach_is_seen(words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        BREACHES[words]()


def test_a_decision_falls_when_somebody_types_after_it() -> None:
    diary = _decided()
    diary.types(3, "salesmanago", PAIR[1], {"city": "Lublin"})
    laws.decisions_are_carried_out({PAIR}, evidence(diary, holds=True))


def test_what_a_run_may_have_carried_over_is_not_held() -> None:
    now = at(someone("00Q1", city="Opole"), someone("m1", city="Opole"))
    writes = {"salesforce": [], "salesmanago": [(1.2, 1.5)]}
    laws.nothing_held_is_overwritten(now, evidence(_disagreeing(), holds=True, writes_at=writes))


ALL, NOTHING = (Answer(approved=approved, who="anna", scope=Scope()) for approved in (True, False))
CITIES = Answer(approved=True, who="anna", scope=Scope(fields=("address.city",)))


def rows(*told: tuple[int, str, str, str]) -> pd.DataFrame:
    """Rows of a run: number, field, new value and state."""
    made = [
        {"id": number, "object": "Lead", "direction": "to_salesmanago", "action": "update", "reason": "",
         "field": field, "new": new, "state": state, "salesforce_id": PAIR[0], "salesmanago_id": PAIR[1]}
        for number, field, new, state in told
    ]  # fmt: skip
    return pd.DataFrame(made).set_index("id")


NOTHING_LEFT = rows((1, "", "", "done")).assign(reason="CREATED_EDITED")
PLANNED = rows((1, "address.city", "Paris", "planned"), (2, "phone", "1", "planned"))


@pytest.mark.parametrize(
    ("answer", "now", "words"),
    [
        (ALL, rows((1, "address.city", "Paris", "done"), (2, "phone", "2", "done")), "not what was shown"),
        (ALL, rows((1, "address.city", "Paris", "done"), (2, "phone", "1", "done"), (3, "fax", "1", "done")), "after"),
        (CITIES, rows((1, "address.city", "Paris", "done"), (2, "phone", "1", "done")), "is not dropped"),
        (NOTHING, rows((1, "address.city", "Paris", "done"), (2, "phone", "1", "dropped")), "is not dropped"),
        (ALL, rows((1, "address.city", "Paris", "done"), (2, "phone", "1", "moved")), None),
        (CITIES, rows((1, "address.city", "Paris", "done"), (2, "phone", "1", "dropped")), None),
        (NOTHING, rows((1, "address.city", "Paris", "dropped"), (2, "phone", "1", "dropped")), None),
    ],
)
def test_only_what_was_approved_may_be_written(answer: Answer, now: pd.DataFrame, words: str | None) -> None:
    with nullcontext() if words is None else pytest.raises(AssertionError, match=words):
        laws.only_what_was_approved_is_written(PLANNED, now, answer)


@pytest.mark.parametrize(
    ("answer", "now", "words"),
    [
        (ALL, rows((7, "address.city", "Paris", "done"), (8, "phone", "1", "dropped")), None),
        (ALL, rows((7, "address.city", "Rome", "done")), "not approved"),
        (CITIES, rows((7, "phone", "1", "failed")), "not approved"),
        (NOTHING, rows((7, "phone", "1", "dropped")), None),
        (NOTHING, rows((7, "phone", "1", "done")), "not approved"),
    ],
)
def test_an_undo_may_write_only_what_was_approved(answer: Answer, now: pd.DataFrame, words: str | None) -> None:
    named = {"salesforce_id": "00Q1", "salesmanago_id": "m1"}
    with nullcontext() if words is None else pytest.raises(AssertionError, match=words):
        laws.an_undo_writes_what_was_approved(PLANNED.assign(**named), now.assign(**named), answer)


@pytest.mark.parametrize(
    ("after", "told", "words"),
    [
        (QUIET, rows((1, "address.city", "Łódź", "done")), None),
        (at(someone("00Q1"), someone("m1", city="Paris")), rows((1, "address.city", "Łódź", "done")), "not restore"),
        (at(someone("00Q1", city="Rome"), someone("m1")), rows((1, "address.city", "Łódź", "done")), "touched"),
        (at(someone("00Q1"), someone("m1", out=True)), rows((1, "address.city", "Łódź", "done")), "opt-out"),
        (at(someone("00Q1"), someone("m1", city="Paris")), rows((1, "address.city", "Łódź", "failed")), None),
    ],
)
def test_an_undo_restores_and_touches_nothing_else(after: Moment, told: pd.DataFrame, words: str | None) -> None:
    between = at(someone("00Q1"), someone("m1", city="Paris"))
    with nullcontext() if words is None else pytest.raises(AssertionError, match=words):
        laws.an_undo_restores(QUIET, between, after, told, as_sent, transforms=False)


def test_what_an_undo_left_different_is_agreed_until_somebody_edits_it() -> None:
    now = at(someone("00Q1", city="Paris"), someone("m1"))
    agreed = {PAIR: {**evidence(Diary()).agreed[PAIR], "city": ("Paris", "Łódź")}}
    known = replace(evidence(Diary()), agreed=agreed)
    laws.both_sides_agree(now, as_sent, agreed)
    laws.no_edit_is_lost(now, known)
    diary = typed((5, "salesforce", "city", "Rome"))
    with pytest.raises(AssertionError, match="an edit was lost"):
        laws.no_edit_is_lost(now, replace(known, diary=diary))


def test_an_undo_may_delete_what_was_created_and_nobody_has_edited() -> None:
    _deleted(Diary())
    gone = at(someone("00Q1"), someone("m1", gone=True))
    laws.an_undo_deletes_what_was_created(at(someone("00Q1")), QUIET, gone, NOTHING_LEFT, transforms=False)


def test_nothing_is_wrong_on_a_quiet_day() -> None:
    known = evidence(Diary())
    laws.nobody_is_opted_out_without_evidence(QUIET, known)
    laws.nobody_is_there_twice(QUIET, QUIET, Diary(), 1)
    laws.no_tombstone_is_revived(QUIET, QUIET, Diary(), 1)
    laws.strangers_are_left_alone(QUIET, QUIET, Diary(), 1)
    laws.everybody_is_accounted_for({"rows": [_row(read=2, unchanged=1, failed=1)]})
    laws.whoever_is_opted_out_is_so_on_both_sides(QUIET, known)
    laws.nobody_of_an_opted_out_address_is_mailable(QUIET, known)
    laws.no_opt_out_is_left_behind(QUIET, QUIET, known, 1)
    laws.both_sides_agree(QUIET, as_sent, {})
    laws.no_edit_is_lost(QUIET, known)


def test_the_consent_lane_need_not_see_what_is_newer_than_its_window() -> None:
    late = Diary()
    late.chooses(5, "00Q1", 0, True)
    laws.no_opt_out_is_left_behind(OPTED_OUT, OPTED_OUT, evidence(late), 5)
    laws.no_opt_out_is_left_behind(QUIET, OPTED_OUT, evidence(Diary()), 5)


def typed(*edits: tuple[float, str, str, str | None]) -> Diary:
    """When, on which side, into which field, and what."""
    diary = Diary()
    for when, side, key, value in edits:
        diary.types(when, side, PAIR[0] if side == "salesforce" else PAIR[1], {key: value})  # type: ignore[arg-type]
    return diary


def both(**values: Any) -> Moment:
    return at(someone("00Q1", **values), someone("m1", **values))


@pytest.mark.parametrize(
    ("diary", "end"),
    [
        (typed((5, "salesforce", "city", "Paris")), both(city="Paris")),
        # The newest of both wins.
        (typed((5, "salesforce", "city", "Paris"), (9, "salesmanago", "city", "Rome")), both(city="Rome")),
        # A record has one clock: an edit of another field makes an older one win.
        (
            typed((5, "salesforce", "city", "P"), (9, "salesmanago", "city", "R"), (20, "salesforce", "name", "Maj")),
            both(city="P", name="Maj"),
        ),
        # Clocks that are equal decide nothing.
        (typed((5, "salesforce", "city", "Paris"), (6, "salesmanago", "city", "Rome")), both(city="Paris")),
        # SALESmanago wins for notes, however old.
        (typed((5, "salesmanago", "note", "b"), (9, "salesforce", "note", "a")), both(note="b")),
        # A blank gives way, unless the field says that it counts.
        (typed((5, "salesforce", "city", None)), both()),
        (typed((5, "salesforce", "company", None)), both(company=None)),
    ],
)
def test_an_edit_that_a_rule_allows_to_lose_may_be_lost(diary: Diary, end: Moment) -> None:
    laws.no_edit_is_lost(end, evidence(diary))


@pytest.mark.parametrize(
    ("diary", "end"),
    [
        (typed((5, "salesforce", "city", "Paris")), both()),
        (typed((5, "salesforce", "city", "Paris"), (9, "salesmanago", "city", "Rome")), both(city="Paris")),
        (typed((5, "salesmanago", "note", "b")), both(note=None)),
        (typed((5, "salesforce", "city", "Paris")), both(city="Berlin")),
        (typed(), both(city="Berlin")),
        (typed((5, "salesforce", "company", None)), both()),
    ],
)
def test_an_edit_that_no_rule_allows_to_lose_is_missed(diary: Diary, end: Moment) -> None:
    with pytest.raises(AssertionError, match="an edit was lost"):
        laws.no_edit_is_lost(end, evidence(diary))


def test_what_is_typed_while_a_request_is_under_way_may_be_lost() -> None:
    diary = typed((5, "salesmanago", "city", "Rome"))
    for decided, arrived in ((4, 6), (14, 14)):
        under_way = {**NOBODY_WRITES, "salesmanago": [(decided, arrived)]}
        laws.no_edit_is_lost(both(), evidence(diary, writes_at=under_way))
    later = {**NOBODY_WRITES, "salesmanago": [(16, 16)], "salesforce": [(5, 5)]}
    with pytest.raises(AssertionError, match="an edit was lost"):
        laws.no_edit_is_lost(both(), evidence(diary, writes_at=later))


def test_the_doing_of_a_person_is_evidence_for_all_kin() -> None:
    diary = Diary()
    diary.chooses(1, "00Q2", 0, True)
    diary.addresses(1, "00Q2", "A@example.com")
    now = at(someone("00Q1", out=True), someone("m1", out=True))
    with pytest.raises(AssertionError, match="without a person's doing"):
        laws.nobody_is_opted_out_without_evidence(now, evidence(diary))
    laws.relate(now, diary)
    laws.nobody_is_opted_out_without_evidence(now, evidence(diary))


def test_a_policy_is_evidence_where_a_person_deleted() -> None:
    diary, now = Diary(), at(someone("m1", out=True))
    laws.relate(now, diary)
    diary.ends(1, ["00Q1"])
    laws.nobody_is_opted_out_without_evidence(now, evidence(diary, policies=True))
    with pytest.raises(AssertionError, match="without a person's doing"):
        laws.nobody_is_opted_out_without_evidence(now, evidence(diary))


def test_whoever_has_an_issue_is_a_persons_affair() -> None:
    waiting = replace(at(someone("00Q1", city="Paris"), someone("m1")), disputed=frozenset({"m1"}))
    laws.both_sides_agree(waiting, str, {})
    laws.no_edit_is_lost(waiting, evidence(Diary()))


def test_whoever_is_left_of_somebody_who_is_gone_gets_no_new_record_though_the_ledger_was_lost() -> None:
    left = someone("m1", externalId="00Q1")
    before = at(someone("00Q1", gone=True), left, bound=False)
    laws.no_tombstone_is_revived(before, before, Diary(), 1)
    after = at(someone("00Q1", gone=True), left, someone("00Q2"), bound=False)
    with pytest.raises(AssertionError, match="came back"):
        laws.no_tombstone_is_revived(before, after, Diary(), 1)
