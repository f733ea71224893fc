"""Each law sees its breach: a law that cannot be broken is worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

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
    "both sides differ": lambda: laws.both_sides_agree(at(someone("00Q1", city="Paris"), someone("m1")), as_sent),
}


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
    laws.both_sides_agree(QUIET, as_sent)
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
    laws.both_sides_agree(waiting, str)
    laws.no_edit_is_lost(waiting, evidence(Diary()))
