from __future__ import annotations

from tests.histories.history import History
from tests.histories.setups import Setup
from tests.histories.smaller import smallest

STEPS = (
    ["make_lead", [0, 0], "Nowak", None, False],
    ["make_card", [1, 0], "Maj", True, None, False],
    ["settle", "full"],
    ["edit_record", 0, "city", "0"],
    [
        "run",
        "incremental",
        [["request", 3, ["delete_record", 0]], ["request", 9, ["purge_card", 0]]],
        ["task", 4, True, True],
    ],
)


def test_what_does_not_matter_is_left_out() -> None:
    tried: list[History] = []

    def breaks(history: History) -> bool:
        tried.append(history)
        runs = [step for step in history.steps if step[0] == "run"]
        return any(["request", 9, ["purge_card", 0]] in run[2] for run in runs) and history.setup.list_limit == 3

    small = smallest(History(Setup(list_limit=3, new_opted_out=True), STEPS), breaks, seconds=60)
    assert small == History(Setup(list_limit=3), (["run", "incremental", [["request", 9, ["purge_card", 0]]], None],))
    assert len(tried) < 60


def test_there_is_an_end_to_it() -> None:
    history = History(Setup(), STEPS)
    assert smallest(history, lambda smaller: True, seconds=0) == history
