"""Choices: what a person decided about a field whose conflict is held, carried out as long as neither side has moved.

A choice names the value that both sides are to hold. It stands while each side holds what it held when it was made, or
that value already. Where either holds anything else, somebody has edited it since: the choice falls away, and nothing
is overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from salesmanago_sync.domain.declared import Declared, flag, moment, number, text
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.merge import NOTHING, TO_SALESFORCE, TO_SALESMANAGO, Sides, same

Chosen = Literal["salesforce", "salesmanago", "other"]
CHOICES = Declared(
    "choices",
    writer="the ledger",
    meaning="A field of a person, and what was decided about it.",
    columns=(
        number("issue_id", "the conflict in the ledger"),
        text("object", "the object"),
        text("salesforce_id", "the record"),
        text("salesmanago_id", "the contact"),
        text("field", "the key of the field in the mapping"),
        text("chosen", "whose value was chosen (`Chosen`)"),
        text("salesforce_held", "what Salesforce held when it was made"),
        text("salesmanago_held", "what SALESmanago held when it was made"),
        text("value", "what both are to hold"),
        flag("salesforce_written", "whether that was written to Salesforce"),
        flag("salesmanago_written", "whether that was written to SALESmanago"),
        moment("at", "when it was made"),
    ),
)
OUTCOMES = Declared(
    "outcomes",
    writer="plan, compare",
    meaning="What has become of a choice.",
    columns=(
        number("issue_id", "the conflict in the ledger"),
        text("outcome", "met or fallen"),
        text("why", "why it has fallen"),
    ),
)
TO_BOTH = "to_both"
# What a change that carries a choice out says as its rule.
RULES: dict[str, str] = {
    "salesforce": "a person decided: the value of Salesforce",
    "salesmanago": "a person decided: the value of SALESmanago",
    "other": "a person decided: another value",
}
CHOSEN = {"salesforce": "the value of Salesforce", "salesmanago": "the value of SALESmanago"}
# Outcomes: both sides hold the value; or one of them was edited since.
MET, FALLEN = "met", "fallen"
ONE_WAY = "the mapping no longer carries the field both ways"
NOT_MAPPED = "the mapping no longer has the field"
MOVED = {
    (True, False): "Salesforce has been edited since",
    (False, True): "SALESmanago has been edited since",
    (True, True): "both sides have been edited since",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """The choices of one field, held against what both sides hold now; every series on the index of the choices.

    Attributes:
        value: What both sides are to hold.
        result: What is written (`merge`), or `to_both`; nothing where the value is on both sides.
        rule: Why.
        why: Why the choice has fallen; empty where it stands.
    """

    value: pd.Series
    result: pd.Series
    rule: pd.Series
    why: pd.Series

    @property
    def stands(self) -> pd.Series:
        """Which of them are carried out."""
        return self.why.eq("")


def hold_against(
    choices: pd.DataFrame, sides: Sides, alike: Callable[[pd.Series], pd.Series], fit: Callable[[pd.Series], pd.Series]
) -> Carried:
    """Hold the choices of one field against what both sides hold.

    Args:
        choices: `CHOICES`, on the index of the people.
        sides: The values of everybody.
        alike: What values are compared by.
        fit: What Salesforce takes of a value.
    """
    index = choices.index
    value, fitting = choices["value"], fit(choices["value"])
    a, m = alike(sides.a.loc[index]), alike(sides.m.loc[index])
    changed = {
        "salesforce": pd.Series(sides.changed_a(), index=sides.a.index).loc[index].to_numpy(),
        "salesmanago": pd.Series(sides.changed_m(), index=sides.m.index).loc[index].to_numpy(),
    }
    known = sides.known.loc[index].to_numpy(dtype=bool)
    holds_a, holds_m = same(a, alike(fitting)) | same(a, alike(value)), same(m, alike(value))
    # A service may make something else of what it was sent: that is no edit of a person.
    done_a = choices["salesforce_written"].to_numpy(dtype=bool) & known & ~changed["salesforce"]
    done_m = choices["salesmanago_written"].to_numpy(dtype=bool) & known & ~changed["salesmanago"]
    moved_a = ~(holds_a | done_a | same(a, alike(choices["salesforce_held"])))
    moved_m = ~(holds_m | done_m | same(m, alike(choices["salesmanago_held"])))
    to_a, to_m = ~(holds_a | done_a), ~(holds_m | done_m)
    result = np.select([to_a & to_m, to_a, to_m], [TO_BOTH, TO_SALESFORCE, TO_SALESMANAGO], NOTHING)
    why = [MOVED.get((bool(one), bool(other)), "") for one, other in zip(moved_a, moved_m, strict=True)]
    return Carried(
        value=value,
        result=pd.Series(result, index=index, dtype="object"),
        rule=choices["chosen"].map(RULES).astype("object"),
        why=pd.Series(why, index=index, dtype=TEXT),
    )


def outcomes(choices: pd.DataFrame, outcome: str, why: str | pd.Series = "") -> pd.DataFrame:
    """Say what has become of some choices: `OUTCOMES`."""
    return pd.DataFrame({"issue_id": choices["issue_id"].astype("int64"), "outcome": outcome, "why": why}).reset_index(
        drop=True
    )


def in_words(row: dict[str, Any]) -> str:
    """Say what was decided about a conflict, and what becomes of it.

    Args:
        row: `chosen, chosen_value, choice_state, choice_why, chosen_by, chosen_at` (`ledger.choices`).
    """
    if row["chosen"] is None:
        return ""
    who = f"{row['chosen_by']} decided on {row['chosen_at']:%Y-%m-%d %H:%M} UTC"
    if row["choice_state"] == FALLEN:
        return f"{who}. That no longer counts: {row['choice_why']}. Nothing was overwritten; decide anew."
    value = json.loads(row["chosen_value"])
    meant = CHOSEN.get(row["chosen"], "another value: ") + ("" if row["chosen"] in CHOSEN else value or "nothing")
    return f"{who}: {meant}. The next run carries it out, unless a side is edited until then."
