"""Histories that once ended badly, as small as they are known: each must end well for ever."""

from __future__ import annotations

from tests.histories.history import History
from tests.histories.setups import Setup

TWO = (["make_lead", [0, 0], "Nowak", "Łódź", False], ["make_card", [1, 0], "Maj", False, None, False])
FOUR_CARDS = tuple(["make_card", [number, 0], "Maj", False, None, False] for number in range(2, 6))
FOUR_LEADS = tuple(["make_lead", [number, 0], "Maj", None, False] for number in range(2, 6))
# The tasks of a run with two objects, by number.
PLAN, BIND, WRITE = 8, 9, 11
DELETING = Setup(on_delete="opt_out")

CASES: dict[str, History] = {
    "an older run is cleared after a newer one created people": History(
        DELETING,
        (*TWO, ["settle", "full"], ["run", "incremental", [], ["task", PLAN, False, False]], *FOUR_LEADS,
         ["settle", "incremental"], ["clear", 2, "failed", 0]),
    ),
    "an older run has its plan and is cleared after a newer one created the same people": History(
        Setup(),
        (*TWO, ["settle", "full"], *FOUR_CARDS, ["run", "incremental", [], ["task", BIND, False, False]],
         ["settle", "incremental"], ["clear", 2, "failed", 0]),
    ),
    "a write that failed is marked as success": History(
        Setup(),
        (*TWO, ["settle", "full"], ["edit_record", 0, "city", "New York"],
         ["run", "incremental", [], ["task", WRITE, False, False]], ["mark", 0, 0]),
    ),
    "a service that cuts what it says of new contacts": History(
        Setup(list_limit=3), (*TWO, ["settle", "full"], *FOUR_CARDS, ["settle", "incremental"]),
    ),
    "a run is set to failed": History(Setup(), (*TWO, ["settle", "full"], ["set_failed", "incremental", 6])),
    "a run stands still and another works": History(
        DELETING,
        (*TWO, ["settle", "full"], *FOUR_LEADS, ["overtake", "incremental", 7, 1200, "incremental"]),
    ),
    "one task of a run that ended is cleared": History(
        Setup(), (*TWO, ["settle", "full"], ["run", "incremental"], ["clear", 0, "single", 8]),
    ),
}  # fmt: skip
