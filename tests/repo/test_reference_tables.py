"""The tables of the reference that are a copy of code are up to date."""

from __future__ import annotations

import pytest

from docs.site.reference_tables import PAGE, written

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_code() -> None:
    assert written(TEXT) == TEXT, "run: make tables"


@pytest.mark.parametrize(
    "part", ["| `NO_EMAIL` | The record", "| `SALESMANAGO_SYNC_ASK` | `first` |", "| both | `dry_run` |"]
)
def test_a_table_that_differs_is_written_anew(part: str) -> None:
    assert part in TEXT
    assert written(TEXT.replace(part, "| old |")) == TEXT


def test_a_table_that_lost_its_mark_is_told() -> None:
    with pytest.raises(ValueError, match="no mark for issues"):
        written(TEXT.replace("<!-- issues: make tables -->", ""))
