"""Declared frames: what is not as it is declared is refused by name, whether it has rows or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.declared import Declared, flag, moment, number, text
from salesmanago_sync.domain.staged_frames import STAGED
from salesmanago_sync.errors import FrameError

KIND = Declared(
    "visits",
    writer="the doorman",
    meaning="A visit.",
    columns=(
        number("guest", "who"),
        text("name", "how he is called"),
        flag("paid", "whether he paid"),
        moment("at", "when"),
    ),
)
ROWS = [(7, "Secret", True, pd.Timestamp("2026-01-31T12:00Z")), (8, None, False, None)]
OPEN = Declared("open visits", writer="the doorman", meaning="A visit.", columns=KIND.columns, more="what he wears")
NUMBERED = Declared("numbered", writer="the doorman", meaning="A visit.", columns=KIND.columns, index="visit")


def one_gap(frame: pd.DataFrame) -> pd.DataFrame:
    """What a join makes of whole numbers where somebody is missing."""
    return frame.assign(guest=frame["guest"].where(frame["guest"].eq(7)))


Spoil = Callable[[pd.DataFrame], pd.DataFrame]
SPOILT: list[tuple[str, Spoil]] = [
    ("the column name of str is missing", lambda frame: frame.drop(columns="name")),
    ("the column guest is float64 and must be int64", one_gap),
    ("the column guest is float64 and must be int64", lambda frame: one_gap(frame).head(0)),
    ("the column name is object and must be str", lambda frame: frame.astype({"name": "object"})),
    ("the column name is object and must be str", lambda frame: pd.DataFrame([], columns=list(frame))),
    ("the column paid is object and must be bool", lambda frame: frame.assign(paid=frame["paid"].astype("object"))),
    ("the column at is datetime64[ns, UTC] and must be", lambda frame: frame.astype({"at": "datetime64[ns, UTC]"})),
    ("the column hat of str is not declared", lambda frame: frame.assign(hat="Secret")),
]


@pytest.mark.parametrize(("fault", "spoil"), SPOILT)
def test_another_frame_is_refused_by_the_names_of_frame_and_column(fault: str, spoil: Spoil) -> None:
    with pytest.raises(FrameError) as caught:
        KIND.check(spoil(KIND.frame(ROWS)), "visits.1")
    assert "The frame visits.1 is not as it is declared" in str(caught.value)
    assert fault in str(caught.value)
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [KIND, *STAGED])
def test_a_frame_without_rows_is_as_declared_and_nobody_elses(kind: Declared) -> None:
    empty = kind.empty()
    kind.check(empty)
    empty["more"] = 1
    kind.check(kind.empty())
    kind.check(kind.frame([]))


@pytest.mark.parametrize(
    "rows", [ROWS, [dict(zip(KIND.names, row, strict=True)) for row in ROWS], KIND.frame(ROWS).assign(hat="red")]
)
def test_a_frame_is_made_of_rows_or_of_columns(rows: Any) -> None:
    made = KIND.frame(rows)
    KIND.check(made)
    assert made["name"].isna().tolist() == [False, True]
    assert made["guest"].tolist() == [7, 8]


def test_of_some_columns_only_these_are_looked_at() -> None:
    some = KIND.frame(ROWS)[["paid", "guest"]]
    KIND.check(some, columns=("guest", "paid"))
    with pytest.raises(FrameError, match="the column name of str is missing"):
        KIND.check(some, columns=("guest", "paid", "name"))
    with pytest.raises(FrameError, match="the column paid of bool is not declared"):
        KIND.check(some, columns=("guest",))


def test_what_depends_on_the_mapping_is_text() -> None:
    made = OPEN.frame(ROWS)
    OPEN.check(made)
    OPEN.check(made.assign(hat="red"))
    with pytest.raises(FrameError, match="the column hats is int64 and must be str"):
        OPEN.check(made.assign(hats=2))


def test_rows_that_are_known_by_a_number_say_which() -> None:
    made = KIND.frame(ROWS)
    NUMBERED.check(made.rename_axis("visit"))
    for other in (made, made.rename_axis("guest"), made.set_axis(["a", "b"]).rename_axis("visit")):
        with pytest.raises(FrameError, match=r"its index is .* and must be visit of int64"):
            NUMBERED.check(other)
