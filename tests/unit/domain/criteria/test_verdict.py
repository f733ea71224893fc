from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.criteria.verdict import Verdict, judge
from tests.unit.domain.criterion import parse_criterion

NOW = datetime(2026, 1, 31, tzinfo=UTC)
TYPES = {"Status": "picklist", "Score": "double", "Member": "boolean"}
OPEN = {"field": "Status", "op": "eq", "value": "Open"}
HIGH = {"field": "Score", "op": "gt", "value": 10}
MEMBER = {"field": "Member", "op": "eq", "value": True}
OPEN_SAID, HIGH_SAID, MEMBER_SAID = 'Status is "Open"', "Score is more than 10", "Member is true"


def judged(criterion: Any, **held: str | None) -> Verdict:
    record = pd.DataFrame({name: pd.Series([held.get(name)], dtype="str") for name in TYPES})
    return judge(parse_criterion(criterion), record, TYPES, NOW)


@pytest.mark.parametrize(
    ("criterion", "held", "met", "deciding"),
    [
        (OPEN, {"Status": "Open"}, True, [(OPEN_SAID, "Open", True)]),
        (OPEN, {}, False, [(OPEN_SAID, None, False)]),
        ({"not": OPEN}, {}, True, [(OPEN_SAID, None, False)]),
        # All: every part counts when it is met, the first failing one when it is not.
        (
            {"all": [OPEN, HIGH]},
            {"Status": "Open", "Score": "11"},
            True,
            [(OPEN_SAID, "Open", True), (HIGH_SAID, "11", True)],
        ),
        ({"all": [OPEN, HIGH]}, {"Status": "Open", "Score": "0"}, False, [(HIGH_SAID, "0", False)]),
        ({"all": [OPEN, HIGH]}, {}, False, [(OPEN_SAID, None, False)]),
        # Any: the first part that is met, or all of them when none is.
        ({"any": [OPEN, HIGH]}, {"Score": "11"}, True, [(HIGH_SAID, "11", True)]),
        ({"any": [OPEN, HIGH]}, {}, False, [(OPEN_SAID, None, False), (HIGH_SAID, None, False)]),
        # Not turns what it holds around.
        (
            {"not": {"any": [OPEN, HIGH]}},
            {"Status": "Lost", "Score": "0"},
            True,
            [(OPEN_SAID, "Lost", False), (HIGH_SAID, "0", False)],
        ),
        ({"all": [MEMBER, {"not": OPEN}]}, {"Member": "true", "Status": "open"}, False, [(OPEN_SAID, "open", True)]),
        ({"all": [MEMBER, {"not": OPEN}]}, {"Status": "Lost"}, False, [(MEMBER_SAID, None, False)]),
        # A condition that is asked twice is told once.
        ({"any": [OPEN, {"all": [OPEN, HIGH]}]}, {}, False, [(OPEN_SAID, None, False)]),
    ],
)
def test_the_conditions_that_decide_are_named(
    criterion: Any, held: dict[str, str], met: bool, deciding: list[tuple[str, str | None, bool]]
) -> None:
    verdict = judged(criterion, **held)
    assert verdict.met is met
    assert [(one.asked, one.value, one.met) for one in verdict.deciding] == deciding


def test_no_criteria_let_everybody_in() -> None:
    assert judge(None, pd.DataFrame({"Id": ["1"]}), TYPES, NOW) == Verdict(True)


def test_the_whole_is_said_in_words() -> None:
    assert judged({"all": [OPEN, {"not": HIGH}]}).criteria == f"{OPEN_SAID} and not ({HIGH_SAID})"
