"""Three-way merge of one field, for all people at once.

`A` is the Salesforce value, `M` the SALESmanago value, both canonical; the base is what each side held when both last
agreed, one value per side. The rule this module protects: a value is overwritten only where the table below says so.

| base  | A         | M                  | result |
|---|---|---|---|
| any   | equal     | equal              | nothing (set base) |
| known | unchanged | unchanged          | nothing, though A and M may differ |
| known | changed   | unchanged          | A → SALESmanago |
| known | unchanged | changed            | M → Salesforce |
| known | changed   | changed, different | conflict rule |
| none  | x         | blank              | A → SALESmanago |
| none  | blank     | y                  | M → Salesforce |
| none  | x         | y                  | conflict rule |

A change to blank counts only with `blank: propagate`; otherwise the other side's value is sent back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesmanago_sync.domain.frames import arrow_of, either

Conflict = Literal["newest", "salesforce", "salesmanago", "hold"]
Direction = Literal["both", "to_salesmanago", "to_salesforce"]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

NOTHING = "nothing"
TO_SALESMANAGO = "to_salesmanago"
TO_SALESFORCE = "to_salesforce"
HOLD = "hold"
DEFAULT_OPT_OUT = "opted out by default in SALESmanago"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is merged.

    Attributes:
        direction: Which side may be written.
        conflict: Who wins when both sides changed.
        propagate_blank: Whether emptying a field is a change.
    """

    direction: Direction = "both"
    conflict: Conflict = "newest"
    propagate_blank: bool = False


@dataclass(frozen=True, slots=True)
class Sides:
    """The values of one field, all on the same index.

    Attributes:
        a: Salesforce values, text or missing.
        m: SALESmanago values, text or missing.
        base_a: What Salesforce held when both last agreed.
        base_m: What SALESmanago held when both last agreed.
        known: Whether there is a base.
        salesmanago_newer: Whether a person touched the SALESmanago record last; equal or unknown is False.
    """

    a: pd.Series
    m: pd.Series
    base_a: pd.Series
    base_m: pd.Series
    known: pd.Series
    salesmanago_newer: pd.Series

    def changed_a(self) -> Flags:
        """Where Salesforce no longer holds its base."""
        return _flags(self.known) & ~same(self.a, self.base_a)

    def changed_m(self) -> Flags:
        """Where SALESmanago no longer holds its base."""
        return _flags(self.known) & ~same(self.m, self.base_m)

    def spelled_alike(self, alike: Callable[[pd.Series], pd.Series]) -> Sides:
        """Give values that mean the same one spelling: another spelling is no change, and no difference.

        Args:
            alike: What values are compared by; of a blank, and of nothing else, it is blank.
        """
        m = _spelled_as(self.a, self.m, alike)
        return replace(
            self, m=m, base_a=_spelled_as(self.a, self.base_a, alike), base_m=_spelled_as(m, self.base_m, alike)
        )


# Flags are bare arrays and Arrow itself compares texts: pandas takes ten times as long where there are few people.
def same(left: pd.Series, right: pd.Series) -> Flags:
    """Compare two text columns on one index; two blanks are equal."""
    if left is right:
        return np.ones(len(left), dtype=bool)
    one, other = arrow_of(left), arrow_of(right)
    equal = pc.coalesce(pc.equal(one, other), pc.and_(pc.is_null(one), pc.is_null(other)))
    return _of_arrow(equal)


def _spelled_as(model: pd.Series, values: pd.Series, alike: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Give values the spelling of a model where they mean the same. Most are spelled as it is, and not looked at."""
    other = ~same(values, model) & ~_blank(values) & ~_blank(model)
    if not other.any():
        return values
    other[other] = same(alike(values[other]), alike(model[other]))
    return either(other, model, values)


def _is(values: pd.Series, text: str) -> Flags:
    return _of_arrow(pc.fill_null(pc.equal(arrow_of(values), text), False))


def _of_arrow(flags: pa.BooleanArray) -> Flags:
    found: Flags = flags.to_numpy(zero_copy_only=False)
    return found


def _flags(values: pd.Series) -> Flags:
    return values.to_numpy(dtype=bool)


def _blank(values: pd.Series) -> Flags:
    return _flags(values.isna())


class _Decisions:
    """Fills in result and reason where nothing was decided yet: the first rule that speaks wins."""

    def __init__(self, index: pd.Index) -> None:
        self.index = index
        self.open = np.ones(len(index), dtype=bool)
        self.result = np.full(len(index), NOTHING, dtype=object)
        self.why = np.full(len(index), "", dtype=object)

    def where(self, mask: Flags, result: str | np.ndarray[Any, Any], why: str) -> None:
        chosen = self.open & mask
        self.result[chosen] = result if isinstance(result, str) else result[chosen]
        self.why[chosen] = why
        self.open &= ~chosen

    def otherwise(self, result: str | np.ndarray[Any, Any], why: str) -> None:
        self.where(np.ones(len(self.index), dtype=bool), result, why)

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame({"result": self.result, "rule": self.why}, index=self.index, dtype="object")


def merge(sides: Sides, rule: Rule) -> pd.DataFrame:
    """Decide one field for every person.

    Args:
        sides: The values and their base.
        rule: The field's rule.

    Returns:
        On the same index: `result` (nothing, to_salesmanago, to_salesforce, hold) and `rule`, the reason in words.
    """
    return _two_way(sides, rule) if rule.direction == "both" else _one_way(sides, rule)


def _two_way(sides: Sides, rule: Rule) -> pd.DataFrame:
    decisions = _Decisions(sides.a.index)
    a_changed, m_changed, known = sides.changed_a(), sides.changed_m(), _flags(sides.known)
    a_blank, m_blank = _blank(sides.a), _blank(sides.m)
    decisions.where(same(sides.a, sides.m), NOTHING, "equal")
    if not rule.propagate_blank:
        decisions.where(a_changed & a_blank, TO_SALESFORCE, "a blank never overwrites a value")
        decisions.where(m_changed & m_blank, TO_SALESMANAGO, "a blank never overwrites a value")
    decisions.where(known & ~a_changed & ~m_changed, NOTHING, "unchanged since both agreed")
    decisions.where(a_changed & ~m_changed, TO_SALESMANAGO, "changed in Salesforce")
    decisions.where(m_changed & ~a_changed, TO_SALESFORCE, "changed in SALESmanago")
    decisions.where(~known & m_blank, TO_SALESMANAGO, "blank in SALESmanago")
    decisions.where(~known & a_blank, TO_SALESFORCE, "blank in Salesforce")
    # What is left: both changed, or no base and two values.
    decisions.otherwise(_winner(sides, rule.conflict), f"conflict: {rule.conflict}")
    return decisions.frame()


def _winner(sides: Sides, conflict: Conflict) -> str | np.ndarray[Any, Any]:
    if conflict == "newest":
        return np.where(sides.salesmanago_newer, TO_SALESFORCE, TO_SALESMANAGO)
    return {"salesforce": TO_SALESMANAGO, "salesmanago": TO_SALESFORCE, "hold": HOLD}[conflict]


def _one_way(sides: Sides, rule: Rule) -> pd.DataFrame:
    decisions = _Decisions(sides.a.index)
    forward = rule.direction == TO_SALESMANAGO
    source = sides.a if forward else sides.m
    source_changed, target_changed, known = sides.changed_a(), sides.changed_m(), _flags(sides.known)
    if not forward:
        source_changed, target_changed = target_changed, source_changed
    decisions.where(same(sides.a, sides.m), NOTHING, "equal")
    # Without a base nobody emptied anything: the blank was always there.
    clears = known & rule.propagate_blank
    decisions.where(_blank(source) & ~clears, NOTHING, "a blank source writes nothing")
    decisions.where(known & ~source_changed & ~target_changed, NOTHING, "unchanged since both agreed")
    decisions.where(target_changed & ~source_changed, rule.direction, "one-way: an edit of the target is overwritten")
    decisions.otherwise(rule.direction, "one-way")
    return decisions.frame()


def merge_consent(sides: Sides, rule: Rule, believe_salesmanago: bool) -> pd.DataFrame:
    """Decide an opt-out flag: an opt-out on either side wins, an opt-in is never made by the sync.

    Args:
        sides: Flags as `true` (opted out) or `false`; missing counts as `false`.
        rule: Only its direction matters.
        believe_salesmanago: Whether a re-subscription in SALESmanago clears the Salesforce flag.

    Returns:
        As `merge`, plus `reverted`: a person opted in again on one side and the stricter state was kept.
    """
    a_out, m_out, known = _is(sides.a, "true"), _is(sides.m, "true"), _flags(sides.known)
    agreed_out = known & _is(sides.base_a, "true") & _is(sides.base_m, "true")
    decisions = _Decisions(sides.a.index)
    decisions.where(a_out == m_out, NOTHING, "equal")
    # Known to differ without a person's doing: an account's default for newcomers is nobody's opt-out.
    default = known & ~sides.changed_a() & ~sides.changed_m() & m_out
    decisions.where(default, NOTHING, DEFAULT_OPT_OUT)
    if believe_salesmanago and rule.direction != TO_SALESMANAGO:
        decisions.where(agreed_out & a_out, TO_SALESFORCE, "opted in again in SALESmanago")
    if rule.direction != TO_SALESFORCE:
        decisions.where(a_out, TO_SALESMANAGO, "opted out in Salesforce")
    if rule.direction != TO_SALESMANAGO:
        decisions.where(m_out, TO_SALESFORCE, "opted out in SALESmanago")
    tightened = (decisions.result != NOTHING) & (decisions.why != "opted in again in SALESmanago")
    frame = decisions.frame()
    frame["reverted"] = agreed_out & tightened.astype(bool)
    return frame
