"""A few histories, always the same; `make campaign` plays many new ones."""

from __future__ import annotations

import pytest

from tests.histories.campaign import drawn
from tests.histories.cases import CASES, PURE_CASES
from tests.histories.conftest import Play
from tests.histories.drawing import PURE_SETUPS, histories, pure_steps
from tests.histories.history import History
from tests.histories.pure import play_together
from tests.histories.setups import Setup

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", CASES)
def test_what_once_ended_badly_ends_well(name: str, play_on_sqlite: Play) -> None:
    play_on_sqlite(CASES[name])


def test_no_history_breaks_a_law(play_on_sqlite: Play) -> None:
    for history in drawn(histories(), 1, 3):
        play_on_sqlite(history)


def test_no_history_breaks_a_law_on_postgres(play_on_postgres: Play) -> None:
    for history in drawn(histories(), 2, 1):
        play_on_postgres(history)


@pytest.mark.parametrize("setup", PURE_SETUPS)
def test_no_history_of_planning_alone_breaks_a_law(setup: Setup) -> None:
    once_bad = [history for history in PURE_CASES.values() if history.setup == setup]
    played = [*once_bad, *(History(setup, steps) for steps in drawn(pure_steps(), 2, 20))]
    assert play_together(played) == {}


def test_no_case_of_planning_alone_is_left_out() -> None:
    assert {history.setup for history in PURE_CASES.values()} <= {*PURE_SETUPS}


def test_the_same_history_ends_the_same(play_on_sqlite: Play) -> None:
    history = CASES["the consent lane works in the middle of a run"]
    assert History.from_text(history.as_text()).as_text() == history.as_text()
    ends = [play_on_sqlite(history).bench.look() for _ in range(2)]
    assert ends[0] == ends[1]
