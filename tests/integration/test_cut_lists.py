"""Lists that a service cuts without saying so: nobody is missed, or the run says that somebody may be."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.steps.staged import load_everybody
from tests.integration.direct import Direct
from tests.integration.test_evidence import opened, read
from tests.twin_in_process import TwinInProcess


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync, between services in this process."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


def contacts(direct: Direct, count: int) -> set[str]:
    """Make contacts of whom Salesforce knows nothing; give their addresses."""
    made = [{"email": f"n{number}@example.com", "state": "OTHER"} for number in range(count)]
    direct.control.post("/salesmanago/contacts", made)
    return {card["email"] for card in made}


def synchronised(direct: Direct, count: int) -> None:
    """Make people on both sides."""
    leads = [{"LastName": "N", "Company": "C", "Email": f"p{number}@example.com"} for number in range(count)]
    direct.control.post("/salesforce/Lead", leads)
    direct.sync("full")


@pytest.mark.parametrize(("count", "limit"), [(700, 600), (1_100, 130)])
def test_a_full_sync_reads_everybody_though_pages_are_cut_inside(direct: Direct, count: int, limit: int) -> None:
    everybody = contacts(direct, count)
    direct.control.post("/salesmanago/settings", {"page_limit": limit})
    ports, objects = opened(direct, "full")
    read(ports, objects)
    assert set(load_everybody(ports).contacts["email"]) == everybody


def test_an_incremental_sync_reads_who_changed_though_pages_are_cut_inside(direct: Direct) -> None:
    synchronised(direct, 1)
    contacts(direct, 700)
    direct.sync("full")
    for number, card in enumerate(direct.cards()):
        direct.control.patch(f"/salesmanago/contacts/{card}", {"company": f"C{number}"})
    direct.control.post("/salesmanago/settings", {"page_limit": 600})
    ports, objects = opened(direct)
    read(ports, objects)
    assert set(load_everybody(ports).contacts["contactId"]) == direct.cards().keys()


def test_lists_that_leave_out_many_who_are_there_are_not_trusted(direct: Direct) -> None:
    synchronised(direct, 30)
    contacts(direct, 5)
    # Too few for smaller pages to show it.
    direct.control.post("/salesmanago/settings", {"page_limit": 5})
    ports, objects = opened(direct, "full")
    with pytest.raises(FatalError, match=r"leaves 26 of 30 synchronised contacts out of its lists of all contacts"):
        read(ports, objects)
    ports.settings.__dict__["vanished_percent"] = 100
    read(ports, objects)


def test_who_is_left_out_of_the_list_is_read_all_the_same(direct: Direct, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    synchronised(direct, 4)
    direct.control.post("/salesmanago/settings", {"page_limit": 3})
    [*_, last] = direct.cards()
    direct.control.patch(f"/salesmanago/contacts/{last}", {"phone": "+48221234567"})
    direct.sync("full")
    assert "SALESmanago lists all contacts but 1 of 4 that it shows by id." in caplog.text
    assert [lead["Phone"] for lead in direct.records("Lead").values() if lead["Phone"]] == ["+48221234567"]


def test_contacts_of_other_users_and_deleted_ones_are_not_missed(
    direct: Direct, caplog: pytest.LogCaptureFixture
) -> None:
    synchronised(direct, 3)
    others, deleted, gone = direct.cards()
    direct.control.patch(f"/salesmanago/contacts/{deleted}", {"deleted": True})
    direct.control.delete(f"/salesmanago/contacts/{gone}")
    made = direct.contact("of-another@example.com", mainContactOwner="marketing@example.com")
    bound = direct.ledger.bindings.read(salesmanago_ids=[others])
    direct.ledger.bindings.update(bound[["id"]].assign(salesmanago_id=made), direct.now())
    direct.sync("full")
    assert "that it shows by id" not in caplog.text
