"""What becomes of a decision about a held conflict: which side has moved, times what was chosen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pandas as pd
import pytest

from salesmanago_sync.domain.merge.choices import (
    CHOICES,
    MOVED,
    RULES,
    TO_BOTH,
    Carried,
    hold_against,
    in_words,
)
from salesmanago_sync.domain.merge.merge import NOTHING, TO_SALESFORCE, TO_SALESMANAGO, Sides

# What each side held when it was decided, and another value that nobody has; and what a service made of that.
A, M, OTHER, EDITED, KEPT = "a", "m", "0", "edited", "KEPT"
VALUES = {"salesforce": A, "salesmanago": M, "other": OTHER, "nothing": None}
Value = str | None


def text(value: Value) -> pd.Series:
    return pd.Series([value], dtype="str")


def same_text(values: pd.Series) -> pd.Series:
    return values


def held_against(
    a: Value,
    m: Value,
    value: Value,
    *,
    base: tuple[Value, Value] | None = None,
    written: tuple[bool, bool] = (False, False),
    held: tuple[Value, Value] = (A, M),
    alike: Callable[[pd.Series], pd.Series] = same_text,
    fit: Callable[[pd.Series], pd.Series] = same_text,
) -> Carried:
    base_a, base_m = base or (None, None)
    sides = Sides(text(a), text(m), text(base_a), text(base_m), pd.Series([base is not None]), pd.Series([False]))
    row = dict.fromkeys(CHOICES.names, "") | {
        "issue_id": 1,
        "chosen": "other",
        "value": value,
        "at": pd.Timestamp("2026-01-31T12:00Z"),
    }
    row |= {"salesforce_held": held[0], "salesmanago_held": held[1]}
    row |= {"salesforce_written": written[0], "salesmanago_written": written[1]}
    return hold_against(CHOICES.frame([row]), sides, alike, fit)


def outcome(carried: Carried) -> str:
    """What is written; or why nothing is."""
    return str(carried.result[0]) if carried.stands[0] else str(carried.why[0])


# What is written while both sides hold what they held.
UNMOVED = {"salesforce": TO_SALESMANAGO, "salesmanago": TO_SALESFORCE, "other": TO_BOTH, "nothing": TO_BOTH}


@pytest.mark.parametrize("chosen", VALUES)
def test_as_long_as_neither_side_has_moved_it_is_carried_out(chosen: str) -> None:
    assert outcome(held_against(A, M, VALUES[chosen])) == UNMOVED[chosen]


@pytest.mark.parametrize("chosen", VALUES)
@pytest.mark.parametrize("now", [EDITED, None, "", "0 ", "false"])
def test_an_edit_of_either_side_makes_it_fall(chosen: str, now: Value) -> None:
    value = VALUES[chosen]
    if now == value:
        return
    assert outcome(held_against(now, M, value)) == MOVED[True, False]
    assert outcome(held_against(A, now, value)) == MOVED[False, True]
    assert outcome(held_against(now, now, value)) == MOVED[True, True]


@pytest.mark.parametrize("chosen", VALUES)
def test_a_side_that_has_the_value_by_now_is_left_alone(chosen: str) -> None:
    value = VALUES[chosen]
    assert outcome(held_against(value, M, value)) == (NOTHING if value == M else TO_SALESMANAGO)
    assert outcome(held_against(A, value, value)) == (NOTHING if value == A else TO_SALESFORCE)
    assert outcome(held_against(value, value, value)) == NOTHING


@pytest.mark.parametrize(("a", "m"), list(product([A, M, OTHER, EDITED, None], repeat=2)))
@pytest.mark.parametrize("chosen", VALUES)
def test_nothing_but_what_was_seen_or_chosen_is_overwritten(a: Value, m: Value, chosen: str) -> None:
    value = VALUES[chosen]
    written = outcome(held_against(a, m, value))
    if written in (TO_SALESFORCE, TO_BOTH):
        assert a == A, "Salesforce held something else when it was decided"
    if written in (TO_SALESMANAGO, TO_BOTH):
        assert m == M, "SALESmanago held something else when it was decided"


@pytest.mark.parametrize(
    ("a", "m", "written", "base", "expected"),
    [
        # Half is done: the other half is still to be written.
        (A, OTHER, (False, True), (OTHER, OTHER), TO_SALESFORCE),
        (OTHER, M, (True, False), (OTHER, OTHER), TO_SALESMANAGO),
        # The service made something else of it, and nobody has edited that.
        (A, KEPT, (False, True), (OTHER, KEPT), TO_SALESFORCE),
        (KEPT, M, (True, False), (KEPT, OTHER), TO_SALESMANAGO),
        (KEPT, KEPT, (True, True), (KEPT, KEPT), NOTHING),
        # Somebody has edited what was written.
        (A, EDITED, (False, True), (OTHER, KEPT), MOVED[False, True]),
        (EDITED, M, (True, False), (KEPT, OTHER), MOVED[True, False]),
        # Nothing is known of what was written: it may be anybody's.
        (A, KEPT, (False, True), None, MOVED[False, True]),
        (A, KEPT, (False, False), (OTHER, KEPT), MOVED[False, True]),
    ],
)
def test_half_of_it_is_done(
    a: Value, m: Value, written: tuple[bool, bool], base: tuple[Value, Value] | None, expected: str
) -> None:
    assert outcome(held_against(a, m, OTHER, written=written, base=base)) == expected


def test_another_spelling_is_no_edit_and_what_is_cut_is_no_difference() -> None:
    def lower(values: pd.Series) -> pd.Series:
        return values.str.lower()

    assert outcome(held_against("A", "M", "a", alike=lower)) == TO_SALESMANAGO
    assert outcome(held_against("A", "M", "A", alike=lower, held=("a", "m"))) == TO_SALESMANAGO
    whole = "a long value"
    assert outcome(held_against("a long", whole, whole, fit=lambda values: values.str.slice(0, 6))) == NOTHING


def test_what_was_decided_is_told_in_words() -> None:
    row = {
        "chosen": "other",
        "chosen_value": '"0"',
        "choice_state": "waiting",
        "choice_why": "",
        "chosen_by": "anna",
        "chosen_at": pd.Timestamp("2026-01-31T12:00Z"),
    }
    assert in_words(row).startswith("anna decided on 2026-01-31 12:00 UTC: another value: 0. The next run")
    assert "another value: nothing." in in_words(row | {"chosen_value": "null"})
    assert "the value of Salesforce." in in_words(row | {"chosen": "salesforce"})
    fallen = in_words(row | {"choice_state": "fallen", "choice_why": MOVED[True, False], "chosen_value": "null"})
    assert "no longer counts: Salesforce has been edited since. Nothing was overwritten" in fallen
    assert in_words(row | {"chosen": None}) == ""
    assert set(RULES) == {"salesforce", "salesmanago", "other"}
