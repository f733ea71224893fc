"""Every state of one field under every rule, against a second reading of the truth table, one case at a time."""

from __future__ import annotations

from itertools import product

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
)

VALUES = (None, "x", "y", "z", "")
FLAGS = (None, "true", "false")
DIRECTIONS = ("both", "to_salesmanago", "to_salesforce")
CONFLICTS = ("newest", "salesforce", "salesmanago", "hold")
Value = str | None
State = tuple[Value, Value, Value, Value, bool, bool]


def states(values: tuple[Value, ...]) -> list[State]:
    """Lay out every state: A, M, base of either side, whether there is a base, whether SALESmanago is newer."""
    with_base = product(values, values, values, values, [True], [False, True])
    without = product(values, values, [None], [None], [False], [False, True])
    return [*with_base, *without]


def frame_of(cases: list[State]) -> Sides:
    a, m, base_a, base_m, known, newer = (list(column) for column in zip(*cases, strict=True))
    texts = [pd.Series(column, dtype="str") for column in (a, m, base_a, base_m)]
    return Sides(*texts, known=pd.Series(known, dtype="bool"), salesmanago_newer=pd.Series(newer, dtype="bool"))


def two_way(case: State, conflict: str, propagate: bool) -> str:
    a, m, base_a, base_m, known, newer = case
    if a == m:
        return NOTHING
    if not known:
        a_news, m_news = a is not None, m is not None
    else:
        a_news, m_news = a != base_a, m != base_m
    if known and not propagate:
        # A blank that was not there before is no news: the other side's value is sent back.
        if a_news and a is None:
            return TO_SALESFORCE
        if m_news and m is None:
            return TO_SALESMANAGO
    if a_news and m_news:
        winners = {
            "newest": TO_SALESFORCE if newer else TO_SALESMANAGO,
            "salesforce": TO_SALESMANAGO,
            "salesmanago": TO_SALESFORCE,
            "hold": HOLD,
        }
        return winners[conflict]
    if a_news:
        return TO_SALESMANAGO
    return TO_SALESFORCE if m_news else NOTHING


def one_way(case: State, direction: str, propagate: bool) -> str:
    a, m, base_a, base_m, known, _ = case
    source, target, base_source, base_target = (
        (a, m, base_a, base_m) if direction == TO_SALESMANAGO else (m, a, base_m, base_a)
    )
    if source == target:
        return NOTHING
    if known and (source, target) == (base_source, base_target):
        return NOTHING
    if source is None and not (known and propagate):
        return NOTHING
    return direction


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_state_of_a_field_is_decided_as_the_table_says(direction: str) -> None:
    cases = states(VALUES)
    sides = frame_of(cases)
    for conflict, propagate in product(CONFLICTS, (False, True)):
        found = merge(sides, Rule(direction, conflict, propagate))["result"].tolist()  # type: ignore[arg-type]
        if direction == "both":
            expected = [two_way(case, conflict, propagate) for case in cases]
        else:
            expected = [one_way(case, direction, propagate) for case in cases]
        wrong = [pair for pair in zip(cases, found, expected, strict=True) if pair[1] != pair[2]]
        assert wrong == [], (conflict, propagate)


@pytest.mark.parametrize("direction", ["both", "to_salesmanago", "to_salesforce"])
def test_a_kept_field_that_holds_a_value_anywhere_is_emptied_nowhere(direction: str) -> None:
    cases = states(VALUES)
    sides = frame_of(cases)
    for conflict in CONFLICTS:
        found = merge(sides, Rule(direction, conflict))["result"]  # type: ignore[arg-type]
        sent = sides.a.where(found.eq(TO_SALESMANAGO), sides.m.where(found.eq(TO_SALESFORCE), "kept"))
        assert sent.notna().all()


def consent(case: State, direction: str, believe: bool) -> tuple[str, bool]:
    a, m, base_a, base_m, known, _ = case
    a_out, m_out = a == "true", m == "true"
    agreed_out = known and base_a == base_m == "true"
    if a_out == m_out or (m_out and known and (a, m) == (base_a, base_m)):
        return NOTHING, False
    if a_out and believe and agreed_out and direction != TO_SALESMANAGO:
        return TO_SALESFORCE, False
    way = TO_SALESMANAGO if a_out else TO_SALESFORCE
    return (way, agreed_out) if direction in ("both", way) else (NOTHING, False)


@pytest.mark.parametrize("believe", [False, True])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_state_of_an_opt_out_is_decided_for_the_stricter_side(direction: str, believe: bool) -> None:
    cases = states(FLAGS)
    found = merge_consent(frame_of(cases), Rule(direction), believe)  # type: ignore[arg-type]
    decided = list(zip(found["result"], found["reverted"], strict=True))
    wrong = [
        (case, given, wanted)
        for case, given in zip(cases, decided, strict=True)
        if given != (wanted := consent(case, direction, believe))
    ]
    assert wrong == []
