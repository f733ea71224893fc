"""The tables of pages that are a copy of code are up to date."""

from __future__ import annotations

import pytest

from docs.site.reference_tables import DOCS, tables_of, written

PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in tables_of()}
REFERENCE = "reference.md"


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_are_those_of_the_code(name: str) -> None:
    assert written(name, PAGES[name]) == PAGES[name], "run: make tables"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        (REFERENCE, "| `NO_EMAIL` | The record"),
        (REFERENCE, "| `SALESMANAGO_SYNC_ASK` | `first` |"),
        (REFERENCE, "| both | `dry_run` |"),
        ("development.md", "| `sizes` | plan"),
    ],
)
def test_a_table_that_differs_is_written_anew(name: str, part: str) -> None:
    assert part in PAGES[name]
    assert written(name, PAGES[name].replace(part, "| old |")) == PAGES[name]


def test_a_table_that_lost_its_mark_is_told() -> None:
    with pytest.raises(ValueError, match="no mark for issues"):
        written(REFERENCE, PAGES[REFERENCE].replace("<!-- issues: make tables -->", ""))
