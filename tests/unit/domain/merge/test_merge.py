"""The truth table of the merge: one case a row, for every rule."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from salesmanago_sync.domain.merge.merge import (
    HOLD,
    NOTHING,
    TO_SALESFORCE,
    TO_SALESMANAGO,
    Rule,
    Sides,
    merge,
    merge_consent,
    same,
)

BOTH = Rule("both", "newest")
PROPAGATE = Rule("both", "newest", propagate_blank=True)
TO_M = Rule("to_salesmanago", "newest")
TO_M_PROPAGATE = Rule("to_salesmanago", "newest", propagate_blank=True)
TO_A = Rule("to_salesforce", "newest")
TO_A_PROPAGATE = Rule("to_salesforce", "newest", propagate_blank=True)
UNKNOWN = "no base"
x, y, z, w = "x", "y", "z", "w"
Base = tuple[str | None, str | None] | str


def text(value: str | None) -> pd.Series:
    return pd.Series([value], dtype="str")


def sides(a: str | None, m: str | None, base: Base, salesmanago_newer: bool = False) -> Sides:
    base_a, base_m = (None, None) if base == UNKNOWN else base
    known = pd.Series([base != UNKNOWN])
    return Sides(text(a), text(m), text(base_a), text(base_m), known, pd.Series([salesmanago_newer]))


def table(cases: Sequence[tuple[str | None, str | None, Base]]) -> Sides:
    """Lay out many cases at once."""
    bases = [(None, None) if base == UNKNOWN else base for _, _, base in cases]
    columns = [[a for a, _, _ in cases], [m for _, m, _ in cases], [a for a, _ in bases], [m for _, m in bases]]
    known = pd.Series([base != UNKNOWN for _, _, base in cases])
    return Sides(*(pd.Series(column, dtype="str") for column in columns), known, pd.Series(False, index=known.index))


def results(cases: Sequence[tuple[str | None, str | None, Base]], rule: Rule) -> dict[object, str]:
    return dict(zip(cases, merge(table(cases), rule)["result"], strict=True))


def decided(frame: pd.DataFrame) -> str:
    return str(frame["result"].item())


# In this order: what Salesforce and SALESmanago held, what they hold now, and the result.
TABLE = [
    (UNKNOWN, None, None, NOTHING),
    (UNKNOWN, x, x, NOTHING),
    ((x, x), x, x, NOTHING),
    ((x, x), y, y, NOTHING),
    ((x, x), None, None, NOTHING),
    ((x, x), y, x, TO_SALESMANAGO),
    ((x, x), x, y, TO_SALESFORCE),
    ((None, None), y, None, TO_SALESMANAGO),
    ((None, None), None, y, TO_SALESFORCE),
    (UNKNOWN, x, None, TO_SALESMANAGO),
    (UNKNOWN, None, y, TO_SALESFORCE),
    # One value a side: they may differ without a difference being a change.
    ((x, y), x, y, NOTHING),
    ((x, None), x, None, NOTHING),
    ((None, y), None, y, NOTHING),
    ((x, y), z, y, TO_SALESMANAGO),
    ((x, y), x, z, TO_SALESFORCE),
    ((x, y), x, x, NOTHING),
    ((x, y), y, y, NOTHING),
    # 0, false and text of blanks are values like any other.
    ((x, x), "0", x, TO_SALESMANAGO),
    ((x, x), x, "0", TO_SALESFORCE),
    ((x, x), "false", x, TO_SALESMANAGO),
    (("0", "0"), "0", "1", TO_SALESFORCE),
    (("false", "false"), "true", "false", TO_SALESMANAGO),
    (UNKNOWN, "0", None, TO_SALESMANAGO),
    (UNKNOWN, None, "false", TO_SALESFORCE),
    (UNKNOWN, "", None, TO_SALESMANAGO),
    ((x, x), "", x, TO_SALESMANAGO),
]


@pytest.mark.parametrize("propagate", [False, True])
@pytest.mark.parametrize("conflict", ["newest", "salesforce", "salesmanago", "hold"])
def test_what_is_no_conflict_is_the_same_under_every_rule(conflict: str, propagate: bool) -> None:
    expected = {(a, m, base): result for base, a, m, result in TABLE}
    assert results(list(expected), Rule("both", conflict, propagate)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("propagate", [False, True])
@pytest.mark.parametrize("base", [UNKNOWN, (z, z), (z, w), (None, None)])
@pytest.mark.parametrize(
    ("conflict", "salesmanago_newer", "result"),
    [
        ("newest", False, TO_SALESMANAGO),
        ("newest", True, TO_SALESFORCE),
        ("salesforce", False, TO_SALESMANAGO),
        ("salesforce", True, TO_SALESMANAGO),
        ("salesmanago", False, TO_SALESFORCE),
        ("salesmanago", True, TO_SALESFORCE),
        ("hold", False, HOLD),
        ("hold", True, HOLD),
    ],
)
def test_two_values_that_both_are_news_go_by_the_conflict_rule(
    conflict: str, salesmanago_newer: bool, result: str, base: Base, propagate: bool
) -> None:
    rule = Rule("both", conflict, propagate)  # type: ignore[arg-type]
    assert decided(merge(sides(x, y, base, salesmanago_newer), rule)) == result


@pytest.mark.parametrize(
    ("rule", "base", "a", "m", "result"),
    [
        # keep: a blank never overwrites a value, and the value is sent back
        (BOTH, (x, x), None, x, TO_SALESFORCE),
        (BOTH, (x, x), x, None, TO_SALESMANAGO),
        (BOTH, (x, x), None, y, TO_SALESFORCE),
        (BOTH, (x, x), y, None, TO_SALESMANAGO),
        (BOTH, (x, y), None, y, TO_SALESFORCE),
        (BOTH, (x, y), x, None, TO_SALESMANAGO),
        # keep, but nobody emptied it: it was blank when both agreed
        (BOTH, (None, x), None, x, NOTHING),
        (BOTH, (None, x), None, y, TO_SALESFORCE),
        (BOTH, (None, x), y, x, TO_SALESMANAGO),
        # propagate: emptying is a change like any other
        (PROPAGATE, (x, x), None, x, TO_SALESMANAGO),
        (PROPAGATE, (x, x), x, None, TO_SALESFORCE),
        (PROPAGATE, (x, x), None, y, TO_SALESMANAGO),
        (PROPAGATE, (x, x), y, None, TO_SALESMANAGO),
        (PROPAGATE, UNKNOWN, None, y, TO_SALESFORCE),
        (PROPAGATE, UNKNOWN, x, None, TO_SALESMANAGO),
    ],
)
def test_a_blank_counts_as_a_change_only_where_the_field_says_so(
    rule: Rule, base: Base, a: str | None, m: str | None, result: str
) -> None:
    assert decided(merge(sides(a, m, base), rule)) == result


def test_an_emptied_value_and_a_newer_one_go_by_the_conflict_rule_where_blanks_propagate() -> None:
    assert decided(merge(sides(None, y, (x, x), salesmanago_newer=True), PROPAGATE)) == TO_SALESFORCE
    assert decided(merge(sides(y, None, (x, x), salesmanago_newer=True), PROPAGATE)) == TO_SALESFORCE
    assert decided(merge(sides(None, y, (x, x)), Rule("both", "hold", True))) == HOLD


@pytest.mark.parametrize("conflict", ["newest", "salesforce", "salesmanago", "hold"])
def test_a_kept_blank_loses_against_a_value_under_every_conflict_rule(conflict: str) -> None:
    rule = Rule("both", conflict)  # type: ignore[arg-type]
    assert decided(merge(sides(None, y, (x, x)), rule)) == TO_SALESFORCE
    assert decided(merge(sides(y, None, (x, x), salesmanago_newer=True), rule)) == TO_SALESMANAGO


# What source and target held, what they hold now, and whether it is written with `blank: keep` and `propagate`.
ONE_WAY = [
    (UNKNOWN, None, None, False, False),
    (UNKNOWN, x, x, False, False),
    (UNKNOWN, x, None, True, True),
    (UNKNOWN, x, y, True, True),
    (UNKNOWN, None, y, False, False),
    ((x, x), x, x, False, False),
    ((x, x), y, x, True, True),
    ((x, x), y, y, False, False),
    ((x, x), x, y, True, True),  # an edit of the target is overwritten
    ((x, x), x, None, True, True),
    ((x, x), y, z, True, True),
    ((x, y), x, y, False, False),  # both still hold their base
    ((x, y), x, z, True, True),
    ((x, x), None, x, False, True),
    ((x, x), None, y, False, True),
    ((None, None), None, y, False, True),
    ((x, None), x, None, False, False),
    ((x, x), "0", x, True, True),
    ((x, x), "false", x, True, True),
]


@pytest.mark.parametrize("propagate", [False, True])
@pytest.mark.parametrize("conflict", ["newest", "salesforce", "salesmanago", "hold"])
def test_a_one_way_field_has_one_writer_whatever_the_conflict_rule(conflict: str, propagate: bool) -> None:
    there, back = {}, {}
    for base, source, target, keep, propagated in ONE_WAY:
        written = propagated if propagate else keep
        mirrored = base if base == UNKNOWN else (base[1], base[0])
        there[source, target, base] = TO_SALESMANAGO if written else NOTHING
        back[target, source, mirrored] = TO_SALESFORCE if written else NOTHING
    assert results(list(there), Rule("to_salesmanago", conflict, propagate)) == there  # type: ignore[arg-type]
    assert results(list(back), Rule("to_salesforce", conflict, propagate)) == back  # type: ignore[arg-type]


OUT, IN = "true", "false"
AGREED_OUT, AGREED_IN = (OUT, OUT), (IN, IN)


@pytest.mark.parametrize(
    ("base", "a", "m", "result", "reverted"),
    [
        (UNKNOWN, IN, IN, NOTHING, False),
        (UNKNOWN, OUT, OUT, NOTHING, False),
        (UNKNOWN, OUT, IN, TO_SALESMANAGO, False),
        (UNKNOWN, IN, OUT, TO_SALESFORCE, False),
        (AGREED_IN, OUT, IN, TO_SALESMANAGO, False),
        (AGREED_IN, IN, OUT, TO_SALESFORCE, False),
        (AGREED_OUT, OUT, OUT, NOTHING, False),
        (AGREED_OUT, IN, IN, NOTHING, False),
        (AGREED_OUT, OUT, IN, TO_SALESMANAGO, True),
        (AGREED_OUT, IN, OUT, TO_SALESFORCE, True),
        # They never agreed on opted out, so nobody opted in again.
        ((OUT, IN), OUT, IN, TO_SALESMANAGO, False),
        # The account opted the newcomer out by default, and nobody has decided anything since.
        ((IN, OUT), IN, OUT, NOTHING, False),
        # A flag that was never set says nothing, and means not opted out.
        (UNKNOWN, None, IN, NOTHING, False),
        (UNKNOWN, None, OUT, TO_SALESFORCE, False),
        (UNKNOWN, OUT, None, TO_SALESMANAGO, False),
        (AGREED_OUT, OUT, None, TO_SALESMANAGO, True),
    ],
)
def test_an_opt_out_wins_and_an_opt_in_is_never_made(
    base: Base, a: str | None, m: str | None, result: str, reverted: bool
) -> None:
    for newer in (False, True):
        frame = merge_consent(sides(a, m, base, newer), BOTH, believe_salesmanago=False)
        assert (decided(frame), bool(frame["reverted"].item())) == (result, reverted)


@pytest.mark.parametrize(
    ("base", "a", "m", "result", "reverted"),
    [
        (AGREED_OUT, OUT, IN, TO_SALESFORCE, False),
        # An opt-in in Salesforce has no such evidence.
        (AGREED_OUT, IN, OUT, TO_SALESFORCE, True),
        # The first time both are seen nobody knows what came later.
        (UNKNOWN, OUT, IN, TO_SALESMANAGO, False),
        (AGREED_IN, OUT, IN, TO_SALESMANAGO, False),
        (AGREED_IN, IN, OUT, TO_SALESFORCE, False),
        ((OUT, IN), OUT, IN, TO_SALESMANAGO, False),
    ],
)
def test_opt_in_salesmanago_believes_a_new_subscription_there(
    base: Base, a: str, m: str, result: str, reverted: bool
) -> None:
    frame = merge_consent(sides(a, m, base), BOTH, believe_salesmanago=True)
    assert (decided(frame), bool(frame["reverted"].item())) == (result, reverted)
    opens = frame["rule"].item() == "opted in again in SALESmanago"
    assert opens == (base == AGREED_OUT and a == OUT)


@pytest.mark.parametrize(
    ("direction", "a", "m", "result"),
    [
        ("to_salesmanago", OUT, IN, TO_SALESMANAGO),
        ("to_salesmanago", IN, OUT, NOTHING),
        ("to_salesforce", OUT, IN, NOTHING),
        ("to_salesforce", IN, OUT, TO_SALESFORCE),
    ],
)
def test_consent_of_one_direction_writes_only_there(direction: str, a: str, m: str, result: str) -> None:
    for base in (UNKNOWN, AGREED_IN, AGREED_OUT):
        frame = merge_consent(sides(a, m, base), Rule(direction), believe_salesmanago=False)  # type: ignore[arg-type]
        assert decided(frame) == result


def test_a_subscription_in_salesmanago_opens_nothing_where_consent_only_goes_there() -> None:
    frame = merge_consent(sides(OUT, IN, AGREED_OUT), TO_M, believe_salesmanago=True)
    assert decided(frame) == TO_SALESMANAGO


def test_every_decision_says_why() -> None:
    cases = [(a, m, base) for base, a, m, _ in TABLE] + [(x, y, UNKNOWN), (x, y, (z, z)), (None, x, (x, x))]
    for rule in (BOTH, PROPAGATE, TO_M, TO_M_PROPAGATE, TO_A, TO_A_PROPAGATE):
        assert merge(table(cases), rule)["rule"].ne("").all()


def test_people_are_decided_one_by_one_on_their_own_index() -> None:
    index = pd.Index([7, 3, 5])
    column = lambda *values: pd.Series(values, index=index, dtype="str")  # noqa: E731
    known = pd.Series([True, True, False], index=index)
    newer = pd.Series(False, index=index)
    people = Sides(column(y, x, None), column(x, y, y), column(x, x, None), column(x, x, None), known, newer)
    expected = {7: TO_SALESMANAGO, 3: TO_SALESFORCE, 5: TO_SALESFORCE}
    assert merge(people, BOTH)["result"].to_dict() == expected


def test_nobody_is_decided_without_an_error() -> None:
    empty = pd.Series([], dtype="str")
    flags = pd.Series([], dtype="bool")
    nobody = Sides(empty, empty, empty, empty, flags, flags)
    assert merge(nobody, BOTH).empty
    assert merge_consent(nobody, BOTH, believe_salesmanago=True).empty


def test_two_blanks_are_the_same_and_a_blank_is_no_value() -> None:
    left = pd.Series([None, None, x, "0", ""], dtype="str")
    right = pd.Series([None, x, None, "0", None], dtype="str")
    assert same(left, right).tolist() == [True, False, False, True, False]
