from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from salesmanago_sync.ledger.layout_edits import LayoutEdit
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ledger.tables import layout_edits

EDIT = LayoutEdit("Lead-Lead Layout", "edited", b"before\x00\xff", b"after")


def test_originals_come_back_byte_for_byte(ledger: Ledger, noon: datetime) -> None:
    ledger.layout_edits.keep("00D1", "run", [EDIT], noon)
    assert ledger.layout_edits.read("00D1") == {"Lead-Lead Layout": EDIT}
    assert ledger.layout_edits.read("00D2") == {}


def test_what_salesforce_holds_after_it_is_noted(ledger: Ledger, noon: datetime) -> None:
    ledger.layout_edits.keep("00D1", "run", [EDIT], noon)
    ledger.layout_edits.note_deployed("00D1", EDIT.layout, b"as Salesforce writes it")
    assert ledger.layout_edits.read("00D1")[EDIT.layout].deployed == b"as Salesforce writes it"


def test_a_second_edit_keeps_the_first_original(ledger: Ledger, noon: datetime) -> None:
    ledger.layout_edits.keep("00D1", "one", [EDIT], noon)
    ledger.layout_edits.keep("00D1", "two", [LayoutEdit(EDIT.layout, "edited", b"after", b"later")], noon)
    found = ledger.layout_edits.read("00D1")[EDIT.layout]
    assert (found.original, found.deployed) == (EDIT.original, b"later")


def test_a_failed_run_takes_only_its_own_edit_back(ledger: Ledger, noon: datetime) -> None:
    ledger.layout_edits.keep("00D1", "one", [EDIT], noon)
    ledger.layout_edits.keep("00D1", "two", [LayoutEdit(EDIT.layout, "edited", b"after", b"later")], noon)
    ledger.layout_edits.end("00D1", [EDIT.layout], "failed", "two")
    assert ledger.layout_edits.read("00D1")[EDIT.layout].deployed == b"after"


def test_what_is_undone_is_not_undone_again(ledger: Ledger, noon: datetime) -> None:
    ledger.layout_edits.keep("00D1", "one", [EDIT], noon)
    ledger.layout_edits.end("00D1", [EDIT.layout], "undone")
    assert ledger.layout_edits.read("00D1") == {}


def test_assignments_come_back(ledger: Ledger, noon: datetime) -> None:
    made = LayoutEdit("Lead-SALESmanago", "made", b"a", b"b", (("Admin", "Lead.X", "Lead-Lead Layout"),))
    ledger.layout_edits.keep("00D1", "one", [made], noon)
    assert ledger.layout_edits.read("00D1")["Lead-SALESmanago"].assignments == made.assignments


def test_a_copy_that_was_tampered_with_is_refused(ledger: Ledger, noon: datetime) -> None:
    ledger.layout_edits.keep("00D1", "run", [EDIT], noon)
    with ledger._database.write() as connection:
        connection.execute(sa.update(layout_edits).values(original=b"else"))
    with pytest.raises(ValueError, match="does not match its checksum"):
        ledger.layout_edits.read("00D1")
